// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import Model

/// Builds the document that tells a ticket what is new since an earlier report of the same incident.
///
/// Incidents keep their ids, or name the id that they supersede, so one is told from another.
struct UpdateComposer: Sendable {
    let report: Report
    let redaction: Redaction
    let earlier: EarlierReport
    let detail: Detail

    /// What is new, incident by incident; one sentence where nothing is.
    func document() -> Document {
        var sections: [Block] = []
        var (new, changed) = (0, 0)
        var untold = 0
        for (i, incident) in report.incidents.enumerated() {
            let composer = IncidentComposer(incident, detail: detail)
            let title: Prose = "Incident \(i + 1): " + composer.headline
            if let state = earlier.state(of: [incident.id] + incident.supersedes) {
                let blocks = changes(of: incident, since: state)
                guard !blocks.isEmpty else { continue }
                changed += 1
                guard sections.count < detail.fullIncidents else {
                    untold += 1
                    continue
                }
                sections.append(.section(Section(title, worth: .head, blocks)))
            } else {
                new += 1
                guard sections.count < detail.fullIncidents else {
                    untold += 1
                    continue
                }
                let note: Prose = "\(strong: "New"), not in the earlier report."
                sections.append(
                    .section(
                        Section(
                            title, worth: .head, [.paragraph(note)] + composer.blocks(.ticket))))
            }
        }
        if untold > 0 {
            sections.append(.leftOut("What is new of \(counted(untold, "more incident")) is"))
        }
        let gone = missing
        if !gone.isEmpty {
            var names = gone.prefix(detail.namedIncidents).map { Prose([.code($0)]) }
            let rest = gone.count - names.count
            if rest > 0 { names.append("\(counted(rest, "more"))") }
            sections.append(.paragraph("No longer in the data: " + Prose.list(names) + "."))
        }
        var selection = SectionSelection(worth: detail.worth)
        var blocks = selection.selected(sections)
        if blocks.isEmpty {
            blocks = [.paragraph("The data holds what it held then, and nothing more.")]
        }
        if redaction.mode != .none { blocks.append(redaction.block) }
        if let note = selection.note(briefly: detail.brevity >= .core) { blocks.append(note) }
        let document = Document(
            toolVersion: report.toolVersion, title: title(new, changed), blocks: blocks)
        return detail.textLimit.map { document.shortened(to: $0) } ?? document
    }

    private func title(_ new: Int, _ changed: Int) -> Prose {
        let parts = [
            new > 0 ? counted(new, "new incident") : nil,
            changed > 0 ? "\(counted(changed, "incident")) changed" : nil,
        ].compactMap(\.self)
        return parts.isEmpty
            ? "Nothing is new since the earlier report"
            : "Since the earlier report: \(parts.joined(separator: ", "))"
    }

    /// Incidents of then that no present one is or supersedes.
    private var missing: [String] {
        let known = Set(report.incidents.flatMap { [$0.id] + $0.supersedes })
        return earlier.incidents.map(\.id).filter { !known.contains($0) }
    }
}

// MARK: - One incident

extension UpdateComposer {
    private func changes(of incident: Incident, since then: EarlierReport.State) -> [Block] {
        let value = incident.json
        let now = EarlierReport.State(value)
        var rows: [Definition] = []
        if then.id != incident.id {
            rows.append(Definition("Id", "\(code: then.id) is now \(code: incident.id)"))
        }
        for (name, _) in EarlierReport.State.paths where then.values[name] != now.values[name] {
            rows.append(
                Definition(
                    name,
                    Prose([.text(Self.change(then.values[name], now.values[name], of: name))])))
        }
        for cause in incident.causes where then.causes[cause.id] != cause.verdict.rawValue {
            let before = then.causes[cause.id] ?? "not looked at"
            let change = Self.change(before, cause.verdict.rawValue, of: "Status")
            rows.append(Definition(cause.id, Prose([.text(change)])))
        }
        var blocks: [Block] = rows.isEmpty ? [] : [.definitions(rows)]
        if then.values["Verdict"] != now.values["Verdict"],
            let section = IncidentComposer(incident, detail: detail).actionSection
        {
            blocks.append(.section(section))
        }
        var recent = incident
        recent.timeline = incident.timeline.filter {
            !then.entries.contains(EarlierReport.Entry($0.json))
        }
        if !recent.timeline.isEmpty,
            var section = IncidentComposer(recent, detail: detail).timelineSection
        {
            section.title = "New or changed in the timeline"
            section.blocks.removeAll { if case .chart = $0 { true } else { false } }
            blocks.append(.section(section))
        }
        return blocks
    }

    private static func change(_ before: String?, _ now: String?, of name: String) -> String {
        let before = before.map { EarlierReport.State.spoken($0, of: name) } ?? "not known"
        let now = now.map { EarlierReport.State.spoken($0, of: name) } ?? "not known"
        return "\(now) (was: \(before))"
    }
}
