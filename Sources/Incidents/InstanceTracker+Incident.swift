// SPDX-License-Identifier: Apache-2.0

internal import Model

// MARK: - Opening and closing an incident

extension InstanceTracker {
    mutating func open(_ kind: Incident.Kind, _ event: Event) {
        draft?.noteAnchor(event)
        draft?.noteStart(event.at)
        guard draft == nil, isCounting else { return }
        var fresh = IncidentDraft(kind: kind, instance: instance, anchor: event, stake: stake)
        fresh.set {
            $0.startSeen = life.startIsSeen
            $0.startIsWhole = life.startIsWhole
            $0.persistence.lastSuccessAt = lastSave?.at
        }
        for entry in life.precursors(sources) { fresh.addEntry(entry) }
        for warning in life.warnings { fresh.observe(warning) }
        if let version = life.version { fresh.observe(version) }
        if let lastSave {
            fresh.addEntry(
                lastSave.timelineEntry(
                    severity: .info, text: "last successful save before the incident",
                    sources: sources))
        }
        if let lastRewrite {
            fresh.addEntry(
                lastRewrite.timelineEntry(
                    severity: .info, text: "last successful AOF rewrite before the incident",
                    sources: sources))
        }
        if let note = copyOnWrite.precursor(sources) { fresh.addEntry(note) }
        if let largest = copyOnWrite.largest { fresh.observe(largest) }
        if let storageError, event.isWithin(600, after: storageError) {
            fresh.observe(storageError)
        }
        if let hungTask, event.isWithin(3600, after: hungTask) { fresh.observe(hungTask) }
        let trigger = life.restartTrigger(before: event.at, sources)
        fresh.set { $0.trigger = trigger }
        draft = fresh
        showKernelLines(before: event)
    }

    private var stake: Stake {
        Stake(
            lastSave: lastSave?.at, lastRewrite: lastRewrite?.at,
            role: isReplica ? .replica : .master,
            replicas: life.replicas, startedAt: life.startIsSeen ? life.started?.at : nil,
            startIsSeen: life.startIsSeen, aof: life.aof)
    }

    /// Notes that a part works again, and closes the incident when nothing is failing any more.
    mutating func succeed(
        _ part: FailingPart, _ event: Event, text: @autoclosure () -> String
    ) {
        // In place: a copy would copy the whole timeline.
        guard draft?.failing.contains(part) == true else { return }
        draft?.mend(part)
        draft?.turn()
        draft?.addEntry(event.timelineEntry(severity: .recovery, text: text(), sources: sources))
        draft?.observe(event)
        guard draft?.failing.isEmpty == true else { return }
        draft?.set {
            $0.status = .recovered
            $0.recoveredAt = event.at
        }
        close()
    }

    mutating func close() {
        guard let done = draft else { return }
        draft = nil
        var incident = done.incident
        incident.instance = identified(incident.instance)
        incident.supersedes = done.anchors.values.filter { $0 != incident.id }.sorted()
        incident.outstanding = done.outstanding
        if !done.failing.contains(.operation(.bgsave)) {
            incident.savedAgainAt = done.savedAgainAt
        }
        rule(&incident, done)
        incident.serverFailed = done.failed.contains(.server)
        incident.severity = incident.severityByStake
        incident.timeline = inOrder(incident.timeline)
        if done.isFollowUpOnly || done.isClientOnly {
            asides.append(
                Aside(
                    incident: incident, isClient: done.isClientOnly,
                    masterPort: done.masterPort ?? masterPort))
        } else {
            keep(incident)
        }
    }

    /// The instance with all that later lines told of it, in the role it had when it failed.
    private func identified(_ before: Instance) -> Instance {
        var out = instance
        out.role = before.role == .unknown ? instance.role : before.role
        return out
    }

    /// Settles what was at stake.
    private mutating func rule(_ incident: inout Incident, _ done: IncidentDraft) {
        if done.failed.isSubset(of: [.operation(.aof_rewrite), .aofWrites]) {
            let last = [incident.persistence.lastSuccessAt, done.stake.lastRewrite]
            incident.persistence.lastSuccessAt = last.compactMap(\.self).max()
        }
        incident.persistence.saves = tally.saves
        incident.persistence.rewrites = tally.rewrites
        tally = Tally()
        incident.persistence.writesRefused = done.refusal.result
        incident.failures.hiddenAtLeast = max(
            0, done.kernelRefusals - (incident.failures.total ?? 0))
        let ruling = Exposure(
            incident: incident, failed: done.failed, stake: done.stake, loss: done.loss,
            savedAgainAt: done.savedAgainAt, end: life.end,
            isFollowUp: done.isFollowUpOnly, sources: sources
        ).ruling
        incident.persistence.exposure = ruling.exposure
        incident.persistence.statement = ruling.statement
        incident.persistence.fileToldAt = ruling.fileToldAt
        incident.persistence.exposedFrom = ruling.from
        incident.persistence.exposedUntil = ruling.until
        incident.persistence.lost = ruling.lost
        if ruling.lost != nil, !incident.consequences.contains("data_loss") {
            incident.consequences.append("data_loss")
        }
    }
}

/// By time; entries of one moment, and those without a time, stay as they came.
func inOrder(_ entries: [TimelineEntry]) -> [TimelineEntry] {
    var key = Int64.min
    let keyed = entries.enumerated().map { place, entry in
        if let at = entry.at { key = at.nanoseconds }
        return (key: key, place: place, entry: entry)
    }
    return keyed.sorted { ($0.key, $0.place) < ($1.key, $1.place) }.map(\.entry)
}
