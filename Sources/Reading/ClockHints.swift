// SPDX-License-Identifier: Apache-2.0

package import Model

/// What the inputs beside one tell of its clock.
package struct ClockHints: Sendable {
    /// Offsets of this input's lines, as another input with the same records shows them.
    package var twins: [OffsetSpan] = []
    /// When the host booted, where stamps count from there.
    package var boot: (at: Timestamp, basis: ClockSegment.Basis)?
    /// What local time is ahead of UTC by the save times that INFO tells, in seconds.
    package var infoOffset: Int?
    /// The zone of inputs beside this one, the last thing to go by.
    package var zone: TimeZoneRules?
    /// What local stamps are to be moved by, where a neighbour's clock shows that, in seconds.
    package var shiftSeconds = 0
    /// The year of the newest stamp without one, and what that rests on.
    package var year: (value: Int, basis: ClockSegment.YearBasis)?

    package init() {}
}
