// SPDX-License-Identifier: Apache-2.0

/// The time of a generated log: it only goes forward.
package struct LogClock: Sendable {
    /// Milliseconds since 1970.
    package private(set) var milliseconds: Int
    private var second = -1
    private var prefix: [UInt8] = []

    /// 2025-01-01T00:00:00Z.
    package static let start = 1_735_689_600_000

    package init(milliseconds: Int = LogClock.start) { self.milliseconds = milliseconds }

    package mutating func advance(_ step: Int) { milliseconds += step }

    /// The present moment as a server writes it: `01 Jan 2025 00:00:00.123`.
    package mutating func stamp(_ out: inout ByteBuffer) {
        if milliseconds / 1000 != second {
            second = milliseconds / 1000
            prefix = Self.text(second)
        }
        out.append(prefix)
        out.number(milliseconds % 1000, width: 3)
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func text(_ second: Int) -> [UInt8] {
        let date = civil(day: second / 86_400)
        let inDay = second % 86_400
        var out = ByteBuffer(capacity: 24)
        out.number(date.day, width: 2)
        out.append(Array(" \(months[date.month - 1]) \(date.year) ".utf8))
        out.number(inDay / 3600, width: 2)
        out.text(":")
        out.number(inDay / 60 % 60, width: 2)
        out.text(":")
        out.number(inDay % 60, width: 2)
        out.text(".")
        return out.bytes
    }

    /// The date of a day since 1970 (Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    static func civil(day: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = day + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let year = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * year + year / 4 - year / 100)
        let month = (5 * dayOfYear + 2) / 153
        return (
            year: year + era * 400 + (month >= 10 ? 1 : 0),
            month: month < 10 ? month + 3 : month - 9,
            day: dayOfYear - (153 * month + 2) / 5 + 1
        )
    }
}
