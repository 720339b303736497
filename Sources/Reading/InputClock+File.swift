// SPDX-License-Identifier: Apache-2.0
// The zone of a log that is read where it is written.

package import Model

extension ClockEvidence {
    /// The zone of the stamps, by the last of them and the moment at which the file was last
    /// written, which is known as long as it lies where the server has written it. Only the host's
    /// zone and UTC come into question, which containers keep.
    ///
    /// `nil` where neither fits, and where the host keeps UTC, so that nothing has to be told apart.
    package func zoneOfFile(hostZone: TimeZoneRules) -> ZoneOfFile? {
        guard let modifiedAt, last.isLocal else { return nil }
        let offset = hostZone.offset(at: modifiedAt)
        guard offset != 0 else { return nil }
        var written = last.nanoseconds
        if last.form == .localWithoutYear { written = last.inYear(last.year(near: modifiedAt)) }
        let ahead = Double(written &- modifiedAt.nanoseconds) / 1e9
        if Self.isMoment(ahead) { return .utc }
        return Self.isMoment(ahead - Double(offset)) ? .host : nil
    }

    /// A line is written right behind its stamp, and either time may leave out the fraction of the second.
    private static func isMoment(_ seconds: Double) -> Bool { (-2...1.2).contains(seconds) }
}
