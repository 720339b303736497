// SPDX-License-Identifier: Apache-2.0

internal import Model

// MARK: - Start, load, shutdown

extension InstanceTracker {
    mutating func takeLife(_ event: Event) {
        switch event.kind {
        case .server_starting, .server_version, .logo_version, .config_loaded, .server_mode,
            .server_initialized, .logo_port, .logo_pid:
            noteStart(event)
        case .overcommit_warning, .thp_warning, .limit_warning, .kernel_defect_warning,
            .oom_score_warning:
            if life.started == nil || isNewLife(event) { beginLife(event) }
            life.warnings.append(event)
            draft?.observe(event)
        case .loading_started, .loading_detail, .loading_finished, .keys_loaded:
            noteLoading(event)
        case .ready:
            if life.pid != event.header.pid || life.endedAt != nil { beginLife(event) }
            life.isReady = true
            succeed(.server, event, text: "server accepts connections again")
        case .signal_received, .shutdown_requested:
            life.shutdownRequested = event
            draft?.add(event, severity: .info, text: TimelineText.shutdown(event), sources: sources)
        case .final_save:
            life.lastFinalSave = event
        case .exiting:
            life.endedAt = event
            children.removeAll()
            draft?.add(event, severity: .info, text: "server exited", sources: sources)
        case .final_save_failed:
            open(.save_failure, event)
            draft?.countSaveFailure()
            draft?.add(
                event, severity: .failure, text: "the save at shutdown failed", sources: sources,
                operation: .bgsave)
            draft?.fail(.operation(.bgsave), at: event.at)
        case .loading_failed:
            draft?.add(event, severity: .failure, text: "loading the data failed", sources: sources)
        default: break
        }
    }

    /// Whether `event` belongs to a process that has just started.
    private func isNewLife(_ event: Event) -> Bool {
        if life.endedAt != nil { return true }
        return event.header.pid != 0 && life.pid != 0 && event.header.pid != life.pid
            && children[event.header.pid] == nil
    }

    private mutating func noteStart(_ event: Event) {
        let restartsInPlace = event.kind == .server_starting && life.isReady
        if life.started == nil && !life.isReady && life.pid == 0 || isNewLife(event) || restartsInPlace {
            beginLife(event)
        }
        if life.started == nil, event.kind == .server_starting || event.kind == .server_version {
            life.started = event
        }
        if event.kind == .server_version || event.kind == .logo_version {
            instance.version = event["version"] ?? instance.version
            instance.product = event["product"].map { $0.lowercased() } ?? instance.product
            life.version = event
            draft?.observe(event)
        }
        if let port = event.int("port"), event.kind == .server_mode || event.kind == .logo_port {
            instance.port = port
        }
    }

    /// A new process of this server: what the old one had running is gone.
    mutating func beginLife(_ event: Event) {
        let before = life
        let wasKilled = before.pid != 0 && before.endedAt == nil && before.shutdownRequested == nil
            && (before.isReady || before.started != nil)
        flushChildErrors()
        children.removeAll()
        trigger = nil
        syncIsActive = false
        droppedReplica = nil
        life = ServerLife()
        life.pid = event.header.pid
        life.started = event
        life.aofEvidence = nil
        life.savePointEvidence = before.savePointEvidence
        noteRestart(event, after: before, wasKilled: wasKilled)
    }

    private mutating func noteRestart(_ event: Event, after before: ServerLife, wasKilled: Bool) {
        guard var open = draft, before.pid != 0 else { return }
        open.turn()
        open.consequence("restart")
        open.add(
            event, severity: .warning,
            text: wasKilled
                ? "server started again (pid \(event.header.pid)); the process before it left no word of its end"
                : "server started again (pid \(event.header.pid))",
            sources: sources)
        open.turn()
        draft = open
        noteEndOfLife(before, wasKilled: wasKilled, next: event)
    }

    private mutating func noteLoading(_ event: Event) {
        switch event.kind {
        case .loading_finished:
            life.loadedFrom = event
            if event["source"] == "aof" || event.line.contains("append only file") {
                life.aofEvidence = event
            }
        case .loading_detail where event["age_seconds"] != nil:
            life.loadedAge = event
        default: break
        }
        if draft != nil, event.kind == .loading_finished || event["age_seconds"] != nil {
            draft?.add(event, severity: .info, text: TimelineText.loading(event), sources: sources)
        }
        finishLoss()
    }
}
