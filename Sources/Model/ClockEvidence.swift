// SPDX-License-Identifier: Apache-2.0

/// What an input says about the clock behind its stamps.
package struct ClockEvidence: Sendable {
    /// The first and the last stamp of the input, in file order.
    package var first: Stamp = .none
    package var last: Stamp = .none
    /// The form that most stamps have.
    package var localStamps = 0
    package var instantStamps = 0
    /// Line numbers at which a stamp without a year falls back by more than half a year: New Year.
    package var yearTurns: [Int] = []
    /// Instants in UTC that stand beside local stamps: in signal-handler lines, in INFO.
    package var anchors: [ClockAnchor] = []
    /// Offsets that a wrapper's time shows beside the record's, one for each change.
    package var offsets: [OffsetSpan] = []
    /// An offset that one record shows and no other has confirmed.
    package var candidate: OffsetCandidate?
    /// What times before records, without a zone themselves, are ahead of the records' local time: a
    /// host's syslog may be in another zone than the container that it logs for.
    package var outerOffsets: [OffsetSpan] = []
    package var outerCandidate: OffsetCandidate?
    /// How far wrappers' times are from the records' own.
    package var wrappers = WrapperTimes()
    /// Lines at which a 29 February without a year begins.
    package var leapDays: [Int] = []
    /// Where a local stamp falls back by half an hour to half a year from one record to the next.
    /// Once the input is read to its end, those of them that are changes of the clock's zone: from
    /// that line on local time is so much less ahead of UTC than before.
    package var setbacks: [ClockSetback] = []
    /// How often a stamp is later than the one on the line above, and how often earlier.
    package var forwardSteps = 0
    package var backwardSteps = 0
    /// When the hosts in a journal had booted: wall clock less time since boot, to the second.
    package var boots: [Timestamp] = []
    /// When the host had booted, as commands print it (`uptime -s`, `who -b`).
    package var toldBoots: [ToldBoot] = []
    /// Times since boot that stand before records with a time of their own (journalctl -o
    /// short-monotonic): one for each boot. `instant` counts from the boot.
    package var uptimes: [ClockAnchor] = []
    /// Zones that lines of the input say the host keeps (timedatectl, /etc/timezone).
    package var hostZones: [HostZone] = []
    /// When the file was last written, if that is known.
    package var modifiedAt: Timestamp?
    /// Whose time the stamps show, where the file was read on the host that wrote it.
    package var zoneOfFile: ZoneOfFile?

    package init() {}
}

/// Whose time the stamps of a log show that was read on the host that wrote it.
package enum ZoneOfFile: String, Sendable {
    case host, utc
}

extension ClockEvidence {
    /// An input with more setbacks holds the lines of several clocks.
    package static let setbackLimit = 16

    /// Whether the input stands upside down, as log viewers show it: nearly every step goes back.
    package var isNewestFirst: Bool {
        if backwardSteps >= 2 { return backwardSteps > 3 * forwardSteps }
        // Two lines alone: by more than two processes of one server may be out of step.
        guard backwardSteps == 1, forwardSteps == 0, first.form == last.form, yearTurns.isEmpty
        else { return false }
        let seconds = (first.nanoseconds - last.nanoseconds) / 1_000_000_000
        return seconds >= 1 && !setbacks.contains(where: \.mayBeDaylightSaving)
    }
}

/// A local stamp that lies before the one of the record above it.
package struct ClockSetback: Hashable, Sendable {
    package var line: Int
    /// By how much it is earlier, rounded up.
    package var seconds: Int
    /// One process wrote on both sides, at an hour and in a month in which clocks are set back for
    /// the winter.
    package var mayBeDaylightSaving: Bool
    /// One process wrote on both sides.
    package var isWithinProcess: Bool
    /// The stamp lies behind the first of the input: what stands above goes over the same hours.
    package var repeatsHours: Bool

    package init(
        line: Int, seconds: Int, mayBeDaylightSaving: Bool = false, isWithinProcess: Bool = false,
        repeatsHours: Bool = false
    ) {
        self.line = line
        self.seconds = seconds
        self.mayBeDaylightSaving = mayBeDaylightSaving
        self.isWithinProcess = isWithinProcess
        self.repeatsHours = repeatsHours
    }
}

/// A time zone that a line names as that of a host.
package struct HostZone: Hashable, Sendable {
    package var line: Int
    /// The name in the zone database, or a rule as POSIX writes it; `nil` where none is said.
    package var name: String?
    /// What the line says the zone is ahead of UTC, in seconds.
    package var offsetSeconds: Int?

    package init(line: Int, name: String?, offsetSeconds: Int? = nil) {
        self.line = line
        self.name = name
        self.offsetSeconds = offsetSeconds
    }
}

/// When a host had booted, as a line says it.
package struct ToldBoot: Hashable, Sendable {
    package var line: Int
    package var stamp: Stamp
    /// By how much it may be off, in seconds.
    package var doubtSeconds: Int

    package init(line: Int, stamp: Stamp, doubtSeconds: Int) {
        self.line = line
        self.stamp = stamp
        self.doubtSeconds = doubtSeconds
    }
}

/// From a line on, what local stamps of an input are ahead of UTC.
package struct OffsetSpan: Hashable, Sendable {
    package var line: Int
    package var offsetSeconds: Int
    /// The year of the stamp on that line, where it carries none; else 0.
    package var year: Int

    package init(line: Int, offsetSeconds: Int, year: Int) {
        self.line = line
        self.offsetSeconds = offsetSeconds
        self.year = year
    }
}

/// One instant that stands, with its zone, beside a local stamp.
package struct ClockAnchor: Hashable, Sendable {
    package var line: Int
    package var instant: Timestamp
    package var local: Stamp
    /// INFO shows the instant (`server_time_usec`), and not a signal handler.
    package var isFromInfo: Bool

    package init(line: Int, instant: Timestamp, local: Stamp, isFromInfo: Bool = false) {
        self.line = line
        self.instant = instant
        self.local = local
        self.isFromInfo = isFromInfo
    }
}

/// An offset that a wrapper's time shows beside one record. A shipper that catches up writes times
/// that fit some offset by chance; the records around them fit none, or another.
package struct OffsetCandidate: Hashable, Sendable {
    package var span: OffsetSpan
    /// The wrapper's time, in nanoseconds since 1970.
    package var received: Int64
    /// How much later that is than the record under this offset, in nanoseconds.
    package var lag: Int64

    package init(span: OffsetSpan, received: Int64, lag: Int64) {
        self.span = span
        self.received = received
        self.lag = lag
    }
}

/// What the wrappers of an input say of the time, beside what its records say.
package struct WrapperTimes: Hashable, Sendable {
    /// Records with local time that a time stands before.
    package var records = 0
    /// Those whose time differs from it by a zone's offset, give or take two minutes.
    package var agreeing = 0
    /// Those whose wrapper has no zone, and differs by what zones may.
    package var outer = 0
    /// Records with a zone of their own that a time with a zone stands before.
    package var instants = 0
    /// How much later the wrapper's time is than the local one as written, in nanoseconds.
    package var written: ClosedRange<Int64> = 0...0
    /// The same less the zone's offset, of those that agree and of those with a zone of their own.
    package var lag: ClosedRange<Int64> = 0...0

    package init() {}
}

/// How much later wrappers' times are than the records', in seconds: the least and the most.
package struct WrapperLag: Hashable, Sendable {
    package var least: Double
    package var most: Double

    package init(least: Double, most: Double) {
        self.least = least
        self.most = most
    }
}
