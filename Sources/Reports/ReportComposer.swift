// SPDX-License-Identifier: Apache-2.0

package import Model

/// Builds the document of a report: what a person reads, in the order of need.
///
/// First what failed, whether it is over, what is at risk, the likely cause and one thing to do;
/// then the timeline; then the evidence; then what was read and what was lost.
package struct ReportComposer: Sendable {
    let report: Report
    let redaction: Redaction
    let layout: Layout
    let detail: Detail
    /// The file name alone, for inputs that share it with no other.
    private let shortNames: [String: String]

    package init(
        _ report: Report, redaction: Redaction = Redaction(mode: .none),
        layout: Layout = .ticket, detail: Detail = Detail()
    ) {
        self.report = report
        self.redaction = redaction
        self.layout = layout
        var detail = detail
        detail.timeline = max(2, detail.timeline)
        self.detail = detail
        shortNames = report.shortNames
    }

    /// The whole report as blocks, as far as the detail asked for goes; what is left out is named.
    package func document() -> Document {
        var selection = SectionSelection(worth: detail.worth)
        let verdict: [Block] =
            showsVerdict && detail.brevity < .core
            ? [.paragraph(Prose([.text(report.verdict)]))] : []
        var blocks = selection.selected(verdict + incidentBlocks + wholeInput)
        if let note = selection.note(briefly: detail.brevity >= .core) { blocks.append(note) }
        let document = Document(toolVersion: report.toolVersion, title: title, blocks: blocks)
        return detail.textLimit.map { document.shortened(to: $0) } ?? document
    }
}

// MARK: - The head

extension ReportComposer {
    private var title: Prose {
        switch report.incidents.count {
        case 0 where hasNoEvidence:
            // Of what was not understood nothing can be said to be missing.
            report.losses.damage.isNone
                ? "Nothing to judge: no input was understood"
                : "Nothing to judge: no input could be read"
        case 0:
            report.outlook.contains { $0.wouldFork == .no }
                ? "No incident found, but the next fork would be refused" : "No incident found"
        case 1: composer(report.incidents[0]).headline
        case let count:
            composer(report.incidents[gravest]).headline
                + Prose([.text("; and \(counted(count - 1, "more incident"))")])
        }
    }

    private var hasNoEvidence: Bool {
        !report.inputs.isEmpty && report.inputs.allSatisfy { $0.facts.kind == .unknown }
    }

    /// The first of the gravest incidents.
    private var gravest: Int { WorthSelection(severities, limit: 1).indices[0] }

    /// How grave each incident is, the gravest with the highest number.
    private var severities: [Int] { report.incidents.map { 9 - $0.severity.rank } }

    /// The title as plain text on one line, for a tracker's field that knows no markup.
    package var plainTitle: String { Literal.line(title.plain) }

    private var showsVerdict: Bool { !report.verdict.isEmpty }

    private var incidentBlocks: [Block] {
        switch report.incidents.count {
        case 0: return noIncident
        case 1 where detail.fullIncidents > 0:
            return composer(report.incidents[0]).blocks(layout)
        default: return severalIncidents
        }
    }

    /// Their headlines, then as many of them as there is room for.
    private var severalIncidents: [Block] {
        let named = WorthSelection(severities, limit: detail.namedIncidents).indices
        var items: [[Block]] = []
        for index in named {
            let incident = report.incidents[index]
            let number = named.count == report.incidents.count ? "" : "Incident \(index + 1): "
            let when = incident.startedAt.map { "\($0.spoken): " } ?? ""
            items.append([
                .paragraph(Prose([.text(number + when)]) + composer(incident).headline)
            ])
        }
        var blocks: [Block] = [.list(items, ordered: named.count == report.incidents.count)]
        if named.count < report.incidents.count {
            blocks.append(.leftOut(counted(report.incidents.count - named.count, "more incident")))
        }
        let full = WorthSelection(severities, limit: detail.fullIncidents).indices
        var told = ToldRemedies()
        for index in full {
            let incident = composer(report.incidents[index], told: told)
            blocks.append(
                .section(
                    Section(
                        "Incident \(index + 1): " + incident.headline, worth: .head,
                        incident.blocks(layout))))
            if detail.brevity < .command { told.note(incident, number: index + 1) }
        }
        if full.count < report.incidents.count {
            let rest = report.incidents.count - full.count
            blocks.append(.leftOut("The full account of \(counted(rest, "incident")) is"))
        }
        return blocks
    }

    private func composer(
        _ incident: Incident, told: ToldRemedies = ToldRemedies()
    )
        -> IncidentComposer
    {
        IncidentComposer(incident, detail: detail, shortNames: shortNames, told: told)
    }

    private var noIncident: [Block] {
        var blocks: [Block] = []
        if !showsVerdict {
            let part =
                report.losses.damage.isNone ? "the inputs" : "what could be read of the inputs"
            blocks.append(
                .paragraph(
                    Prose([.text("Nothing in \(part) counts as a failed fork or save.")])))
        }
        if !report.outlook.isEmpty {
            blocks.append(
                .definitions(
                    report.outlook.prefix(max(1, detail.inputs)).map {
                        Definition($0.instance.title, $0.saves.prose, tone: .recovery)
                    }))
            let rest = report.outlook.count - max(1, detail.inputs)
            if rest > 0 { blocks.append(.leftOut(counted(rest, "more instance"))) }
        }
        return blocks
    }
}

// MARK: - The whole input

extension ReportComposer {
    private var wholeInput: [Block] {
        if layout == .brief {
            let damage: [Block] = report.losses.damage.isNone ? [] : [.section(losses)]
            return damage + (redaction.mode == .none ? [] : [redaction.block])
        }
        var sections = [inputs, losses]
        if let outlook { sections.append(outlook) }
        if redaction.mode != .none { sections.append(redactionSection) }
        return sections.map { .section($0) }
    }

    private var inputs: Section {
        let shown = WorthSelection(report.inputs.map(\.worth), limit: detail.inputs).indices
        var blocks: [Block] = [
            .list(shown.map { [.paragraph(report.inputs[$0].prose)] }, ordered: false)
        ]
        if report.inputs.isEmpty { blocks = [.paragraph("No input was read.")] }
        let rest = report.inputs.count - shown.count
        if rest > 0 {
            blocks.append(.leftOut(counted(rest, "more input")))
        }
        return Section("Inputs", worth: .detail, isFolded: true, blocks)
    }

    private var losses: Section {
        let damage = report.losses.damage.sentences.map { [Block.paragraph(Prose([.text($0)]))] }
        let notes = report.losses.notes.map { [Block.paragraph(Prose([.text($0)]))] }
        var blocks: [Block] = []
        if damage.isEmpty {
            blocks.append(.paragraph("Nothing was lost: no input was damaged or unreadable."))
        } else {
            blocks.append(
                .note(
                    Note(.warning, "Part of the inputs could not be read. Counts may be too low.")))
            blocks.append(.list(damage, ordered: false))
        }
        if !notes.isEmpty {
            blocks.append(.paragraph("To know when reading the counts:"))
            blocks.append(.list(notes, ordered: false))
        }
        // Damage bears on every count above it; that nothing is damaged does not.
        return Section(
            "Losses", worth: damage.isEmpty ? .evidence : .head,
            isFolded: damage.isEmpty && notes.isEmpty, blocks)
    }

    /// Without an incident the saves were counted above, and only what is known is worth a row.
    private var outlook: Section? {
        let isQuiet = report.incidents.isEmpty
        let all = report.outlook
            .filter { !isQuiet || $0.wouldFork != .unknown || !$0.statement.isEmpty }
        let shown = all.prefix(max(1, detail.inputs))
        guard !shown.isEmpty else { return nil }
        var blocks: [Block] = [
            .definitions(
                shown.map { Definition($0.instance.title, prose(of: $0, withSaves: !isQuiet)) })
        ]
        if all.count > shown.count {
            blocks.append(.leftOut(counted(all.count - shown.count, "more instance")))
        }
        for outlook in shown where !outlook.evidence.isEmpty {
            let evidence = outlook.evidence.prefix(detail.evidence)
            blocks.append(.paragraph("What that rests on, for \(outlook.instance.title):"))
            blocks.append(.list(evidence.map { $0.blocks(shortNames) }, ordered: false))
            let rest = outlook.evidence.count - evidence.count
            if rest > 0 { blocks.append(.leftOut("\(counted(rest, "more piece")) of evidence")) }
        }
        return Section("Outlook", worth: .evidence, blocks)
    }

    /// What is to be expected, and why an incident may be open though the next fork would succeed.
    private func prose(of outlook: Outlook, withSaves: Bool) -> Prose {
        let isOpen = report.incidents.contains {
            $0.instance == outlook.instance && $0.status == .ongoing_at_end
        }
        let prose = outlook.prose(withSaves: withSaves)
        guard outlook.wouldFork == .yes, isOpen else { return prose }
        return prose + " The incident counts as open until what failed is seen to succeed."
    }

    private var redactionSection: Section {
        Section("Redaction", worth: .detail, isFolded: true, [redaction.block])
    }
}

extension Incident.Severity {
    /// 0 for the gravest.
    fileprivate var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

// MARK: - Losses and outlook

extension Damage {
    /// One sentence for each kind of damage that there is.
    fileprivate var sentences: [String] {
        [
            sentence(archives, "archive is", "archives are", "truncated or corrupt."),
            sentence(entries, "entry is", "entries are", "cut or corrupt."),
            sentence(linesCut, "line was", "lines were", "cut at the limit of length."),
            sentence(Int(bytesSkipped), "byte was", "bytes were", "skipped as unreadable."),
            sentence(filesUnreadable, "file", "files", "could not be read."),
        ].compactMap { $0 }
    }
}

extension Losses {
    /// One sentence for each thing to know that is no damage.
    fileprivate var notes: [String] {
        [
            sentence(linesUndated, "line carries", "lines carry", "no time."),
            sentence(
                zoneAssumed, "input names", "inputs name",
                "no time zone; UTC was assumed (name the zone with --tz)."),
            sentence(
                messagesCutByServer, "message was", "messages were",
                "cut by the server itself at 1,023 bytes."),
            sentence(
                duplicatesFolded, "record was", "records were",
                "found in more than one input and counted once."),
            sentence(
                patternLimitsHit, "line was", "lines were", "given up on at a limit of matching."),
            sentence(
                suppressedByJournald, "message was", "messages were", "suppressed by journald."),
        ].compactMap { $0 }
    }
}

private func sentence(
    _ count: Int, _ singular: String, _ plural: String, _ rest: String
) -> String? {
    count == 0 ? nil : "\(counted(count, singular, plural)) \(rest)"
}

extension Outlook {
    fileprivate func prose(withSaves: Bool) -> Prose {
        let answer =
            switch wouldFork {
            case .yes: "The next fork would succeed."
            case .no: "The next fork would fail."
            case .unknown: "Whether the next fork would succeed is not known."
            }
        var sentences: [Prose] = [Prose([.text(answer)]), Prose([.text(asSentence(statement))])]
        if let headroomBytes {
            sentences.append("Headroom: \(ByteCount(bytes: headroomBytes).description).")
        }
        if let exhaustedAt {
            sentences.append("At the present growth it is used up at \(exhaustedAt.spoken).")
        }
        if withSaves { sentences.append(saves.prose) }
        return Prose.sentences(sentences)
    }
}

extension SaveTally {
    /// Saves counted: how many went well, how many did not, how long the longest took.
    var prose: Prose {
        guard succeeded + failed > 0 else { return "No save is recorded." }
        var text = "\(counted(succeeded, "save")) succeeded, \(grouped(failed)) failed"
        if let longestSeconds {
            text += "; the longest took \(spokenDuration(seconds: longestSeconds))"
        }
        return Prose([.text(text + ".")])
    }
}
