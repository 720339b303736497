// SPDX-License-Identifier: Apache-2.0

/// The moments at which `tail` does what has to be done now and then: all of it together, so that a
/// quiet host is woken once for it.
enum Beat {
    /// Seconds between two beats.
    static let seconds = 30.0

    /// The first beat behind `now` (monotonic seconds).
    static func next(after now: Double) -> Double {
        ((now / seconds).rounded(.down) + 1) * seconds
    }
}
