// SPDX-License-Identifier: Apache-2.0

/// Leaves out the sections that are worth less than there is room for, and remembers which.
struct SectionSelection {
    let worth: Section.Worth
    private var names: [String] = []

    init(worth: Section.Worth) { self.worth = worth }

    /// The blocks without the sections of less worth.
    mutating func selected(_ blocks: [Block]) -> [Block] {
        var out: [Block] = []
        for block in blocks {
            guard case .section(var section) = block else {
                out.append(block)
                continue
            }
            if section.worth < worth {
                if !names.contains(section.title.plain) { names.append(section.title.plain) }
                continue
            }
            section.blocks = selected(section.blocks)
            out.append(.section(section))
        }
        return out
    }

    /// What was left out and how to get it; `nil` where nothing was.
    func note(briefly: Bool = false) -> Block? {
        guard !names.isEmpty else { return nil }
        if briefly {
            return .paragraph("Cut for want of room; \(code: "--format json") has all.")
        }
        let list = Prose.list(names.map { Prose([.text($0)]) })
        return .note(
            Note(
                .note, "Left out for want of room: " + list + "; \(code: "--format json") has all.")
        )
    }
}
