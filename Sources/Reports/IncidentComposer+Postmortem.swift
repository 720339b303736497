// SPDX-License-Identifier: Apache-2.0

internal import Model

// The order of an incident review, after the template in Google's "Site Reliability Engineering"
// (appendix D): summary, impact, timeline, root cause and trigger, what went well, action items,
// open questions. What only people know is named as such and left to them.

extension IncidentComposer {
    var postmortem: [Block] {
        [
            summarySection, impactSection, timelineSection, rootCauseSection, contributingSection,
            wentWellSection, actionItemsSection, openQuestionsSection, ruledOutSection,
            countsSection,
        ].compactMap { $0.map { .section($0) } }
    }

    private var summarySection: Section? {
        let rows = [
            Definition("Incident", identity), Definition("Instance", incident.instance.prose),
            Definition("Since", since),
            Definition(
                "Status", status, tone: incident.status == .recovered ? .recovery : .failure),
            Definition(causeTerm, causeProse),
        ]
        return Section("Summary", worth: .head, [.definitions(rows)])
    }

    private var impactSection: Section? {
        let rows = [
            Definition("What failed", whatFailed, tone: .failure), Definition("At risk", risk),
        ]
        return Section("Impact", worth: .head, [.definitions(rows + stakes)])
    }
}

// MARK: - Causes

extension IncidentComposer {
    private var primaryCauses: [Finding] {
        let open = incident.causes.filter { $0.role == .primary && $0.verdict != .ruled_out }
        guard let answer else { return open }
        return [answer] + open.filter { $0.id != answer.id }
    }

    private var rootCauseSection: Section? {
        var blocks: [Block] = [.paragraph(causeProse)]
        if let trigger = incident.trigger {
            let when = trigger.at.map { " (\($0.spoken))" } ?? ""
            let text = Prose([.text(asSentence(trigger.statement + when))])
            blocks.append(.paragraph("\(strong: "Trigger:") " + text))
            blocks += trigger.evidence.isEmpty ? [] : list(trigger.evidence)
        } else {
            blocks.append(.paragraph("\(strong: "Trigger:") the data shows none."))
        }
        blocks += primaryCauses.map { .section(section(of: $0, parts: [])) }
        return Section("Root cause and trigger", worth: .story, blocks)
    }

    private var contributingSection: Section? {
        let causes = incident.causes.filter { $0.role == .contributing && $0.verdict != .ruled_out }
        let blocks: [Block] =
            causes.isEmpty
            ? [.paragraph("The data shows none.")]
            : causes.map { .section(section(of: $0, parts: [])) }
        return Section("Contributing factors", worth: .evidence, blocks)
    }

    private var ruledOutSection: Section? {
        let causes = incident.causes.filter { $0.verdict == .ruled_out }
        guard !causes.isEmpty else { return nil }
        return Section(
            "Ruled out", worth: .detail, isFolded: true,
            causes.map { .section(section(of: $0, parts: [])) })
    }
}

// MARK: - What went well

extension IncidentComposer {
    private var wentWellSection: Section? {
        let blocks: [Block] =
            wentWell.isEmpty
            ? [.paragraph("The data shows nothing of the kind; ask those who were there.")]
            : [.list(wentWell.map { [.paragraph(Prose([.text($0)]))] }, ordered: false)]
        return Section("What went well", worth: .story, blocks)
    }

    /// Only what the data shows.
    private var wentWell: [String] {
        let persistence = incident.persistence
        var out: [String] = []
        switch persistence.exposure {
        case .none: out.append("No data was at risk.")
        case .aof_covers: out.append("An append-only file held the data.")
        case .exposed where persistence.lost == nil: out.append("No loss of data is recorded.")
        default: break
        }
        if incident.status == .recovered, let end = incident.recoveredAt,
            let last = incident.lastFailureAt ?? incident.startedAt, end >= last
        {
            let after = spokenDuration(seconds: end.seconds(since: last))
            out.append(
                "Everything that had failed had succeeded again \(after) after the last failure.")
        }
        let kinds = [incident.kind.rawValue] + incident.consequences
        if incident.status != .ended,
            !kinds.contains(where: { ["oom_kill", "server_crash"].contains($0) })
        {
            out.append("The server kept running: neither a kill nor a crash of it is recorded.")
        }
        if persistence.saves.succeeded > 0 {
            out.append(
                "\(counted(persistence.saves.succeeded, "save")) succeeded in the stretch of the "
                    + "data that belongs to the incident.")
        }
        return out
    }
}

// MARK: - What to do, and what to ask

extension IncidentComposer {
    private var actionItemsSection: Section? {
        var remedies: [Remedy] = []
        if case .remedy(let first) = step { remedies.append(first) }
        for cause in incident.causes where cause.verdict != .ruled_out {
            for remedy in self.remedies(of: cause) where !remedies.contains(remedy) {
                remedies.append(remedy)
            }
        }
        let blocks: [Block] =
            remedies.isEmpty
            ? [.paragraph("The data suggests none; see the open questions.")]
            : [
                .list(
                    remedies.map { $0.blocks(toldAt: told.numberForFurther($0)) }, ordered: true)
            ]
        return Section("Action items", worth: .head, blocks)
    }

    private func which(_ what: String, _ ids: [String]) -> Block? {
        let names = ids.map { Prose([.code($0)]) }
        guard let only = names.first else { return nil }
        return .paragraph(
            names.count == 1
                ? "Was \(what) " + only + "?"
                : "Which was \(what): " + Prose.list(names, "or") + "?")
    }

    private var openQuestionsSection: Section? {
        var items: [[Block]] = []
        let first = incident.verdict.state == .undecided ? betweenOfFirst : []
        var item = [
            which("it", first),
            which("it that refused the forks", incident.verdict.betweenOfRefusals),
        ]
        .compactMap(\.self)
        if !item.isEmpty {
            if let command = incident.verdict.nextCommand, !command.isEmpty {
                item.append(.code(CodeBlock(command, language: .shell)))
            }
            items.append(item)
        }
        var seen: Set<MissingFact> = []
        for cause in incident.causes where cause.verdict != .ruled_out {
            items += cause.missing.filter { seen.insert($0).inserted }.map(\.blocks)
        }
        items.append([
            .paragraph("How was it noticed, how long after the first failure? No log tells.")
        ])
        items.append([.paragraph("What was done between the first failure and now, and by whom?")])
        return Section("Open questions", worth: .story, [.list(items, ordered: false)])
    }
}
