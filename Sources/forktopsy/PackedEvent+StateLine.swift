// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import Model

extension PackedEvent {
    /// Appends the line that keeps the event in the state of `tail`: what `json` renders to, behind
    /// its source and the id of its pattern.
    ///
    /// Put together of bytes where its texts need no escapes, since a storm has thousands a second.
    func appendStateLine(to out: inout [UInt8], source: Int, id: String) {
        guard isPlain else {
            guard case .object(let members) = json else { return }
            let own = [
                JSONMember("source", JSONValue(source)), JSONMember("id", .string(id)),
            ]
            out += JSONValue.object(own + members).rendered(pretty: false).utf8
            out.append(0x0A)
            return
        }
        out.text("{\"source\":")
        out.number(Int64(source))
        out.text(",\"id\":\"")
        out.text(id)
        out.text("\",\"type\":\"event\",\"pattern\":")
        out.number(Int64(pattern))
        out.text(",\"line\":")
        out.number(Int64(line))
        out.text(",\"offset\":")
        out.number(offset)
        appendHeader(to: &out)
        out.text(",\"text\":\"")
        out += bytes
        out.text("\"")
        appendCaptures(to: &out)
        out.text("}\n")
    }

    /// Whether its texts stand in JSON as they are.
    private var isPlain: Bool {
        decoded.isEmpty && cursor.isEmpty
            && bytes.allSatisfy { $0 &- 0x20 < 0x5F && $0 != 0x22 && $0 != 0x5C }
    }

    private func appendHeader(to out: inout [UInt8]) {
        out.text(",\"header\":\"")
        out.text(ExtractFormat.headers.name(of: header.form))
        out.text("\"")
        if header.stamp != .none { header.stamp.append(to: &out) }
        out.member("pid", Int64(header.pid))
        out.member("thread", Int64(header.threadID))
        if header.role != .unknown { out.member("role", ExtractFormat.roles.name(of: header.role)) }
        if header.level != .unknown {
            out.member("level", ExtractFormat.levels.name(of: header.level))
        }
        out.member("stream", Int64(header.stream))
    }

    private func appendCaptures(to out: inout [UInt8]) {
        guard !captures.isEmpty else { return }
        out.text(",\"captures\":[")
        for (i, range) in captures.enumerated() {
            if i > 0 { out.text(",") }
            guard let range else {
                out.text("null")
                continue
            }
            out.text("[")
            out.number(Int64(range.lowerBound))
            out.text(",")
            out.number(Int64(range.upperBound))
            out.text("]")
        }
        out.text("]")
    }
}

extension Stamp {
    fileprivate func append(to out: inout [UInt8]) {
        let (seconds, rest) = nanoseconds.flooredQuotient(by: 1_000_000_000)
        out.text(",\"stamp\":{\"form\":\"")
        out.text(ExtractFormat.stamps.name(of: form))
        out.text("\",\"precision\":\"")
        out.text(ExtractFormat.precisions.name(of: precision))
        out.text("\",\"seconds\":")
        out.number(Int64(seconds))
        out.text(",\"nanoseconds\":")
        out.number(Int64(rest))
        out.member("zone", Int64(offsetSeconds))
        if isOuter { out.text(",\"outer\":true") }
        if isBorrowed { out.text(",\"borrowed\":true") }
        out.text("}")
    }
}

extension [UInt8] {
    fileprivate mutating func text(_ text: String) { append(contentsOf: text.utf8) }

    fileprivate mutating func number(_ value: Int64) {
        if value < 0 { append(0x2D) }
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var rest = value.magnitude
        var count = 0
        repeat {
            digits[count] = 0x30 + UInt8(rest % 10)
            rest /= 10
            count += 1
        } while rest > 0
        while count > 0 {
            count -= 1
            append(digits[count])
        }
    }

    /// A member whose value is left out where it is 0.
    fileprivate mutating func member(_ name: String, _ value: Int64) {
        guard value != 0 else { return }
        text(",\"")
        text(name)
        text("\":")
        number(value)
    }

    fileprivate mutating func member(_ name: String, _ value: String) {
        text(",\"")
        text(name)
        text("\":\"")
        text(value)
        text("\"")
    }
}
