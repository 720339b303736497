// SPDX-License-Identifier: Apache-2.0

/// What reading one input yielded, besides its events: what it is, how much of it was
/// understood, what was lost, and what it says about its own clock.
package struct InputFacts: Sendable {
    package var path: String
    package var kind: InputKind = .unknown
    /// Record forms and wrappings seen, most frequent first, joined by ` + `.
    package var format: String = ""
    package var bytes: Int64 = 0
    package var lines: Int = 0
    package var records: Int = 0
    /// Records and raw lines that became events but carry no time of their own.
    package var undated: Int = 0
    /// Messages that the server itself cut at 1,023 bytes.
    package var messagesCutByServer: Int = 0
    package var damage = Damage()
    package var problems: [String] = []
    package var processes: [ProcessSpan] = []
    /// Who wrote into this input; always at least one.
    package var streams: [WriterStream] = [WriterStream()]
    package var clock = ClockEvidence()

    package init(path: String) { self.path = path }
}

package enum InputKind: String, Sendable, CaseIterable {
    case log, journal, kernel, snapshot, facts
    case ownReport = "own-report"
    case unknown
}

/// One writer in an input that may hold several: a journal, a syslog, a compose log.
package struct WriterStream: Hashable, Sendable {
    package var host: String?
    package var identifier: String?
    package var unit: String?
    package var container: String?

    package init(
        host: String? = nil, identifier: String? = nil, unit: String? = nil,
        container: String? = nil
    ) {
        self.host = host
        self.identifier = identifier
        self.unit = unit
        self.container = container
    }
}

/// What was damaged or unreadable. Anything above zero here makes exit code 3.
package struct Damage: Hashable, Sendable {
    package var archives = 0
    package var entries = 0
    package var linesCut = 0
    package var bytesSkipped: Int64 = 0
    package var filesUnreadable = 0

    package init() {}

    package var isNone: Bool { self == Damage() }

    package static func += (a: inout Damage, b: Damage) {
        a.archives += b.archives
        a.entries += b.entries
        a.linesCut += b.linesCut
        a.bytesSkipped += b.bytesSkipped
        a.filesUnreadable += b.filesUnreadable
    }
}

/// One process id in one input: where and when it wrote, and in what roles.
package struct ProcessSpan: Sendable {
    package var pid: Int32
    package var stream: UInt16
    package var records: Int
    package var isChild: Bool
    package var isSentinel: Bool
    package var firstLine: Int
    package var lastLine: Int
    package var first: Stamp
    package var last: Stamp

    package init(
        pid: Int32, stream: UInt16 = 0, records: Int = 0, isChild: Bool, isSentinel: Bool,
        firstLine: Int,
        lastLine: Int, first: Stamp, last: Stamp
    ) {
        self.pid = pid
        self.stream = stream
        self.records = records
        self.isChild = isChild
        self.isSentinel = isSentinel
        self.firstLine = firstLine
        self.lastLine = lastLine
        self.first = first
        self.last = last
    }
}

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
    /// Signal-handler lines: the UTC instant they carry beside the local stamps around them.
    package var anchors: [ClockAnchor] = []
    /// Offsets that a wrapper's time shows beside the record's, one for each change.
    package var offsets: [OffsetSpan] = []
    /// Where a local stamp falls back by half an hour to half a year from one record to the next.
    /// Once the input is read to its end, those of them that are changes of the clock's zone: from
    /// that line on local time is so much less ahead of UTC than before.
    package var setbacks: [ClockSetback] = []
    /// How often a stamp is later than the one on the line above, and how often earlier.
    package var forwardSteps = 0
    package var backwardSteps = 0
    /// When the hosts in a journal had booted: wall clock less time since boot, to the second.
    package var boots: [Timestamp] = []
    /// Times since boot that stand before records with a time of their own (journalctl -o
    /// short-monotonic): one for each boot. `instant` counts from the boot.
    package var uptimes: [ClockAnchor] = []
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
        guard backwardSteps == 1, forwardSteps == 0, first.form == last.form else { return false }
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

    package init(line: Int, seconds: Int, mayBeDaylightSaving: Bool = false) {
        self.line = line
        self.seconds = seconds
        self.mayBeDaylightSaving = mayBeDaylightSaving
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

    package init(line: Int, instant: Timestamp, local: Stamp) {
        self.line = line
        self.instant = instant
        self.local = local
    }
}

/// A stretch of an input over which one rule turns stamps into instants, and what that rests on.
package struct ClockSegment: Hashable, Sendable {
    package enum Basis: String, Sendable, CaseIterable {
        case explicit
        case inRecord = "in-record"
        case wrapper
        case journalTwin = "journal-twin"
        case signalHandler = "signal-handler"
        case infoClock = "info-clock"
        case neighbour
        case fileTime = "file-time"
        case assumedUTC = "assumed-utc"
    }

    package enum YearBasis: String, Sendable, CaseIterable {
        case inRecord = "in-record"
        case explicit
        case wrapper
        case journalTwin = "journal-twin"
        case rotation
        case fileTime = "file-time"
        case neighbour
        case assumed
    }

    package var from: Timestamp?
    package var to: Timestamp?
    /// `nil` where it varies over the segment (a zone with daylight saving).
    package var utcOffsetSeconds: Int?
    package var shiftSeconds: Double
    package var basis: Basis
    package var yearBasis: YearBasis

    package init(
        from: Timestamp?, to: Timestamp?, utcOffsetSeconds: Int?, shiftSeconds: Double = 0,
        basis: Basis, yearBasis: YearBasis
    ) {
        self.from = from
        self.to = to
        self.utcOffsetSeconds = utcOffsetSeconds
        self.shiftSeconds = shiftSeconds
        self.basis = basis
        self.yearBasis = yearBasis
    }
}
