// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Builds the blocks of one incident.
struct IncidentComposer {
    let incident: Incident
    /// How much of it is shown.
    let detail: Detail
    /// What an input is called where room is short.
    let shortNames: [String: String]
    /// What earlier incidents of the report have told.
    let told: ToldRemedies

    init(
        _ incident: Incident, detail: Detail, shortNames: [String: String] = [:],
        told: ToldRemedies = ToldRemedies()
    ) {
        self.incident = incident
        self.detail = detail
        self.shortNames = shortNames
        self.told = told
    }

    /// What failed, where, how often, and whether it is over.
    var headline: Prose {
        Prose([.text("\(incident.instance.title): \(failure), \(outcome)")])
    }

    /// What the layout says of the incident, in its order; sections not yet chosen by worth.
    func blocks(_ layout: Layout) -> [Block] {
        switch layout {
        case .ticket:
            [.definitions(head)]
                + [actionSection, timelineSection, evidenceSection, countsSection]
                .compactMap { $0.map { .section($0) } }
        case .brief: [.definitions(head)] + [actionSection].compactMap { $0.map { .section($0) } }
        case .postmortem: postmortem
        }
    }
}

// MARK: - Headline

extension IncidentComposer {
    private var failure: String {
        switch incident.kind {
        case .fork_failure: forkFailure
        case .save_failure:
            isAboutReplicas ? "a synchronisation failed" : "saving failed"
        case .oom_kill: "killed for want of memory"
        case .write_refusal: "writes refused"
        case .server_crash: "the server crashed"
        }
    }

    private var forkFailure: String {
        let counts = incident.failures
        guard let total = counts.total else {
            return "refused by the kernel, how often is not known"
        }
        if total > 0 {
            let errnos = counts.errnos.map(\.name)
            let suffix = errnos.count == 1 ? " (\(errnos[0]))" : ""
            return counted(total, "fork") + " refused" + suffix
        }
        return counts.reported > 0 ? "a refused fork is reported" : "fork refused"
    }

    private var outcome: String {
        switch incident.status {
        case .recovered: "recovered"
        case .ended: "the server is gone"
        case .ongoing_at_end: "not over when the data ends"
        }
    }
}

// MARK: - The first screen

extension IncidentComposer {
    var head: [Definition] {
        if detail.brevity >= .core {
            return [
                Definition("What failed", whatFailed, tone: .failure),
                Definition("Status", status), Definition(causeTerm, causeProse),
            ]
        }
        var rows = [
            Definition("What failed", whatFailed, tone: .failure),
            Definition("Since", since),
            Definition(
                "Status", status, tone: incident.status == .recovered ? .recovery : .failure),
            Definition("At risk", risk, tone: isSafe ? .recovery : .failure),
        ]
        rows += stakes
        rows += causeRows
        return rows
    }

    var whatFailed: Prose {
        let counts = incident.failures
        var sentences: [Prose] = []
        if incident.kind != .fork_failure { sentences.append(kindSentence) }
        if let total = counts.total, total > 0 {
            sentences.append(Prose([.text(counts.sentence(total: total))]))
        }
        sentences += unseenFailures
        return Prose.sentences(sentences + aftermath)
    }

    /// What followed from the failures, and what only came after them: a refused fork ends no process,
    /// so that a restart or a failover had a reason of its own, unless the server itself went.
    private var aftermath: [Prose] {
        let further = incident.consequences.filter { $0 != incident.kind.rawValue }
        let hasGone =
            incident.serverFailed || [.oom_kill, .server_crash].contains(incident.kind)
            || incident.kind == .save_failure && !incident.vanished.isEmpty
            || !Set(further).isDisjoint(with: ["oom_kill", "server_crash"])
        let besides = further.filter {
            !hasGone && ["restart", "failover", "data_loss"].contains($0)
        }
        func list(_ names: [String]) -> Prose {
            Prose.list(names.map { Prose([.text($0.replacingUnderscores)]) })
        }
        let led = further.filter { !besides.contains($0) }
        var out: [Prose] = []
        if !led.isEmpty { out.append("It led to: " + list(led) + ".") }
        if !besides.isEmpty {
            out.append(
                "In the same time: " + list(besides) + "; that the failures brought "
                    + (besides.count == 1 ? "it" : "them") + " about is not shown.")
        }
        return out
    }

    /// Failures that are known from elsewhere than the server's own lines.
    private var unseenFailures: [Prose] {
        let counts = incident.failures
        var sentences: [Prose] = []
        if counts.total == nil {
            sentences.append(
                incident.kind == .fork_failure
                    ? "The kernel's log alone tells of it: no server's log shows what was refused."
                    : "INFO tells of a failed save; no line tells how often forks were refused.")
        }
        if counts.reported > 0 {
            let lines = counted(counts.reported, "line reports", "lines report")
            sentences.append(
                "\(lines) a refused fork. No server wrote "
                    + (counts.reported == 1
                        ? "it, so it proves nothing." : "them, so they prove nothing.")
            )
        }
        if counts.hiddenAtLeast > 0 {
            let more = "at least \(grouped(counts.hiddenAtLeast)) more"
            sentences.append(
                counts.total == nil
                    ? "The kernel tells of \(counted(counts.hiddenAtLeast, "refusal"))."
                    : "Other lines point to \(more) that the server's log does not show.")
        }
        return sentences
    }

    /// What the timeline says of the first thing that failed.
    private var firstFailure: Prose {
        let text = incident.timeline.first { $0.severity == .failure }?.text ?? failure
        return Prose([.text(asSentence(text))])
    }

    /// Whether what failed was a synchronisation, on either side, and no save of the server's own.
    private var isAboutReplicas: Bool {
        guard let kind = incident.timeline.first(where: { $0.severity == .failure })?.kind else {
            return false
        }
        let kinds: [EventKind] = [
            .output_buffer_exceeded, .sync_failed, .sync_refused, .replica_refused_by_master,
            .replica_sync_failed,
        ]
        return kinds.contains { $0.rawValue == kind }
    }

    private var kindSentence: Prose {
        switch incident.kind {
        case .fork_failure: Prose()
        case .save_failure, .write_refusal: firstFailure
        case .oom_kill: kill ?? "An out-of-memory killer took the server or its child."
        case .server_crash: "The server crashed."
        }
    }

    /// What the timeline says of the first kill for want of memory: by whom, of what.
    private var kill: Prose? {
        let kinds: [EventKind] = [.oom_victim, .oomd_kill, .earlyoom_kill, .child_killed]
        let names = Set(kinds.map(\.rawValue))
        return incident.timeline.first { $0.severity == .failure && names.contains($0.kind) }
            .map { Prose([.text(asSentence($0.text))]) }
    }

    var since: Prose {
        guard let start = incident.startedAt else { return "not known: the lines carry no time" }
        if incident.kind == .save_failure, incident.failures.total == nil {
            return "by \(start.spoken) at the latest: INFO was read then"
        }
        guard let last = incident.lastFailureAt, last > start else {
            return Prose([.text(start.spoken)])
        }
        let duration = spokenDuration(seconds: last.seconds(since: start))
        return Prose([.text("\(spokenRange(start, last)), first to last failure (\(duration))")])
    }

    var status: Prose {
        switch incident.status {
        case .recovered:
            let when = incident.recoveredAt.map { " at \($0.spoken)" } ?? ""
            return "Over: recovered\(when), when everything that had failed had succeeded again."
        case .ended: return "Ended: the server is gone, without a success after the failure."
        case .ongoing_at_end where !incident.outstanding.isEmpty:
            let parts = Prose.list(incident.outstanding.map { Prose([.text($0)]) })
            let saved =
                incident.savedAgainAt.map { " A save succeeded again at \($0.spoken)." } ?? ""
            return Prose([
                .text("Not over when the data ends. Not seen to succeed since it failed: ")
            ])
                + parts + Prose([.text(".\(saved)")])
        case .ongoing_at_end:
            return "Not over when the data ends: \(missingSuccess)."
        }
    }
}

extension IncidentComposer {
    /// What would end the incident and does not stand in the data.
    private var missingSuccess: String {
        switch incident.kind {
        case .write_refusal: return "no write is seen to be accepted again"
        case .server_crash: return "the server is not seen to work again"
        case .oom_kill, .fork_failure, .save_failure: break
        }
        let names = incident.failures.operations.compactMap {
            Operation(rawValue: $0.name).flatMap { $0 == .unknown ? nil : $0.spoken }
        }
        guard !names.isEmpty else { return "no success is seen after the failure" }
        let list = Prose.list(names.map { Prose([.text($0)]) }, "or").plain
        return "no \(list) is seen to succeed after the last failure"
    }
}

extension FailureCounts {
    /// `8 forks were refused: 6 for a background save (bgsave), 2 for …; all with ENOMEM.`
    fileprivate func sentence(total: Int) -> String {
        var text = "\(counted(total, "fork")) \(total == 1 ? "was" : "were") refused"
        let parts = operations.map { count in
            let spoken = Operation(rawValue: count.name)?.purpose ?? count.name
            return operations.count == 1 ? spoken : "\(grouped(count.count)) \(spoken)"
        }
        if !parts.isEmpty {
            text += operations.count == 1 ? " " + parts[0] : ": " + parts.joined(separator: ", ")
        }
        if errnos.count == 1 { text += ", with \(errnos[0].name)" }
        if errnos.count > 1 {
            text +=
                "; " + errnos.map { "\(grouped($0.count)) with \($0.name)" }.joined(separator: ", ")
        }
        return text + "."
    }
}

extension Operation {
    fileprivate var purpose: String {
        switch self {
        case .aof_rewrite: "for an AOF rewrite"
        case .unknown: "for a purpose that the log does not tell"
        default: "for a \(spoken)"
        }
    }
}

extension String {
    var replacingUnderscores: String { String(map { $0 == "_" ? " " : $0 }) }
}

// MARK: - What is at risk

extension IncidentComposer {
    private var isSafe: Bool {
        [.none, .aof_covers].contains(incident.persistence.exposure)
    }

    var risk: Prose {
        let persistence = incident.persistence
        let isPast = incident.status != .ongoing_at_end || persistence.exposedUntil != nil
        let label =
            switch persistence.exposure {
            case .none: "No data."
            case .aof_covers: "Covered by the AOF."
            case .replica_covers: "A replica may hold the data."
            case .exposed: isPast ? "Data was exposed." : "Data is exposed."
            case .lost: "Data was lost."
            case .unknown: "Not known."
            }
        var sentences: [Prose] = [
            "\(strong: label)", Prose([.text(asSentence(persistence.statement))]),
        ]
        if let from = persistence.exposedFrom, !isExposureTold {
            let until = persistence.exposedUntil
            sentences.append(
                until.map { "Exposed \(spokenRange(from, $0))." } ?? "Exposed since \(from.spoken)."
            )
        }
        return Prose.sentences(sentences)
    }

    /// Whether the statement itself names both ends of the exposure.
    private var isExposureTold: Bool {
        let ends = [incident.persistence.exposedFrom, incident.persistence.exposedUntil]
        return ends.compactMap(\.self).allSatisfy {
            incident.persistence.statement.contains($0.spoken)
        }
    }

    var stakes: [Definition] {
        let persistence = incident.persistence
        var rows: [Definition] = []
        if let lost = persistence.lost {
            rows.append(Definition("Lost", lost.prose, tone: .failure))
        }
        rows.append(Definition("Last save", lastSave))
        if let refused = persistence.writesRefused {
            rows.append(Definition("Writes", refused.prose, tone: .failure))
        }
        return rows
    }

    private var lastSave: Prose {
        let persistence = incident.persistence
        var text =
            persistence.lastSuccessAt.map { "succeeded \($0.spoken)" }
            ?? persistence.lastSaveByInfo.map {
                "\($0.spoken) by INFO (until the first save that is the start of the server)"
            }
            ?? "none that succeeded stands in the data before the incident"
        if let changes = persistence.changesSinceLastSave {
            let failures = incident.failures
            let when =
                (failures.total ?? 0) > 0
                ? "when forks failed"
                : failures.saveFailures > 0 ? "when saves failed" : "during the incident"
            text += "; a save point of \(counted(changes, "change")) had been reached \(when)"
        }
        return Prose([.text(text)])
    }
}

extension Persistence.Span {
    fileprivate var prose: Prose {
        let when =
            switch (from, to) {
            case (let from?, let to?): "changes made \(spokenRange(from, to))"
            case (let from?, nil): "changes made since \(from.spoken)"
            case (nil, let to?): "changes made up to \(to.spoken)"
            case (nil, nil): "how much is not known"
            }
        return Prose([.text(basis.isEmpty ? when : "\(when) (\(basis))")])
    }
}

extension Persistence.Refusal {
    fileprivate var prose: Prose {
        let when =
            switch (from, until) {
            case (let from?, let until?): "refused \(spokenRange(from, until))"
            case (let from?, nil): "refused since \(from.spoken), no end is recorded"
            case (nil, let until?): "refused until \(until.spoken)"
            case (nil, nil): "refused, since when is not known"
            }
        return Prose([.text(inferred.map { "\(when) (inferred: \($0))" } ?? when)])
    }
}
