// SPDX-License-Identifier: Apache-2.0

/// Text that grows at its end, as bytes.
package struct ByteBuffer: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    package var count: Int { bytes.count }

    package mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    package mutating func text(_ text: StaticString) {
        text.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
    }

    package mutating func append(_ other: [UInt8]) { bytes.append(contentsOf: other) }

    package mutating func append(_ other: ArraySlice<UInt8>) { bytes.append(contentsOf: other) }

    package mutating func byte(_ value: UInt8) { bytes.append(value) }

    /// The number in decimal, with zeros before it up to `width`.
    package mutating func number(_ value: Int, width: Int = 1) {
        var rest = UInt64(value.magnitude)
        var digits = InlineArray<20, UInt8>(repeating: 0x30)
        var first = 20
        repeat {
            first -= 1
            digits[first] = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
            rest /= 10
        } while rest > 0
        if value < 0 { bytes.append(0x2D) }
        first = min(first, 20 - width)
        while first < 20 {
            bytes.append(digits[first])
            first += 1
        }
    }

    /// The number in hexadecimal, in `width` digits at least.
    package mutating func hexadecimal(_ value: UInt64, width: Int = 1) {
        let needed = max(width, (64 - value.leadingZeroBitCount + 3) / 4)
        for place in stride(from: needed - 1, through: 0, by: -1) {
            let digit = UInt8(truncatingIfNeeded: (value >> UInt64(4 * place)) & 15)
            bytes.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
        }
    }

    /// Bytes as the inside of a JSON string; they must be printable ASCII.
    package mutating func jsonEscaped(_ other: ArraySlice<UInt8>) {
        for byte in other {
            if byte == 0x22 || byte == 0x5C { bytes.append(0x5C) }
            bytes.append(byte)
        }
    }
}
