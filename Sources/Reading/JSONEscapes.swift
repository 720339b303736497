// SPDX-License-Identifier: Apache-2.0

extension ClassifiedLine {
    /// The message with its JSON escapes resolved, and without a line feed at its end.
    package func decodedMessage(of line: Span<UInt8>) -> [UInt8] {
        var decoded = decodedJSONString(line, message)
        for _ in 1..<max(1, escapes) {
            decoded = decodedJSONString(decoded.span, 0..<decoded.count)
        }
        while let last = decoded.last, last <= 0x20 { decoded.removeLast() }
        return decoded
    }
}

/// A JSON string's inside with its escapes resolved; bytes above 0x7F pass as they are.
package func decodedJSONString(_ line: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(range.count)
    var i = range.lowerBound
    while i < range.upperBound {
        let byte = line[i]
        guard byte == 0x5C, i + 1 < range.upperBound else {
            out.append(byte)
            i += 1
            continue
        }
        switch line[i + 1] {
        case 0x6E: out.append(0x0A)
        case 0x72: out.append(0x0D)
        case 0x74: out.append(0x09)
        case 0x62: out.append(0x08)
        case 0x66: out.append(0x0C)
        case 0x75:
            let (scalar, end) = unicodeEscape(line, at: i, limit: range.upperBound)
            out.append(contentsOf: Array(String(Character(scalar)).utf8))
            i = end
            continue
        default: out.append(line[i + 1])
        }
        i += 2
    }
    return out
}

/// `\u00e9`, and surrogate pairs; U+FFFD for what is not a scalar.
private func unicodeEscape(
    _ line: Span<UInt8>, at start: Int, limit: Int
) -> (Unicode.Scalar, Int) {
    func hex(_ at: Int) -> UInt32? {
        guard at + 4 <= limit else { return nil }
        var value: UInt32 = 0
        for i in at..<at + 4 {
            let byte = line[i]
            let digit: UInt8
            switch byte {
            case 0x30...0x39: digit = byte - 0x30
            case 0x41...0x46: digit = byte - 0x37
            case 0x61...0x66: digit = byte - 0x57
            default: return nil
            }
            value = value << 4 | UInt32(digit)
        }
        return value
    }
    guard let unit = hex(start + 2) else { return ("\u{FFFD}", min(start + 2, limit)) }
    if unit & 0xFC00 == 0xD800, line.byte(start + 6) == 0x5C, line.byte(start + 7) == 0x75,
        let low = hex(start + 8), low & 0xFC00 == 0xDC00
    {
        let value = 0x10000 + (unit & 0x3FF) << 10 + (low & 0x3FF)
        return (Unicode.Scalar(value) ?? "\u{FFFD}", start + 12)
    }
    return (Unicode.Scalar(unit) ?? "\u{FFFD}", start + 6)
}
