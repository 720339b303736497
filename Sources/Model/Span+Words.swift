// SPDX-License-Identifier: Apache-2.0

extension Span<UInt8> {
    /// The eight bytes from `i` on, the first one lowest. They must lie within the span.
    @inlinable @inline(__always)
    package func word(_ i: Int) -> UInt64 {
        precondition(i >= 0 && i <= count &- 8)
        return unsafe withUnsafeBytes {
            UInt64(littleEndian: unsafe $0.loadUnaligned(fromByteOffset: i, as: UInt64.self))
        }
    }
}
