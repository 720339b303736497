// SPDX-License-Identifier: Apache-2.0
// The calendar, and instants at the edges of what 64 bits hold.

import Model
import Testing

/// Walks the calendar one day at a time by nothing but the lengths of months.
private struct Calendar: Sequence, IteratorProtocol {
    var year: Int
    var month = 1
    var day = 1

    mutating func next() -> (year: Int, month: Int, day: Int)? {
        defer { advance() }
        return (year, month, day)
    }

    private mutating func advance() {
        let isLeap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0)
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        day += 1
        if day > lengths[month - 1] { (month, day) = (month + 1, 1) }
        if month > 12 { (year, month) = (year + 1, 1) }
    }
}

@Test func everyDayFrom1900To2100IsItsNumberAndBack() {
    // 1 January 1900 is 70 years of 365 days and 17 leap days before 1970.
    var number = -(70 * 365 + 17)
    for date in Calendar(year: 1900) where date.year <= 2100 || number < 0 {
        if date.year > 2100 { break }
        let back = CivilTime.date(daysSinceEpoch: number)
        guard CivilTime.days(year: date.year, month: date.month, day: date.day) == number,
            back == date
        else {
            Issue.record("\(date) is day \(number), which is read as \(back)")
            return
        }
        number += 1
        if date == (2100, 12, 31) { break }
    }
    // 131 years after 1970, with 32 leap days: 1972 … 2096; 2100 is none.
    #expect(number == 131 * 365 + 32)
}

@Test(arguments: [
    (1900, false), (1996, true), (2000, true), (2023, false), (2024, true), (2100, false),
])
func leapYearsFollowGregory(year: Int, isLeap: Bool) {
    #expect(CivilTime.isLeap(year) == isLeap)
    let length =
        CivilTime.days(year: year, month: 3, day: 1) - CivilTime.days(year: year, month: 2, day: 1)
    #expect(length == (isLeap ? 29 : 28))
}

@Test(arguments: [
    (0, "1970-01-01T00:00:00.000Z"),
    (-1, "1969-12-31T23:59:59.999Z"),
    (1_000_000_000_999_999_999, "2001-09-09T01:46:40.999Z"),
    (1_709_208_000_000_000_000, "2024-02-29T12:00:00.000Z"),
    (1_732_270_502_123_000_000, "2024-11-22T10:15:02.123Z"),
    (Int64.min, "1677-09-21T00:12:43.145Z"),
    (Int64.max, "2262-04-11T23:47:16.854Z"),
])
func instantsPrintAsRFC3339(nanoseconds: Int64, text: String) {
    #expect(Timestamp(nanoseconds: nanoseconds).rfc3339 == text)
}

@Test(arguments: [(0, "10:15:02"), (3600, "11:15:02"), (-12_600, "06:45:02"), (50_400, "00:15:02")])
func anOffsetMovesTheClock(offset: Int, clock: String) {
    let time = CivilTime(timestamp: Timestamp(seconds: 1_732_270_502), offsetSeconds: offset)
    #expect(time.clockToSecond == clock)
    #expect(time.date == (offset == 50_400 ? "2024-11-23" : "2024-11-22"))
}

@Test func instantsBeyondTheRangeStopAtItsEnds() {
    #expect(Timestamp(seconds: .max) == Timestamp(nanoseconds: .max))
    #expect(Timestamp(seconds: .min) == Timestamp(nanoseconds: .min))
    #expect(Timestamp(milliseconds: .max) == Timestamp(nanoseconds: .max))
    let now = Timestamp(seconds: 1_732_270_502)
    for seconds in [1e10, 1e30, Double.infinity] {
        #expect(now.adding(seconds: seconds) == Timestamp(nanoseconds: .max))
        #expect(Timestamp(seconds: -1).adding(seconds: -seconds) == Timestamp(nanoseconds: .min))
    }
    #expect(now.adding(seconds: .nan) == now)
    #expect(now.adding(seconds: 1.5).seconds(since: now) == 1.5)
}

@Test(arguments: [
    (7, 3, 2, 1), (-7, 3, -3, 2), (-6, 3, -2, 0), (0, 3, 0, 0),
    (-1, 1_000_000_000, -1, 999_999_999),
])
func flooredDivisionNeverLeavesANegativeRest(number: Int64, by: Int64, quotient: Int64, rest: Int64)
{
    let (q, r) = number.flooredQuotient(by: by)
    #expect(q == quotient)
    #expect(r == rest)
}
