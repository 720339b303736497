// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Follows one server through its events and draws its incidents.
///
/// Rules: `contract.md`, "What counts" and "Incidents". An incident opens at the first thing that
/// fails and closes when each operation that failed has succeeded once.
struct InstanceTracker {
    var instance: Instance
    let sources: [String]
    /// Where incidents that are over wait to be diagnosed; `nil` where they stay in memory.
    private let store: EventStore?

    var life = ServerLife()
    /// Processes that ran before the present one; a dying one may still write.
    var pastPIDs: Set<Int32> = []
    /// False before the window of time that is asked for: what happens then is known, not counted.
    private(set) var isCounting = false
    var draft: IncidentDraft?
    var finished: [Incident] = []
    /// What INFO says of the last save and rewrite, where it ever said that one had failed.
    var saveStatus = SaveStatus()
    /// Incidents that are only the other side of somebody else's.
    var asides: [Aside] = []

    /// Since the incident before, and over all data.
    var tally = Tally()
    var total = Tally()
    @Rare var lastSave: Event?
    @Rare var lastRewrite: Event?
    var lastEventAt: Timestamp?
    var copyOnWrite = CopyOnWriteTrend()
    /// A line that shows that save points are configured.
    @Rare var savePoints: Event?

    var children = ChildTable()
    /// The log leaves out how children end (it was filtered).
    var endsAreHidden = false
    /// Children's own error lines, until the parent says how they ended.
    var childErrors: [Event] = []
    /// Telling lines of a crash report that a child wrote.
    var childCrash: [Event] = []
    /// The trigger line that the next fork belongs to.
    @Rare var trigger: Event?
    /// A line that the next one may put in another light.
    @Rare var held: Held?
    /// What the Windows port said of the refusal that the classic line tells again.
    @Rare var platformReport: Event?
    /// How long the child of a held rewrite ran.
    var heldDuration: Double?
    /// What the kernel said lately, since its line may stand just before the server's.
    var kernelLines: [Event] = []
    /// OOM kills of which it is not known yet whom they took.
    var heldKills: [Event] = []
    /// OOM kills that took no process of this server.
    var strangersKills: [Event] = []
    /// The kernel's last word of a process of the server that was stuck.
    @Rare var hungTask: Event?
    /// The newest line about a device or file system that failed.
    @Rare var storageError: Event?
    /// Replicas that asked for a full synchronisation, and when each last did.
    var syncRequests: [String: Event] = [:]
    /// Nothing is known of the server but that the OOM killer took a process of its name, which may
    /// have been a child.
    var isKnownByKills = false
    /// The last refused fork, for the lines that follow from it.
    @Rare var refusal: Refusal?
    @Rare var lastFollowUp: Event?
    /// The last error of the server's own about one of its files.
    @Rare var lastFileError: Event?
    /// A replica that was dropped at its output buffer limit, until it is known what that ended.
    @Rare var droppedReplica: Event?
    var syncIsActive = false
    /// One failure a synchronisation: its child, its transfer and its replica may all tell of it.
    var syncFailureIsCounted = false
    /// The master that this server follows, as its connecting lines name it.
    var masterPort: Int?

    struct Tally: Equatable {
        var saves = SaveTally()
        var rewrites = SaveTally()
    }

    struct Child {
        var operation: Operation
        var started: Event
        /// Whether it writes the RDB file, and not to a socket or an AOF.
        var writesFile: Bool
        /// Stopped on purpose by the server.
        var isStopped = false
        /// The server's own save while it ran: FLUSHALL, which kills it, up to 2.8 by SIGKILL.
        var savedBeside: Event?
        /// Its own word that its file is complete.
        var hasSaved = false
    }

    struct Refusal {
        var event: Event
        var operation: Operation
    }

    /// An incident as another party saw it.
    struct Aside {
        var incident: Incident
        var isClient: Bool
        var masterPort: Int?
    }

    enum Held {
        /// A refused fork whose trigger is not in the log: the next line may tell what it was for.
        case fork(Event)
        /// A report of the Windows port: the classic line for the same refusal may follow.
        case report(Event)
        /// A rewrite that its child has finished; the server may yet fail to put it in place.
        case rewrite(Event)
        /// The title of a crash report, which has no header of its own and does not say whose it
        /// is.
        case crashTitle(Event)
    }

    init(instance: Instance, sources: [String], store: EventStore? = nil) {
        self.instance = instance
        self.sources = sources
        self.store = store
    }

    /// Keeps an incident that is over.
    mutating func keep(_ incident: Incident) {
        var incident = incident
        if let store { incident.fold(into: store) }
        finished.append(incident)
    }

    // MARK: - The one entrance

    /// What an event did that concerns others.
    struct Outcome {
        /// An incident is open that was not before.
        var hasOpened: Bool
        var hasStrangersKills: Bool
        /// Nothing of the server fails.
        var isCalm: Bool
    }

    /// Takes an event, counted or only known, and says what came of it. All in one call, since to
    /// ask a tracker that lies in an array costs as much as most events do.
    mutating func take(_ event: Event, isCounted: Bool) -> Outcome {
        if isCounted { beginCounting() }
        let wasOpen = draft != nil
        take(event)
        return Outcome(
            hasOpened: !wasOpen && draft != nil, hasStrangersKills: !strangersKills.isEmpty,
            isCalm: isCalm)
    }

    mutating func take(_ event: Event) {
        if let at = event.at { lastEventAt = max(lastEventAt ?? at, at) }
        settleKills(before: event)
        guard release(before: event) else { return }
        adopt(event)
        learn(from: event)
        noteSyncRequest(event)
        switch event.kind.chapter {
        case .life: takeLife(event)
        case .routine: takeRoutine(event)
        case .refusal: takeRefusal(event)
        case .child: takeChild(event)
        case .file: takeFile(event)
        case .sync: takeSync(event)
        case .crash: takeCrash(event)
        case .host: takeHost(event)
        case .failover: takeFailover(event)
        case .aside: break
        }
        if isFromServer(event) { life.lastLine = event }
    }

    /// What an event proves about the append-only file and about the server's role.
    private mutating func learn(from event: Event) {
        guard isFromServer(event) else { return }
        life.aof.learn(from: event, isStarting: life.startIsSeen && !life.isReady)
        // Of the state that it knows, nothing is new to an incident.
        if let known = draft?.stake.aof.state, known != life.aof.state {
            draft?.stake.learn(life.aof, at: event.at)
        }
        switch event.header.role {
        case .master, .replica: if !life.isEnded(event) { instance.role = event.header.role }
        case .sentinel, .child, .unknown: break
        }
    }

    /// Both masters of an active pair of KeyDB call themselves replicas.
    var isReplica: Bool { instance.role == .replica && instance.product != "keydb" }

    /// From here on failures open incidents, and saves are counted.
    mutating func beginCounting() {
        guard !isCounting else { return }
        isCounting = true
        releaseHeld()
        childErrors.removeAll()
        heldKills.removeAll { $0.at != nil }
        (tally, total) = (Tally(), Tally())
    }

    /// Whether the server process itself wrote the line, and not a child of it or the kernel.
    func isFromServer(_ event: Event) -> Bool {
        switch event.header.form {
        case .kernel, .daemon: return false
        default: break
        }
        return !isChildLine(event)
    }

    /// Up to redis 2.8 a header does not tell a child from its parent: the process id does.
    func isChildLine(_ event: Event) -> Bool {
        let pid = event.header.pid
        if pid != 0, children.contains(pid) { return true }
        switch event.header.role {
        case .child: return pid != life.pid || life.isReady
        case .unknown:
            return pid != 0 && life.pid != 0 && pid != life.pid && !event.kind.isServersOwn
        case .master, .replica, .sentinel: return false
        }
    }

    /// Learns the server's process id where the start is not in the data, and notices a change.
    private mutating func adopt(_ event: Event) {
        let pid = event.header.pid
        guard event.kind.isServersOwn, pid != 0, pid != life.pid, !children.contains(pid) else {
            return
        }
        if life.pid == 0 {
            life.pid = pid
        } else if !pastPIDs.contains(pid) {
            beginLife(event, startIsSeen: false)
        }
    }

    /// Ends what is still open when the data ends.
    mutating func finish() {
        settleKillsAtEnd()
        releaseHeld()
        flushChildErrors()
        recoverByInfo()
        if draft != nil {
            let gone = life.end != nil
            draft?.set {
                $0.status = gone ? .ended : .ongoing_at_end
                $0.recoveredAt = nil
            }
            close()
        }
        guard let last = finished.indices.last else { return }
        finished[last].persistence.saves += tally.saves
        finished[last].persistence.rewrites += tally.rewrites
    }
}

extension ServerLife {
    /// Whether the line was written by a process that is known to have ended.
    func isEnded(_ event: Event) -> Bool { end != nil && event.header.pid == pid }
}

extension EventKind {
    enum Chapter {
        case life, routine, refusal, child, file, sync, crash, host, failover
        /// Of no consequence for incidents.
        case aside
    }

    /// Which part of the tracker an event concerns.
    var chapter: Chapter {
        switch self {
        case .server_starting, .server_version, .server_mode, .logo_version, .logo_port, .logo_pid,
            .server_initialized, .config_loaded, .ready, .overcommit_warning, .thp_warning,
            .limit_warning, .kernel_defect_warning, .oom_score_warning, .loading_started,
            .loading_detail, .loading_finished, .keys_loaded, .loading_failed, .signal_received,
            .shutdown_requested, .shutdown_aborted, .final_save, .final_save_failed, .exiting,
            .startup_failed, .thread_failed:
            .life
        case .save_triggered, .rewrite_triggered, .operation_scheduled, .child_started, .db_saved,
            .operation_succeeded, .rewrite_finished, .copy_on_write:
            .routine
        case .fork_failed, .fork_failed_reported, .sync_refused, .aof_enable_failed,
            .slot_migration_refused:
            .refusal
        case .operation_failed, .child_killed, .child_stopped, .parent_gone, .save_cancelled:
            .child
        case .rdb_write_error, .rdb_file_error, .aof_write_error, .aof_file_error,
            .aof_write_recovered, .persistence_fatal, .writes_refused, .memory_refused,
            .memory_recovered, .rewrite_limited:
            .file
        case .sync_started, .sync_succeeded, .sync_failed, .partial_sync_accepted, .replica_lost,
            .output_buffer_exceeded, .replica_refused_by_master, .replica_sync_failed,
            .replica_sync_finished, .replica_connecting, .replication_error, .master_lost,
            .slot_migration_failed:
            .sync
        case .crash_report_started, .crash_signal, .panic, .assertion_failed, .allocation_failed,
            .crash_detail:
            .crash
        case .oom_victim, .kernel_commit_refused, .pids_rejected, .oom_constraint, .segfault,
            .unit_oom, .unit_failed, .unit_exited, .unit_restarting, .kernel_suppressed, .oomd_kill,
            .earlyoom_kill, .oom_invoked, .oom_victim_chosen, .oom_detail,
            .page_allocation_failed, .hung_task, .storage_error:
            .host
        case .role_changed, .failover_started, .failover_finished, .failover_failed, .node_failing,
            .cluster_state_changed, .sentinel_switch, .sentinel_down, .sentinel_failover:
            .failover
        default: .aside
        }
    }

    /// Whether only a server process writes such a line, never a child.
    var isServersOwn: Bool {
        switch self {
        case .save_triggered, .rewrite_triggered, .child_started, .fork_failed, .sync_refused,
            .aof_enable_failed, .slot_migration_refused, .operation_succeeded, .operation_failed,
            .child_killed, .rewrite_finished, .sync_requested, .full_resync_requested,
            .sync_started, .sync_succeeded, .replica_lost, .ready:
            true
        default: false
        }
    }
}
