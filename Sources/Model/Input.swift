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
    /// How far all times of the segment may be off together, in seconds.
    package var uncertaintySeconds: Double
    /// How much later the times before records are than the records' own, as placed; `nil` where
    /// records stand alone.
    package var wrapperLag: WrapperLag?
    /// The path of the input that shows it; `nil` where it is this one, or not an input.
    package var shownBy: String?

    package init(
        from: Timestamp?, to: Timestamp?, utcOffsetSeconds: Int?, shiftSeconds: Double = 0,
        basis: Basis, yearBasis: YearBasis, uncertaintySeconds: Double = 0,
        wrapperLag: WrapperLag? = nil, shownBy: String? = nil
    ) {
        self.shownBy = shownBy
        self.uncertaintySeconds = uncertaintySeconds
        self.wrapperLag = wrapperLag
        self.from = from
        self.to = to
        self.utcOffsetSeconds = utcOffsetSeconds
        self.shiftSeconds = shiftSeconds
        self.basis = basis
        self.yearBasis = yearBasis
    }
}
