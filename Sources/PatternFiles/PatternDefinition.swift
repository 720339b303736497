// SPDX-License-Identifier: Apache-2.0

package import Model

/// Everything a pattern file says: the rule, the reasons to believe it, and its own tests.
package struct PatternDefinition: Hashable, Sendable {
    /// The file's path below the catalogue's folder, `/` written as `.`, without `.toml`.
    package var id: String
    package var event: EventKind
    /// One plain sentence: what a line that matches says.
    package var means: String
    package var scope: PatternScope
    /// PCRE2 syntax, tried on the record's message.
    package var regex: String
    /// Values that every event of this pattern carries.
    package var constants: [Capture]
    /// The named groups in the order of their group numbers.
    package var captures: [CaptureSlot]
    /// A text that every match contains, where none can be derived from the regex.
    package var literal: String?
    package var sources: [PatternSource] = []
    package var matches: [MatchExample] = []
    package var rejects: [RejectExample] = []

    package init(
        id: String, event: EventKind, means: String, scope: PatternScope, regex: String,
        constants: [Capture] = [], captures: [CaptureSlot] = [], literal: String? = nil
    ) {
        self.id = id
        self.event = event
        self.means = means
        self.scope = scope
        self.regex = regex
        self.constants = constants
        self.captures = captures
        self.literal = literal
    }

    /// What later stages must know of it.
    package var info: PatternInfo {
        PatternInfo(
            id: id, kind: event, scope: scope, means: means, constants: constants,
            captures: captures)
    }
}

/// Where a program prints the message, and in which versions.
package struct PatternSource: Hashable, Sendable {
    package var project: String
    package var file: String?
    /// The format string.
    package var text: String
    package var first: String?
    package var last: String?
    package var url: String?
    package var note: String?

    package init(
        project: String, file: String? = nil, text: String, first: String? = nil,
        last: String? = nil, url: String? = nil, note: String? = nil
    ) {
        self.project = project
        self.file = file
        self.text = text
        self.first = first
        self.last = last
        self.url = url
        self.note = note
    }

    /// `redis 2.0.0 – 8.6.3, src/rdb.c`
    package var citation: String {
        var out = project
        if let first { out += " " + first }
        if let last, last != first { out += " – " + last }
        if let file { out += ", " + file }
        return out
    }
}

/// A full log line that the pattern matches, and the captures it must yield.
package struct MatchExample: Hashable, Sendable {
    package var line: String
    /// Where the line comes from.
    package var from: String
    package var captures: [Capture]

    package init(line: String, from: String, captures: [Capture] = []) {
        self.line = line
        self.from = from
        self.captures = captures
    }
}

/// A full log line that the pattern does not match, and why not.
package struct RejectExample: Hashable, Sendable {
    package var line: String
    package var why: String

    package init(line: String, why: String) {
        self.line = line
        self.why = why
    }
}
