// SPDX-License-Identifier: Apache-2.0

/// Undoes quoted-printable, in which mail is kept: `=3D` for bytes, and lines that go on behind a
/// `=` at their end (RFC 2045, 6.7).
struct SoftBreaks {
    private var pending: [UInt8] = []
    private var number = 0
    private var offset: Int64 = 0

    /// Recognises a mail's own words for it in the first bytes of an input; `nil` elsewhere.
    init?(head: [UInt8]) {
        var from = 0
        while let at = head.span.find("ransfer-", from: from) {
            let lower = (at..<min(at + 60, head.count)).map { head[$0] | 0x20 }
            if lower.span.has("ransfer-encoding: quoted-printable", at: 0) { return }
            from = at + 1
        }
        return nil
    }

    /// Takes a line and gives out whole ones.
    mutating func take(
        _ line: Span<UInt8>, _ number: Int, _ offset: Int64,
        _ body: (Span<UInt8>, Int, Int64) -> Bool
    ) -> Bool {
        if pending.isEmpty { (self.number, self.offset) = (number, offset) }
        var end = line.count
        while end > 0, line[end - 1] <= 0x20 { end -= 1 }
        let goesOn = end > 0 && line[end - 1] == 0x3D && pending.count < LineReader.lineLimit
        append(line, to: goesOn ? end - 1 : line.count)
        return goesOn ? true : flush(body)
    }

    /// Gives out what waits for a continuation.
    mutating func flush(_ body: (Span<UInt8>, Int, Int64) -> Bool) -> Bool {
        let whole = pending
        pending = []
        return body(whole.span, number, offset)
    }

    /// All of `bytes` as the reader of the mail sees them.
    func decoded(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        var copy = self
        for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            _ = copy.take(Array(line).span, 0, 0) { whole, _, _ in
                for i in 0..<whole.count { out.append(whole[i]) }
                out.append(0x0A)
                return true
            }
        }
        return out
    }

    private mutating func append(_ line: Span<UInt8>, to end: Int) {
        var i = 0
        while i < end {
            if line[i] == 0x3D, i + 2 < end, let high = hexDigit(line[i + 1]),
                let low = hexDigit(line[i + 2])
            {
                pending.append(high << 4 | low)
                i += 3
            } else {
                pending.append(line[i])
                i += 1
            }
        }
    }

    private func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}
