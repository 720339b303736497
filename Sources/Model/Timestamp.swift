// SPDX-License-Identifier: Apache-2.0

/// An instant, in nanoseconds since 1970-01-01T00:00:00Z without leap seconds.
package struct Timestamp: Hashable, Comparable, Sendable {
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
    /// What lies beyond the years 1677 to 2262 becomes their first or last instant.
    package init(seconds: Int64) { self.nanoseconds = seconds.clampedProduct(1_000_000_000) }
    package init(milliseconds: Int64) { self.nanoseconds = milliseconds.clampedProduct(1_000_000) }

    package static func < (a: Timestamp, b: Timestamp) -> Bool { a.nanoseconds < b.nanoseconds }

    /// The distance from `earlier` to `self`, in seconds.
    package func seconds(since earlier: Timestamp) -> Double {
        Double(nanoseconds &- earlier.nanoseconds) / 1e9
    }

    /// The instant `seconds` later, or the last that there is: logs can name any duration.
    package func adding(seconds: Double) -> Timestamp {
        let (sum, isBeyond) = nanoseconds.addingReportingOverflow(Int64(clamping: seconds * 1e9))
        return Timestamp(nanoseconds: isBeyond ? (seconds < 0 ? .min : .max) : sum)
    }

    /// RFC 3339 in UTC with milliseconds, as every machine-readable output prints it.
    package var rfc3339: String {
        let c = CivilTime(timestamp: self)
        return "\(c.date)T\(c.clock)Z"
    }
}

/// A calendar date and a time of day, in whatever zone its holder says.
package struct CivilTime: Hashable, Sendable {
    package var year: Int
    package var month: Int
    package var day: Int
    package var hour: Int
    package var minute: Int
    package var second: Int
    package var nanosecond: Int

    package init(timestamp: Timestamp, offsetSeconds: Int = 0) {
        let (wholeSeconds, fraction) = timestamp.nanoseconds.flooredQuotient(by: 1_000_000_000)
        let (days, secondOfDay) = (wholeSeconds + Int64(offsetSeconds)).flooredQuotient(by: 86_400)
        (year, month, day) = Self.date(daysSinceEpoch: Int(days))
        hour = Int(secondOfDay) / 3600
        minute = Int(secondOfDay) / 60 % 60
        second = Int(secondOfDay) % 60
        nanosecond = Int(fraction)
    }

    /// `2026-11-22`
    package var date: String { "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))" }
    /// `12:01:38.682`
    package var clock: String { "\(clockToSecond).\(padded(nanosecond / 1_000_000, 3))" }
    /// `12:01:38`
    package var clockToSecond: String {
        "\(padded(hour, 2)):\(padded(minute, 2)):\(padded(second, 2))"
    }

    /// Days since 1970-01-01 of a date in the proleptic Gregorian calendar.
    package static func days(year: Int, month: Int, day: Int) -> Int {
        let y = month <= 2 ? year - 1 : year
        let era = (y >= 0 ? y : y - 399) / 400
        let yearOfEra = y - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// The date that lies `daysSinceEpoch` days after 1970-01-01.
    package static func date(daysSinceEpoch: Int) -> (year: Int, month: Int, day: Int) {
        let z = daysSinceEpoch + 719_468
        let era = (z >= 0 ? z : z - 146_096) / 146_097
        let dayOfEra = z - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month,
            dayOfYear - (153 * shifted + 2) / 5 + 1
        )
    }

    package static func isLeap(_ year: Int) -> Bool {
        (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
    }
}

extension Int64 {
    /// Division that rounds towards negative infinity, so that the remainder is never negative.
    package func flooredQuotient(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (q, r) = quotientAndRemainder(dividingBy: divisor)
        return r < 0 ? (q - 1, r + divisor) : (q, r)
    }

    /// The product, or the smallest or largest number where it does not fit.
    package func clampedProduct(_ factor: Int64) -> Int64 {
        let (product, isBeyond) = multipliedReportingOverflow(by: factor)
        return isBeyond ? ((self < 0) == (factor < 0) ? .max : .min) : product
    }

    /// The whole part of `value`, or the nearest number that there is; 0 for what is no number.
    package init(clamping value: Double) {
        self =
            value.isNaN
            ? 0 : Int64(exactly: value.rounded(.towardZero)) ?? (value < 0 ? .min : .max)
    }
}

/// `value` in decimal, with zeros in front up to `width` digits.
package func padded(_ value: Int, _ width: Int) -> String {
    let digits = String(value)
    return digits.count >= width
        ? digits : String(repeating: "0", count: width - digits.count) + digits
}
