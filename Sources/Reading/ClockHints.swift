// SPDX-License-Identifier: Apache-2.0

package import Model

/// What the inputs beside one tell of its clock.
package struct ClockHints: Sendable {
    /// Offsets of this input's lines, as other inputs show them.
    package var twins: [OffsetSpan] = []
    /// What `twins` rests on: the same records in another input, or what a neighbour did.
    package var twinBasis = ClockSegment.Basis.journalTwin
    /// When the host booted, where stamps count from there.
    package var boot: (at: Timestamp, basis: ClockSegment.Basis)?
    /// By how much `boot` may be off, in seconds.
    package var bootDoubt = 0.0
    /// What local time is ahead of UTC by the save times that INFO tells, in seconds.
    package var infoOffset: Int?
    /// The zone of inputs beside this one, the last thing to go by.
    package var zone: TimeZoneRules?
    /// `zone` is that of the host, whose syslog and kernel may stand around records of another.
    package var isHostZone = false
    /// What local stamps are to be moved by, where a neighbour's clock shows that, in seconds.
    package var shiftSeconds = 0
    /// What all stamps are to be moved by, in nanoseconds: another input has the same records, always
    /// so much later.
    package var skew: Int64 = 0
    /// The year of the newest stamp without one, and what that rests on.
    package var year: (value: Int, basis: ClockSegment.YearBasis)?
    /// The input that tells all this.
    package var witness: String?
    /// Of that input itself nothing tells the zone.
    package var isRelative = false

    package init() {}
}
