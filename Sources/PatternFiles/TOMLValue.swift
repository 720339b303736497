// SPDX-License-Identifier: Apache-2.0

/// A value of a TOML document, with its place in the file.
///
/// Why a reader of our own: pattern errors must point at their line and column, which the Swift
/// libraries drop, and the program should not link a C++ parser for a dozen keys.
package struct TOMLValue: Hashable, Sendable {
    package var position: FilePosition
    package var content: Content

    package indirect enum Content: Hashable, Sendable {
        case string(TOMLString)
        case integer(Int64)
        case float(Double)
        case boolean(Bool)
        case array([TOMLValue])
        case table(TOMLTable)
    }

    package init(position: FilePosition, content: Content) {
        self.position = position
        self.content = content
    }

    /// For messages: "a string", "a table".
    package var kind: String {
        switch content {
        case .string: "a string"
        case .integer: "an integer"
        case .float: "a float"
        case .boolean: "a boolean"
        case .array: "an array"
        case .table: "a table"
        }
    }
}

/// A string and where its first character stands.
package struct TOMLString: Hashable, Sendable {
    package var text: String
    /// The first character after the opening quotes.
    package var start: FilePosition
    /// Whether the text stands in the file byte for byte, on one line, so that an offset into it
    /// is an offset from `start`.
    package var isVerbatim: Bool

    package init(text: String, start: FilePosition, isVerbatim: Bool) {
        self.text = text
        self.start = start
        self.isVerbatim = isVerbatim
    }
}

/// A table in the order in which its keys were written.
package struct TOMLTable: Hashable, Sendable {
    package var entries: [TOMLEntry]

    package init(entries: [TOMLEntry] = []) { self.entries = entries }

    package subscript(key: String) -> TOMLEntry? {
        entries.first { $0.key == key }
    }
}

/// One key of a table and its value.
package struct TOMLEntry: Hashable, Sendable {
    package var key: String
    package var position: FilePosition
    package var value: TOMLValue

    package init(key: String, position: FilePosition, value: TOMLValue) {
        self.key = key
        self.position = position
        self.value = value
    }
}

/// A document that is not TOML, or uses a part of TOML that is not read here.
package struct TOMLError: Error, Hashable, Sendable {
    package var position: FilePosition
    package var message: String

    package init(position: FilePosition, message: String) {
        self.position = position
        self.message = message
    }
}
