// SPDX-License-Identifier: Apache-2.0

/// A report as a tree of blocks, the same for every target; renderers only give it form.
package struct Document: Sendable {
    package var toolVersion: String
    package var title: Prose
    package var blocks: [Block]

    package init(toolVersion: String, title: Prose, blocks: [Block] = []) {
        self.toolVersion = toolVersion
        self.title = title
        self.blocks = blocks
    }
}

/// Gives a document the form of one target; what it says is the same in all of them.
package protocol DocumentRenderer: Sendable {
    /// The document with a line end.
    func render(_ document: Document) -> String
}

extension Document {
    /// All charts, in order.
    var charts: [Chart] { blocks.flatMap(\.charts) }
}

extension Block {
    fileprivate var charts: [Chart] {
        switch self {
        case .chart(let chart): [chart]
        case .section(let section): section.blocks.flatMap(\.charts)
        default: []
        }
    }
}

/// One piece of a document, from a paragraph to a section with everything in it.
package indirect enum Block: Sendable {
    case section(Section)
    case paragraph(Prose)
    case list([[Block]], ordered: Bool)
    case definitions([Definition])
    case table(Table)
    case code(CodeBlock)
    case note(Note)
    case timeline(Timeline)
    /// Drawn where a target can draw; all that it shows stands in words beside it.
    case chart(Chart)
}

/// A heading and what stands under it; its level follows from how deep it stands.
package struct Section: Sendable {
    /// What a target with little room keeps longest.
    package enum Worth: Int, Comparable, Sendable {
        case detail, evidence, story, head

        package static func < (a: Worth, b: Worth) -> Bool { a.rawValue < b.rawValue }
    }

    package var title: Prose
    package var worth: Worth
    /// Whether a target that can fold sections starts with this one folded.
    package var isFolded: Bool
    package var blocks: [Block]

    package init(_ title: Prose, worth: Worth, isFolded: Bool = false, _ blocks: [Block]) {
        self.title = title
        self.worth = worth
        self.isFolded = isFolded
        self.blocks = blocks
    }
}

/// A term and what is to be said of it.
package struct Definition: Sendable {
    package var term: String
    package var text: Prose
    package var tone: Tone

    package init(_ term: String, _ text: Prose, tone: Tone = .plain) {
        self.term = term
        self.text = text
        self.tone = tone
    }
}

/// Rows of short cells under a header.
package struct Table: Sendable {
    package struct Column: Sendable {
        package var title: String
        package var isNumeric: Bool

        package init(_ title: String, isNumeric: Bool = false) {
            self.title = title
            self.isNumeric = isNumeric
        }
    }

    package var columns: [Column]
    package var rows: [[String]]

    package init(columns: [Column], rows: [[String]]) {
        self.columns = columns
        self.rows = rows
    }
}

/// Lines shown exactly as they are: a command, or raw lines of a log.
package struct CodeBlock: Sendable {
    package enum Language: String, Sendable { case text, shell }

    /// Where the lines come from; empty where that is clear.
    package var caption: String
    package var text: String
    package var language: Language
    /// The line of an input that is quoted, for targets that can point at it.
    package var place: Place?

    package init(
        _ text: String, caption: String = "", language: Language = .text, place: Place? = nil
    ) {
        self.text = text
        self.caption = caption
        self.language = language
        self.place = place
    }
}

/// A line of an input.
package struct Place: Hashable, Sendable {
    package var path: String
    package var line: Int

    package init(path: String, line: Int) {
        self.path = path
        self.line = line
    }
}

/// A remark set apart.
package struct Note: Sendable {
    package enum Level: String, Sendable { case note, warning }

    package var level: Level
    package var text: Prose

    package init(_ level: Level, _ text: Prose) {
        self.level = level
        self.text = text
    }
}

/// What happened, in order of time.
package struct Timeline: Sendable {
    package enum Row: Sendable {
        case entry(Entry)
        /// Entries that were left out here.
        case omitted(Int)
    }

    package struct Entry: Sendable {
        /// `2026-11-22`, in UTC; `nil` where the time is not known.
        package var date: String?
        /// `12:01:38.682`, in UTC, as precise as the log is.
        package var clock: String?
        /// The time as the log writes it, shortened to the time of day where the date is the same.
        package var local: String?
        package var tone: Tone
        package var text: Prose
        package var quote: String?
        /// `redis-server.log:12`
        package var source: String?
        /// The same place, by the input's whole name.
        package var place: Place?
    }

    package var rows: [Row]
    /// Whether the column of local times says anything that the UTC times do not.
    package var showsLocal: Bool
}
