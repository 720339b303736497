// SPDX-License-Identifier: Apache-2.0

/// A time as a log line writes it, before anything is inferred about zone or year.
///
/// Server logs carry local time without a zone, and before Redis 5.0 without a year. What is
/// missing is supplied later, per input and with a stated basis (`ClockSegment`).
package struct Stamp: Hashable, Sendable {
    package enum Form: UInt8, Sendable {
        /// The line carries no time.
        case none
        /// Date, year and time of day, no zone.
        case local
        /// Day, month and time of day; neither year nor zone.
        case localWithoutYear
        /// Date, time and a numeric offset from UTC.
        case zoned
        /// Seconds, milliseconds or microseconds since 1970, in UTC.
        case epoch
        /// Time since boot.
        case uptime
    }

    package enum Precision: UInt8, Sendable {
        case second, millisecond, microsecond

        package var seconds: Double {
            switch self {
            case .second: 1
            case .millisecond: 0.001
            case .microsecond: 0.000_001
            }
        }
    }

    package var form: Form
    package var precision: Precision
    /// The line has no time of its own: this is that of the record above it.
    package var isBorrowed = false
    /// Local time that syslog or the journal put before the message, which has none of its own: the
    /// clock may be another than that of the records in the same input.
    package var isOuter = false
    /// For `zoned`: the written offset from UTC, in seconds.
    package var offsetSeconds: Int32
    /// `local`: the written date and time, read as if it were UTC. `localWithoutYear`: the same
    /// in the leap year 1972. `zoned` and `epoch`: the instant. `uptime`: since boot.
    package var nanoseconds: Int64

    package init(form: Form, precision: Precision, offsetSeconds: Int32 = 0, nanoseconds: Int64) {
        self.form = form
        self.precision = precision
        self.offsetSeconds = offsetSeconds
        self.nanoseconds = nanoseconds
    }

    package static let none = Stamp(form: .none, precision: .second, nanoseconds: 0)
    /// The year that stands in for a missing one: a leap year, so that 29 February exists.
    package static let placeholderYear = 1972
    /// The years a stamp may lie in. What claims another is no time (Go's zero time is in year 1),
    /// and 64 bits of nanoseconds would not hold it.
    package static let years = 1900...2199
    /// The last second of `years`, since 1970.
    package static let lastSecond = 7_258_118_399

    /// Precision, and whether the stamp is borrowed or a wrapper's, in one byte.
    var precisionBits: UInt8 {
        get { precision.rawValue | (isBorrowed ? 0x80 : 0) | (isOuter ? 0x40 : 0) }
        set {
            precision = Precision(rawValue: newValue & 0x3F) ?? .second
            isBorrowed = newValue & 0x80 != 0
            isOuter = newValue & 0x40 != 0
        }
    }

    /// The same, marked as a wrapper's where it has no zone.
    package var outer: Stamp {
        var out = self
        out.isOuter = isLocal
        return out
    }

    package var isKnownInstant: Bool { form == .zoned || form == .epoch }
    package var isLocal: Bool { form == .local || form == .localWithoutYear }
}
