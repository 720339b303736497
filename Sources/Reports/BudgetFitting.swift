// SPDX-License-Identifier: Apache-2.0

/// Makes a body fit its target: composes it anew with less and less detail until it does, so that
/// it is never cut in the middle of anything and always says what was left out.
package struct BudgetFitting: Sendable {
    private let incidents: Int
    private let full: Detail
    private let document: @Sendable (Detail) -> Document

    /// `document` composes the body of so many incidents in the detail asked for.
    package init(
        incidents: Int, full: Detail, document: @escaping @Sendable (Detail) -> Document
    ) {
        self.incidents = incidents
        self.full = full
        self.document = document
    }

    /// The most detailed body of at most `limit` bytes.
    package func body(_ renderer: any DocumentRenderer, within limit: Int?) -> String {
        guard let limit else { return renderer.render(document(full)) }
        let steps = Detail.ladder(from: full, incidents: incidents)
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

    /// Spares the composition of thousands of incidents for a body with room for a hundred: the
    /// head of one takes some 500 bytes in any target.
    private func mayFit(_ detail: Detail, _ limit: Int) -> Bool {
        min(incidents, detail.fullIncidents) <= limit / 500 + 1
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
        for length in [160, 120, 80, 60, 40, 20] {
            document.title = document.title.cut(to: length)
            for blocks in [[note], []] {
                document.blocks = blocks
                let body = renderer.render(document)
                if body.utf8.count <= limit { return body }
            }
        }
        return renderer.render(document)
    }
}
