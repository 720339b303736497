// SPDX-License-Identifier: Apache-2.0

/// A die whose rolls are fixed by its seed, so that what failed once fails again: SplitMix64
/// (Steele, Lea, Flood 2014), the same on every machine.
package struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    package init(_ seed: Int) { state = UInt64(bitPattern: Int64(seed)) }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    package mutating func roll(_ range: Range<Int>) -> Int { .random(in: range, using: &self) }
    package mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: next()) }
}
