// SPDX-License-Identifier: Apache-2.0

internal import Model

extension ClockEvidence {
    /// What local time is ahead of UTC, in seconds, by when the file was last written: as a rule with
    /// its last record. `nil` where the two are not just a zone's offset apart, as in a file that was
    /// copied since.
    ///
    /// The kernel stamps files with a clock that is up to 10 ms behind (Linux v6.6,
    /// `current_time` in fs/inode.c); archives and old file systems keep whole seconds.
    var fileOffset: Int? {
        guard let written = modifiedAt, last.isLocal else { return nil }
        var local = last.nanoseconds
        if last.form == .localWithoutYear { local = last.inYear(last.year(near: written)) }
        if last.isOuter { local -= Int64(outerOffsets.last?.offsetSeconds ?? 0) * 1_000_000_000 }
        let isWhole = written.nanoseconds % 1_000_000_000 == 0
        let early: Int64 = isWhole ? 1_000_000_000 : 20_000_000
        let late: Int64 = last.precision == .second ? 1_050_000_000 : 50_000_000
        for seconds in Self.zoneOffsets {
            let later = written.nanoseconds &- (local &- Int64(seconds) * 1_000_000_000)
            if later >= -early, later <= late { return seconds }
        }
        return nil
    }

    /// Offsets from UTC that zones have, in seconds (tzdata 2024a): whole hours, half hours, and
    /// Nepal, Eucla and the Chatham Islands.
    static let zoneOffsets: [Int] =
        (-12...14).map { $0 * 3600 }
        + [-34_200, -12_600, -9000, 12_600, 16_200, 19_800, 23_400, 34_200, 37_800]
        + [20_700, 31_500, 45_900, 49_500]
}
