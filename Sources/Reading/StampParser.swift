// SPDX-License-Identifier: Apache-2.0

package import Model

/// Reads times as logs write them. Each function returns the stamp and the index behind it, or
/// nothing where no time stands or it lies outside `Stamp.years`.
enum StampParser {
    /// `22 Nov 2024 10:15:02.123`, without year before Redis 5.0, without milliseconds before 2.6.
    @inline(__always)
    static func serverDate(_ line: Span<UInt8>, at start: Int) -> (Stamp, Int)? {
        guard let day = line.twoDigits(at: start) ?? singleDigitDay(line, at: start),
            line.byte(start + 2) == 0x20, day >= 1, day <= 31,
            let month = month(line, at: start + 3), line.byte(start + 6) == 0x20
        else { return nil }
        // "Nov 2024 10:" has a blank where "Nov 10:15:" has a colon or digits.
        var year = Stamp.placeholderYear
        var form = Stamp.Form.localWithoutYear
        var i = start + 7
        if line.byte(i + 4) == 0x20, let high = line.twoDigits(at: i),
            let low = line.twoDigits(at: i + 2)
        {
            year = high * 100 + low
            form = .local
            i += 5
        }
        guard let (seconds, nanoseconds, precision, end) = clock(line, at: i),
            Stamp.years.contains(year)
        else { return nil }
        return (stamp(form, year, month, day, seconds, nanoseconds, precision), end)
    }

    /// `2024-11-22T10:15:02.123+01:00`, also with a blank for `T`, a comma before the fraction,
    /// `Z`, `+0100`, or no zone at all.
    static func iso8601(_ line: Span<UInt8>, at start: Int) -> (Stamp, Int)? {
        guard let high = line.twoDigits(at: start), let low = line.twoDigits(at: start + 2),
            line.byte(start + 4) == 0x2D, let month = line.twoDigits(at: start + 5),
            line.byte(start + 7) == 0x2D, let day = line.twoDigits(at: start + 8),
            line.byte(start + 10) == 0x54 || line.byte(start + 10) == 0x20,
            month >= 1, month <= 12, day >= 1, day <= 31,
            Stamp.years.contains(high * 100 + low),
            let (seconds, nanoseconds, precision, clockEnd) = clock(line, at: start + 11)
        else { return nil }
        let local = stamp(.local, high * 100 + low, month, day, seconds, nanoseconds, precision)
        guard let (offset, end) = zone(line, at: clockEnd) else { return (local, clockEnd) }
        var zoned = local
        zoned.form = .zoned
        zoned.offsetSeconds = Int32(offset)
        zoned.nanoseconds -= Int64(offset) * 1_000_000_000
        return (zoned, end)
    }

    /// `Nov 14 22:13:20`, as syslog and journalctl's short output write it (RFC 3164).
    static func syslogDate(_ line: Span<UInt8>, at start: Int) -> (Stamp, Int)? {
        guard let month = month(line, at: start) else { return nil }
        return syslogDate(line, month: month, endingAt: start + 3)
    }

    /// The same under another locale: `Mär 14 22:13:20`.
    static func localisedSyslogDate(_ line: Span<UInt8>, at start: Int) -> (Stamp, Int)? {
        guard let (month, end) = MonthNames.month(line, at: start) else { return nil }
        return syslogDate(line, month: month, endingAt: end)
    }

    /// The day and the time of day after the month's name.
    private static func syslogDate(
        _ line: Span<UInt8>, month: Int, endingAt monthEnd: Int
    )
        -> (Stamp, Int)?
    {
        guard line.byte(monthEnd) == 0x20,
            let day = line.twoDigits(at: monthEnd + 1) ?? singleDigitDay(line, at: monthEnd + 1),
            line.byte(monthEnd + 3) == 0x20, day >= 1, day <= 31,
            let (seconds, nanoseconds, precision, end) = clock(line, at: monthEnd + 4)
        else { return nil }
        return (
            stamp(
                .localWithoutYear, Stamp.placeholderYear, month, day, seconds, nanoseconds,
                precision),
            end
        )
    }

    /// `1700000000.001200` or `1732270502123`: seconds with a fraction, or milliseconds.
    static func epoch(_ line: Span<UInt8>, at start: Int) -> (Stamp, Int)? {
        guard let (whole, end) = line.number(at: start, limit: 13) else { return nil }
        if end - start == 13 {
            guard whole / 1000 <= Stamp.lastSecond else { return nil }
            return (
                Stamp(form: .epoch, precision: .millisecond, nanoseconds: Int64(whole) * 1_000_000),
                end
            )
        }
        guard end - start == 10, whole <= Stamp.lastSecond else { return nil }
        let seconds = Int64(whole) * 1_000_000_000
        guard line.byte(end) == 0x2E,
            let (nanoseconds, precision, behind) = fraction(line, at: end + 1)
        else { return (Stamp(form: .epoch, precision: .second, nanoseconds: seconds), end) }
        return (
            Stamp(form: .epoch, precision: precision, nanoseconds: seconds + nanoseconds), behind
        )
    }

    /// Three English letters; servers never localise them.
    @inline(__always)
    static func month(_ line: Span<UInt8>, at i: Int) -> Int? {
        guard i + 3 <= line.count else { return nil }
        let key = UInt32(line[i]) << 16 | UInt32(line[i + 1]) << 8 | UInt32(line[i + 2])
        return switch key {
        case 0x4A616E: 1
        case 0x466562: 2
        case 0x4D6172: 3
        case 0x417072: 4
        case 0x4D6179: 5
        case 0x4A756E: 6
        case 0x4A756C: 7
        case 0x417567: 8
        case 0x536570: 9
        case 0x4F6374: 10
        case 0x4E6F76: 11
        case 0x446563: 12
        default: nil
        }
    }

    /// `+01:00`, `-0330`, `Z`; seconds east of UTC.
    static func zone(_ line: Span<UInt8>, at i: Int) -> (Int, Int)? {
        if line.byte(i) == 0x5A { return (0, i + 1) }
        let sign = line.byte(i)
        guard sign == 0x2B || sign == 0x2D, let hours = line.twoDigits(at: i + 1) else {
            return nil
        }
        let minutesAt = line.byte(i + 3) == 0x3A ? i + 4 : i + 3
        guard let minutes = line.twoDigits(at: minutesAt) else { return nil }
        let offset = hours * 3600 + minutes * 60
        return (sign == 0x2D ? -offset : offset, minutesAt + 2)
    }

    private static func singleDigitDay(_ line: Span<UInt8>, at i: Int) -> Int? {
        guard line.byte(i) == 0x20, isDigit(line.byte(i + 1)) else { return nil }
        return Int(line.byte(i + 1) - 0x30)
    }

    /// `HH:MM:SS` with an optional fraction.
    @inline(__always)
    private static func clock(
        _ line: Span<UInt8>, at i: Int
    ) -> (Int, Int64, Stamp.Precision, Int)? {
        guard let hour = line.twoDigits(at: i), line.byte(i + 2) == 0x3A,
            let minute = line.twoDigits(at: i + 3), line.byte(i + 5) == 0x3A,
            let second = line.twoDigits(at: i + 6), hour < 24, minute < 60, second < 61
        else { return nil }
        let seconds = hour * 3600 + minute * 60 + second
        if line.byte(i + 8) == 0x2E || line.byte(i + 8) == 0x2C,
            let (nanoseconds, precision, end) = fraction(line, at: i + 9)
        {
            return (seconds, nanoseconds, precision, end)
        }
        return (seconds, 0, .second, i + 8)
    }

    @inline(__always)
    private static func fraction(
        _ line: Span<UInt8>, at i: Int
    ) -> (Int64, Stamp.Precision, Int)? {
        guard let (value, end) = line.number(at: i, limit: 9) else { return nil }
        var nanoseconds = Int64(value)
        for _ in 0..<(9 - (end - i)) { nanoseconds *= 10 }
        return (nanoseconds, end - i > 3 ? .microsecond : .millisecond, end)
    }

    @inline(__always)
    private static func stamp(
        _ form: Stamp.Form, _ year: Int, _ month: Int, _ day: Int, _ seconds: Int,
        _ nanoseconds: Int64, _ precision: Stamp.Precision
    ) -> Stamp {
        let days = Int64(CivilTime.days(year: year, month: month, day: day))
        return Stamp(
            form: form, precision: precision,
            nanoseconds: (days * 86_400 + Int64(seconds)) * 1_000_000_000 + nanoseconds)
    }
}

/// The instant of an RFC 3339 time; without a zone it is taken for UTC.
package func instant(rfc3339 text: String) -> Timestamp? {
    let bytes = Array(text.utf8)
    guard let (stamp, end) = StampParser.iso8601(bytes.span, at: 0), end == bytes.count else {
        return nil
    }
    return Timestamp(nanoseconds: stamp.nanoseconds)
}
