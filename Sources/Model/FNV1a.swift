// SPDX-License-Identifier: Apache-2.0

/// The FNV-1a hash, 64 bits wide: the same on every run and every machine, which ids need.
/// Source: the FNV reference parameters (offset basis and prime for 64 bits).
package struct FNV1a: Sendable {
    @usableFromInline package var value: UInt64 = 0xcbf2_9ce4_8422_2325

    package init() {}

    @inlinable @inline(__always)
    package mutating func combine(_ byte: UInt8) {
        value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
    }

    package mutating func combine(_ number: UInt64) {
        for shift in stride(from: 0, to: 64, by: 8) {
            combine(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
        }
    }

    package mutating func combine(_ text: String) {
        for byte in text.utf8 { combine(byte) }
        combine(0xFF as UInt8)
    }

    /// Twelve hexadecimal digits.
    package var short: String {
        let digits = String(value >> 16, radix: 16)
        return String(repeating: "0", count: 12 - digits.count) + digits
    }
}
