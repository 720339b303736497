// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Follows one server through its events and draws its incidents.
///
/// Rules: `contract.md`, "What counts" and "Incidents". An incident opens at the first thing that
/// fails and closes when each operation that failed has succeeded once.
struct InstanceTracker {
    var instance: Instance
    let sources: [String]

    var life = ServerLife()
    var draft: IncidentDraft?
    var finished: [Incident] = []
    var followUps: [Incident] = []

    var saves = SaveTally()
    var lastSave: Event?
    var lastRewrite: Event?
    var lastEventAt: Timestamp?
    var copyOnWrite = CopyOnWriteTrend()

    /// Running children by process id.
    var children: [Int32: Child] = [:]
    /// The trigger line that the next fork belongs to.
    var trigger: Event?
    /// The event before the present one, of the same server.
    var previous: Event?
    /// A child's own error lines, until the parent says how the child ended.
    var childErrors: [Event] = []
    /// A replica that was dropped at its output buffer limit, until it is known what that ended.
    var droppedReplica: Event?
    var syncIsActive = false
    /// Lines of a crash report written by a child.
    var childCrash: Event?

    struct Child {
        var operation: Operation
        var started: Event
    }

    init(instance: Instance, sources: [String]) {
        self.instance = instance
        self.sources = sources
    }

    // MARK: - The one entrance

    mutating func take(_ event: Event) {
        if let at = event.at { lastEventAt = max(lastEventAt ?? at, at) }
        switch event.kind {
        case .server_starting, .server_version, .server_mode, .logo_version, .logo_port, .logo_pid,
            .server_initialized, .config_loaded, .ready, .overcommit_warning, .thp_warning,
            .limit_warning, .kernel_defect_warning, .oom_score_warning, .loading_started,
            .loading_detail, .loading_finished, .keys_loaded, .loading_failed, .signal_received,
            .shutdown_requested, .final_save, .final_save_failed, .exiting:
            takeLife(event)
        case .save_triggered, .rewrite_triggered, .operation_scheduled, .child_started, .db_saved,
            .operation_succeeded, .rewrite_finished, .rewrite_detail, .copy_on_write:
            takeRoutine(event)
        case .fork_failed, .fork_failed_reported, .sync_refused, .aof_enable_failed,
            .slot_migration_refused:
            takeRefusal(event)
        case .operation_failed, .child_killed, .child_stopped, .rdb_write_error, .rdb_file_error,
            .aof_write_error, .aof_file_error, .aof_write_recovered, .persistence_fatal,
            .writes_refused, .memory_refused, .rewrite_limited, .save_cancelled:
            takeSaveTrouble(event)
        case .sync_requested, .full_resync_requested, .sync_started, .sync_delayed, .sync_waiting,
            .sync_succeeded, .sync_failed, .partial_sync_refused, .replica_lost,
            .output_buffer_exceeded, .replica_refused_by_master, .replica_sync_failed,
            .replica_sync_finished, .master_lost:
            takeSync(event)
        case .crash_report_started, .crash_signal, .panic, .assertion_failed, .allocation_failed,
            .crash_report_ended:
            takeCrash(event)
        case .oom_victim, .kernel_commit_refused, .pids_rejected, .oom_constraint, .segfault,
            .unit_oom, .unit_failed, .unit_exited, .unit_restarting, .kernel_suppressed, .oomd_kill,
            .earlyoom_kill, .oom_invoked:
            takeHost(event)
        case .role_changed, .failover_started, .failover_finished, .failover_failed, .node_failing,
            .cluster_state_changed, .sentinel_switch, .sentinel_down, .sentinel_failover:
            takeFailover(event)
        default:
            break
        }
        previous = event
    }

    /// Ends what is still open when the data ends.
    mutating func finish() {
        flushChildErrors()
        guard var open = draft else { return }
        let gone = life.endedAt != nil
        open.set {
            $0.status = gone ? .ended : .ongoing_at_end
            $0.recoveredAt = nil
        }
        draft = open
        close()
    }

    // MARK: - Opening and closing

    mutating func open(_ kind: Incident.Kind, _ event: Event) {
        guard draft == nil else { return }
        var fresh = IncidentDraft(kind: kind, instance: instance, anchor: event)
        fresh.set { $0.startSeen = life.started != nil }
        for entry in life.precursors(sources) { fresh.addEntry(entry) }
        for warning in life.warnings { fresh.observe(warning) }
        if let version = life.version { fresh.observe(version) }
        if let lastSave {
            fresh.addEntry(
                lastSave.timelineEntry(
                    severity: .info, text: "last successful save before the incident",
                    sources: sources))
        }
        if let note = copyOnWrite.precursor(sources) { fresh.addEntry(note) }
        exposureAtStart(&fresh)
        draft = fresh
    }

    /// Closes the incident when nothing is failing any more.
    mutating func succeed(_ part: FailingPart, _ event: Event, text: String) {
        guard var open = draft, open.failing[part] != nil else { return }
        open.failing[part] = nil
        open.turn()
        open.add(event, severity: .recovery, text: text, sources: sources)
        if open.failing.isEmpty {
            open.set {
                $0.status = .recovered
                $0.recoveredAt = event.at
            }
        }
        draft = open
        if open.failing.isEmpty { close() }
    }

    mutating func close() {
        guard var done = draft else { return }
        draft = nil
        done.set { $0.instance = instance }
        let anchor = (done.anchorHeader, done.anchorLine)
        finishPersistence(&done)
        var incident = done.incident
        incident.id = identity(anchor.0, anchor.1)
        incident.severity = severity(of: incident)
        incident.timeline = sortedTimeline(incident.timeline)
        incident.trigger = incident.trigger ?? life.restartTrigger(before: incident.startedAt, sources)
        if done.isFollowUpOnly { followUps.append(incident) } else { finished.append(incident) }
    }

    /// A hash of the instance and of the first anchor as it was written: stable when the report is
    /// made again with more evidence, other zones, or from another copy of the log.
    private func identity(_ header: RecordHeader, _ line: String) -> String {
        var hash = FNV1a()
        hash.combine(instance.host ?? "")
        hash.combine(UInt64(instance.port ?? 0))
        hash.combine(UInt64(UInt32(bitPattern: header.pid)))
        hash.combine(UInt64(bitPattern: header.stamp.nanoseconds))
        hash.combine(line)
        return "fk-" + hash.short
    }

    private func severity(of incident: Incident) -> Incident.Severity {
        switch incident.persistence.exposure {
        case .lost: return .critical
        case .exposed: return incident.status == .recovered ? .major : .critical
        case .unknown: return .major
        case .none, .aof_covers, .replica_covers:
            if incident.kind == .server_crash || incident.kind == .oom_kill { return .critical }
            return incident.status == .recovered ? .minor : .major
        }
    }

    private func sortedTimeline(_ entries: [TimelineEntry]) -> [TimelineEntry] {
        entries.enumerated().sorted {
            guard let a = $0.element.at, let b = $1.element.at, a != b else {
                return $0.offset < $1.offset
            }
            return a < b
        }.map(\.element)
    }
}
