// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Abbreviations of time zones, as `journalctl -o short-full` and its header lines print them.
///
/// Only those that stand for one offset in the zones of today (tzdata 2025b). `CST` is Chicago's,
/// Shanghai's and Havana's, `IST` India's, Israel's and Ireland's, `PST` Los Angeles' and Manila's:
/// such names say nothing.
enum ZoneNames {
    private static let minutes: [(StaticString, Int)] = [
        ("UTC", 0), ("GMT", 0), ("WET", 0), ("WEST", 60), ("BST", 60), ("CET", 60), ("CEST", 120),
        ("EET", 120), ("EEST", 180), ("MSK", 180), ("WAT", 60), ("CAT", 120), ("SAST", 120),
        ("EAT", 180), ("PKT", 300), ("WIB", 420), ("HKT", 480), ("AWST", 480), ("JST", 540),
        ("KST", 540), ("ACST", 570), ("ACDT", 630), ("AEST", 600), ("AEDT", 660), ("NZST", 720),
        ("NZDT", 780), ("NST", -210), ("NDT", -150), ("AST", -240), ("ADT", -180), ("EST", -300),
        ("EDT", -240), ("MST", -420), ("MDT", -360), ("PDT", -420), ("AKST", -540),
        ("AKDT", -480), ("HST", -600), ("SST", -660),
    ]

    /// What stands for a zone at `start` up to a blank, a comma or a full stop: seconds east of UTC,
    /// which are not known of every name, and the index behind it.
    static func zone(_ line: Span<UInt8>, at start: Int) -> (seconds: Int?, end: Int)? {
        if let (seconds, end) = numeric(line, at: start) { return (seconds, end) }
        var end = start
        while end < line.count, (line[end] | 0x20) &- 0x61 < 26 { end += 1 }
        guard end > start, end - start <= 5 else { return nil }
        for (name, minutes) in minutes
        where name.utf8CodeUnitCount == end - start && line.has(name, at: start) {
            return (minutes * 60, end)
        }
        return (nil, end)
    }

    /// `+08` and `+0530`, as zones without a name of their own print themselves.
    private static func numeric(_ line: Span<UInt8>, at start: Int) -> (Int, Int)? {
        if let zone = StampParser.zone(line, at: start), line.byte(start) != 0x5A { return zone }
        let sign = line.byte(start)
        guard sign == 0x2B || sign == 0x2D, let hours = line.twoDigits(at: start + 1),
            !isDigit(line.byte(start + 3))
        else { return nil }
        return (sign == 0x2D ? -hours * 3600 : hours * 3600, start + 3)
    }

    /// The zone of the short forms of journalctl, whose header names it with both of its times:
    /// `-- Logs begin at Mon 2020-03-02 10:00:00 CET, end at Sun 2020-03-22 17:00:00 CET. --`, since
    /// systemd 249 `-- Journal begins at …, ends at …. --`. The year is 0 where it turns between.
    static func ofHeader(_ line: Span<UInt8>) -> (seconds: Int, year: Int)? {
        guard line.has("-- Logs begin at ", at: 0) || line.has("-- Journal begins at ", at: 0),
            let first = line.find("at "), let comma = line.first(0x2C, from: first),
            let second = line.find("at ", from: comma),
            let begin = time(line, at: first + 3), let end = time(line, at: second + 3),
            begin.seconds == end.seconds
        else { return nil }
        return (begin.seconds, begin.year == end.year ? begin.year : 0)
    }

    /// `Mon 2020-03-02 10:00:00 CET`
    private static func time(
        _ line: Span<UInt8>, at start: Int
    ) -> (seconds: Int, year: Int)? {
        guard let (stamp, end) = StampParser.iso8601(line, at: start + 4), line.byte(end) == 0x20,
            let seconds = zone(line, at: end + 1)?.seconds
        else { return nil }
        return (seconds, CivilTime(timestamp: Timestamp(nanoseconds: stamp.nanoseconds)).year)
    }
}
