// SPDX-License-Identifier: Apache-2.0
// Bytes that were flipped inside of records. A name that a message quotes may hold any byte; that is
// no damage. What tells is that the message would be one of the catalogue's but for these bytes.

internal import Matching
internal import Model

extension Extractor {
    /// Unmatched messages with odd bytes that are looked at in one input; a binary file would hold
    /// many.
    static let damageTrials = 1000

    /// Whether a server's message that no pattern matches would be matched if its odd bytes were
    /// others.
    func isDamaged(_ message: Span<UInt8>, _ matcher: inout Matcher) -> Bool {
        var odd: [Int] = []
        for i in 0..<message.count where message[i] < 0x20 || message[i] >= 0x7F {
            odd.append(i)
            if odd.count > 64 { return false }
        }
        guard odd.count == 1, message.count <= 1024 else { return catalogue.isDamaged(message) }
        var mended: [UInt8] = []
        for i in 0..<message.count { mended.append(message[i]) }
        for byte in 0x20..<0x7F as Range<UInt8> {
            mended[odd[0]] = byte
            if matcher.match(mended.span, scope: .server) != nil { return true }
        }
        return false
    }

    /// Whether bytes that no server writes stand in the text of an error.
    static func hasDamagedError(
        _ pattern: PatternInfo, _ captures: [Int32], _ message: Span<UInt8>
    ) -> Bool {
        guard let slot = pattern.captures.firstIndex(where: { $0.type == .errno }) else {
            return false
        }
        let (low, high) = (Int(captures[2 * slot]), Int(captures[2 * slot + 1]))
        guard low >= 0, high > low, high <= message.count else { return false }
        for i in low..<high where message[i] >= 0x7F || message[i] < 0x20 { return true }
        return false
    }
}
