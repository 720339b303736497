// SPDX-License-Identifier: Apache-2.0

internal import Model
internal import PatternFiles

extension Catalogue {
    /// Whether a server's message that no pattern matches would begin as one does, but for bytes that
    /// no server writes there: control characters, and what lies outside of ASCII. Names that a
    /// message quotes may hold such bytes; the texts around them may not.
    package func isDamaged(_ message: Span<UInt8>) -> Bool {
        for entry in entries where entry.info.scope == .server {
            for prefix in entry.plan.prefixes
            where prefix.count >= Self.tellingDamage && prefix.count <= message.count {
                if Self.begins(message, with: prefix) { return true }
            }
        }
        return false
    }

    /// Shorter beginnings say too little.
    static let tellingDamage = 12

    /// Whether a message begins so, where at most one byte in four differs, by damage.
    private static func begins(_ message: Span<UInt8>, with prefix: [UInt8]) -> Bool {
        var damaged = 0
        for i in 0..<prefix.count where message[i] != prefix[i] {
            guard message[i] < 0x20 || message[i] >= 0x7F else { return false }
            damaged += 1
        }
        return damaged > 0 && damaged * 4 <= prefix.count
    }
}
