// SPDX-License-Identifier: Apache-2.0

/// A stream of numbers that is fixed by its seed: SplitMix64 (Steele, Lea and Flood 2014).
package struct RandomSource: Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    /// 64 bits.
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A number in `0 ..< bound`.
    package mutating func below(_ bound: Int) -> Int {
        Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// A number in `0 ..< 1`.
    package mutating func share() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// True in `share` of all calls.
    package mutating func happens(_ share: Double) -> Bool { self.share() < share }
}
