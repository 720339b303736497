// SPDX-License-Identifier: Apache-2.0

internal import Model

/// A JSON value whose objects keep the order in which they were built.
///
/// The same value always gives the same bytes, and the bytes are always valid UTF-8.
package indirect enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case string(String)
    case array([JSONValue])
    case object([JSONMember])
}

/// One name and value of a JSON object.
package struct JSONMember: Hashable, Sendable {
    package var name: String
    package var value: JSONValue

    package init(_ name: String, _ value: JSONValue) {
        self.name = name
        self.value = value
    }
}

// MARK: - Building

extension JSONValue {
    package init(_ text: String?) { self = text.map { .string($0) } ?? .null }
    package init(_ number: Int?) { self = number.map { .int(Int64($0)) } ?? .null }
    package init(_ number: Int64?) { self = number.map { .int($0) } ?? .null }
    package init(_ number: Double?) { self = number.map { .double($0) } ?? .null }
}

// MARK: - Reading

extension JSONValue {
    /// The value of the member called `name`, if this is an object that has one.
    package subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }
}

// MARK: - Writing

extension JSONValue {
    /// The text of the value: on one line, or indented by two spaces a level.
    package func rendered(pretty: Bool) -> String {
        var out = ""
        write(to: &out, indent: pretty ? 0 : nil)
        return out
    }

    /// The text of the value as it stands in an indented one, `level` levels deep.
    package func rendered(level: Int) -> String {
        var out = ""
        write(to: &out, indent: level)
        return out
    }

    private func write(to out: inout String, indent: Int?) {
        switch self {
        case .null: out += "null"
        case .bool(let value): out += value ? "true" : "false"
        case .int(let value): out += String(value)
        case .double(let value): out += Self.number(value)
        case .string(let value): Self.write(value, to: &out)
        case .array(let items):
            Self.write(items, between: "[", "]", to: &out, indent: indent) { item, out, indent in
                item.write(to: &out, indent: indent)
            }
        case .object(let members):
            Self.write(members, between: "{", "}", to: &out, indent: indent) {
                member, out, indent in
                Self.write(member.name, to: &out)
                out += indent == nil ? ":" : ": "
                member.value.write(to: &out, indent: indent)
            }
        }
    }

    private static func write<Item>(
        _ items: [Item], between open: String, _ close: String, to out: inout String,
        indent: Int?, _ writeItem: (Item, inout String, Int?) -> Void
    ) {
        out += open
        for (i, item) in items.enumerated() {
            if i > 0 { out += "," }
            if let indent { newLine(indent + 1, to: &out) }
            writeItem(item, &out, indent.map { $0 + 1 })
        }
        if let indent, !items.isEmpty { newLine(indent, to: &out) }
        out += close
    }

    private static func newLine(_ indent: Int, to out: inout String) {
        out += indent < newLines.count ? newLines[indent] : madeNewLine(indent)
    }

    private static let newLines = (0..<16).map(madeNewLine)

    private static func madeNewLine(_ indent: Int) -> String {
        "\n" + String(repeating: "  ", count: indent)
    }

    /// Whole numbers without a fraction; JSON has no infinities, they become `null`.
    private static func number(_ value: Double) -> String {
        guard value.isFinite else { return "null" }
        if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
        return value.description
    }

    /// Escapes what JSON must escape, and what would steer a terminal or reorder its text.
    private static func write(_ text: String, to out: inout String) {
        out += "\""
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C }) {
            out += text
            out += "\""
            return
        }
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\t": out += "\\t"
            case "\r": out += "\\r"
            default:
                if scalar.showsAsItself {
                    out.unicodeScalars.append(scalar)
                } else {
                    for unit in String(scalar).utf16 { out += "\\u" + hexadecimal(Int(unit), 4) }
                }
            }
        }
        out += "\""
    }
}
