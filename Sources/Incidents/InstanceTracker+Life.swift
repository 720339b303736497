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
            noteWarning(event)
        case .loading_started, .loading_detail, .loading_finished, .keys_loaded: noteLoading(event)
        case .ready: noteReady(event)
        default: takeEnding(event)
        }
    }

    private mutating func takeEnding(_ event: Event) {
        switch event.kind {
        case .signal_received where event["name"] == "SIGUSR1": stop(pid: event.header.pid)
        case .signal_received, .shutdown_requested:
            life.shutdownRequested = event
            draft?.add(event, severity: .info, text: TimelineText.shutdown(event), sources: sources)
        case .shutdown_aborted:
            life.shutdownRequested = nil
            show(event, .info)
        case .exiting:
            guard !pastPIDs.contains(event.header.pid) else { return }
            noteEnd(
                event, isCrash: false, basis: "the process was shut down without a successful save")
            draft?.add(event, severity: .info, text: "server exited", sources: sources)
        case .final_save_failed: finalSaveFailed(event)
        case .loading_failed, .startup_failed, .thread_failed: show(event, .failure)
        default: break
        }
    }

    /// Shows an event in an incident that is open anyway.
    mutating func show(_ event: Event, _ severity: TimelineEntry.Severity) {
        draft?.add(event, severity: severity, text: TimelineText.plain(event), sources: sources)
    }

    /// The line before has told of the error, and a line after may say that there were errors.
    private mutating func finalSaveFailed(_ event: Event) {
        life.shutdownRequested = nil
        guard event["reason"] == nil else { return }
        if let before = lastFileError, event.isWithin(2, after: before) {
            show(event, .failure)
            return
        }
        lastFileError = event
        failSave(.bgsave, event, text: "the save at shutdown failed", writesFile: true)
    }
}

// MARK: - Starts

extension InstanceTracker {
    private mutating func noteStart(_ event: Event) {
        if isNewLife(event) { beginLife(event, startIsSeen: true) }
        if life.pid == 0 { life.pid = Self.startingPID(event) }
        switch event.kind {
        case .server_starting, .server_version, .logo_version: noteBanner(event)
        case .server_mode, .logo_port: life.mode = event
        default: break
        }
        if let port = event.int("port") { instance.port = port }
    }

    /// A logo has no header; what stands there as one is the line's before.
    private static func startingPID(_ event: Event) -> Int32 {
        if let pid = event.int("pid") { return Int32(clamping: pid) }
        return event.header.form == .none ? 0 : event.header.pid
    }

    private mutating func noteBanner(_ event: Event) {
        if life.banner == nil {
            life.banner = event
            draft?.showBanner(event, sources: sources)
        }
        instance.product = event["product"].map { $0.lowercased() } ?? instance.product
        guard let version = event["version"] else { return }
        instance.version = version
        life.version = event
        draft?.observe(event)
    }

    private mutating func noteWarning(_ event: Event) {
        // Warnings about limits are also written while a server runs.
        if event.kind != .limit_warning, isNewLife(event) { beginLife(event, startIsSeen: true) }
        guard !life.isReady else { return }
        life.warnings.append(event)
        draft?.observe(event)
    }

    /// Whether `event`, which only a start writes, belongs to a process not yet known.
    private func isNewLife(_ event: Event) -> Bool {
        let pid = event.header.pid
        if pastPIDs.contains(pid) && pid != life.pid { return false }
        if life.isReady || life.end != nil || life.firstLine == nil { return true }
        return pid != 0 && life.pid != 0 && pid != life.pid && !children.contains(pid)
            && event.header.form != .none
    }

    private mutating func noteReady(_ event: Event) {
        let pid = event.header.pid
        let isAnother = pid != 0 && life.pid != 0 && pid != life.pid && !pastPIDs.contains(pid)
        if isAnother || life.end != nil { beginLife(event, startIsSeen: false) }
        if let port = event.int("port") { instance.port = port }
        guard !life.isReady else { return }
        life.isReady = true
        if life.startIsSeen {
            life.aof.learnFromReady(event, version: ServerVersion(life.version?["version"]))
        }
        settleLoss(event)
        succeed(.server, event, text: "server accepts connections again")
    }

    /// A new process of this server: what the old one had running is gone.
    mutating func beginLife(_ event: Event, startIsSeen: Bool) {
        settleKills(beforeLife: event)
        orphan(event)
        let before = life
        children.removeAll()
        (trigger, refusal, droppedReplica, lastFileError) = (nil, nil, nil, nil)
        syncIsActive = false
        if before.pid != 0 { pastPIDs.insert(before.pid) }
        life = ServerLife()
        life.pid = Self.startingPID(event)
        pastPIDs.remove(life.pid)
        life.firstLine = startIsSeen ? event : nil
        noteRestart(event, after: before)
    }

    private mutating func noteRestart(_ event: Event, after before: ServerLife) {
        guard draft != nil, before.isKnown, before.lastLine != nil else { return }
        let wasUnclean = before.end == nil && before.shutdownRequested == nil
        draft?.consequence("restart")
        draft?.addRestart(
            event, text: TimelineText.restarted(pid: life.pid, wasUnclean: wasUnclean),
            sources: sources)
        draft?.refusal.endProcess(at: event.at)
        if wasUnclean {
            draft?.set {
                if $0.vanished.isEmpty { $0.lastWordAt = before.lastLine?.at }
                $0.vanished.append(event)
            }
        }
        guard before.end == nil else { return }
        notePendingLoss(
            before, to: (before.foundGone ?? before.lastLine)?.at, endIsKnown: false,
            basis: before.foundGone == nil
                ? "the process ended without a word, some time after its last line"
                : "the process was gone when its child would report to it")
    }
}

// MARK: - What was read back, and what was lost

extension InstanceTracker {
    private mutating func noteLoading(_ event: Event) {
        // A replica that is synchronised loads too; what it loads then is its master's.
        guard !life.isReady else { return }
        if event["age_seconds"] != nil { life.loadedAge = event }
        if event.kind == .loading_finished { life.loaded = event }
        if event["source"] == "aof" { life.loadsAOF = true }
        guard event.kind == .loading_finished || event["age_seconds"] != nil else { return }
        let fromAOF = life.loadsAOF
        draft?.add(
            event, severity: .info, text: TimelineText.loading(event, fromAOF: fromAOF),
            sources: sources)
    }

    mutating func noteEnd(_ event: Event, isCrash: Bool, basis: String) {
        guard life.end == nil else { return }
        let isOrderly = !isCrash && hasJustSaved(event)
        let saved = lastSave
        if isOrderly { draft?.loss.savedAtEnd = saved }
        life.end = ServerLife.End(event: event, isCrash: isCrash)
        // A child may outlive a server that crashed, and tell.
        if !isCrash { children.removeAll() }
        draft?.refusal.endProcess(at: event.at)
        if isOrderly { return }
        notePendingLoss(life, to: event.at, endIsKnown: true, basis: basis)
    }

    /// The process of an open incident has ended: the next one tells what could be read back.
    private mutating func notePendingLoss(
        _ ended: ServerLife, to: Timestamp?, endIsKnown: Bool, basis: String
    ) {
        guard draft != nil else { return }
        let pending = LossRecord.Pending(
            lastSave: lastSave?.at, to: to, endIsKnown: endIsKnown, basis: basis, aof: ended.aof,
            isReplica: isReplica)
        draft?.loss.pending = pending
    }

    /// A shutdown saves and exits in one go.
    private func hasJustSaved(_ exit: Event) -> Bool {
        lastSave.flatMap { exit.seconds(after: $0) }.map { $0 < 2 } ?? false
    }

    /// The next process accepts connections: what it has not read back is lost.
    private mutating func settleLoss(_ ready: Event) {
        guard let pending = draft?.loss.pending else { return }
        draft?.loss.pending = nil
        guard !pending.isReplica else { return }
        if life.loaded?["source"] == "aof" {
            draft?.loss.readBack = life.loaded
            return
        }
        guard life.startIsSeen else {
            loseWithoutStart(pending)
            return
        }
        if case .on(let event) = pending.aof {
            draft?.loss.passedOver = event
            return
        }
        guard let loaded = life.loaded else {
            draft?.loss.add(
                from: nil, to: pending.to,
                basis: "\(pending.basis), and the next one read back no data")
            return
        }
        loseSince(savedAt(loaded) ?? pending.lastSave, pending)
    }

    /// When the RDB file was written that was read back, by its own word.
    private func savedAt(_ loaded: Event) -> Timestamp? {
        guard let age = life.loadedAge, let seconds = age.double("age_seconds"), let at = age.at
        else { return nil }
        return at.adding(seconds: -seconds)
    }

    private mutating func loseSince(_ saved: Timestamp?, _ pending: LossRecord.Pending) {
        var to = pending.to
        if let saved, let end = to, end.seconds(since: saved) < 1 {
            // Ages are whole seconds: a file as new as the end holds everything.
            if pending.endIsKnown { return }
            to = nil
        }
        let age = life.loadedAge?["age_seconds"].map { " that was \($0) s old" } ?? ""
        draft?.loss.add(
            from: saved, to: to,
            basis: "\(pending.basis), and the next one read back an RDB file\(age)")
    }

    /// Nothing tells what was read back: only a file that is known to be off decides.
    private mutating func loseWithoutStart(_ pending: LossRecord.Pending) {
        guard case .off = pending.aof else { return }
        draft?.loss.add(from: pending.lastSave, to: pending.to, basis: pending.basis)
    }
}
