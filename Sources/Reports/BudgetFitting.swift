// SPDX-License-Identifier: Apache-2.0

package import Model

/// Makes a body fit its target: composes it anew with less and less detail until it does, so that
/// it is never cut in the middle of anything and always says what was left out.
package struct BudgetFitting: Sendable {
    let report: Report
    let redaction: Redaction
    let layout: Layout
    let full: Detail

    package init(report: Report, redaction: Redaction, layout: Layout, full: Detail) {
        self.report = report
        self.redaction = redaction
        self.layout = layout
        self.full = full
    }

    /// The most detailed body of at most `limit` bytes.
    package func body(_ renderer: any DocumentRenderer, within limit: Int?) -> String {
        guard let limit else { return renderer.render(document(full)) }
        let steps = Detail.ladder(from: full, incidents: report.incidents.count)
            .filter { mayFit($0, limit) }
        var fitting: String?
        // Each step says less than the one before it, so half of them can be ruled out at once.
        var (low, high) = (0, steps.count)
        var next = 0
        while low < high {
            let body = renderer.render(document(steps[next]))
            if body.utf8.count <= limit {
                fitting = body
                high = next
            } else {
                low = next + 1
            }
            next = (low + high) / 2
        }
        return fitting ?? shortest(renderer, within: limit, detail: steps[steps.count - 1])
    }

    private func document(_ detail: Detail) -> Document {
        ReportComposer(report, redaction: redaction, layout: layout, detail: detail).document()
    }

    /// Spares the composition of thousands of incidents for a body with room for a hundred: the
    /// head of one takes some 500 bytes in any target.
    private func mayFit(_ detail: Detail, _ limit: Int) -> Bool {
        min(report.incidents.count, detail.fullIncidents) <= limit / 500 + 1
    }

    /// The first blocks that fit, with a note instead of the rest.
    private func shortest(
        _ renderer: any DocumentRenderer, within limit: Int, detail: Detail
    ) -> String {
        var document = document(detail)
        let note = Block.leftOut("The rest did not fit and was")
        while !document.blocks.isEmpty {
            document.blocks.removeLast()
            var shown = document
            shown.blocks.append(note)
            let body = renderer.render(shown)
            if body.utf8.count <= limit { return body }
        }
        document.title = document.title.cut(to: 40)
        document.blocks = [note]
        return renderer.render(document)
    }
}
