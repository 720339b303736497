// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Reads one kind of JSON document as its events go by.
protocol DocumentReader: Sendable {
    init()

    /// What reports call it.
    static var name: String { get }
    /// Whether a document that begins with these events is of this kind; `nil` where they do not
    /// tell yet.
    static func recognises(_ start: [JSONEvent]) -> Bool?

    mutating func take(_ event: JSONEvent, _ line: SnapshotLine, _ sink: inout SnapshotSink)
    /// The document is over, also where its end is missing.
    mutating func end(_ sink: inout SnapshotSink)
}

/// The kinds of documents, see also `snapshotTrees`.
let documentReaders: [any DocumentReader.Type] = [
    SadfDocument.self, PrometheusDocument.self, TreeDocument.self,
]

/// A JSON document of a known kind, on one line or on many.
///
/// Logs of applications are often JSON, too, a line a record. So a document is looked for only where
/// one can be expected: at the start of an input, below a command or a time, and behind another
/// document that was read; elsewhere if its first bytes say what it is.
struct JSONDocument: SnapshotFormat {
    static let name = "JSON"
    static let openers = [
        "{\"schema\":\"forktopsy.snapshot/", "{\"sysstat\":", "{\"status\":\"success\",\"data\":",
    ]

    static func mayBegin(_ text: Substring) -> Bool { text.first == "{" || text.first == "[" }

    /// Events that are looked at to tell the kind.
    private static let startLimit = 24

    private var scanner = JSONScanner()
    private var reader: (any DocumentReader)?
    /// The first events, until they tell what kind of document this is.
    private var start: [(event: JSONEvent, line: SnapshotLine)] = []
    private var candidates = documentReaders
    private var firstLine = 0
    private var isStopped = false

    var isInside: Bool { reader != nil && !isStopped && !scanner.isComplete }

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        let text = line.text.trimmed
        guard Self.openers.contains(where: { text.hasPrefix($0) }) || sink.context.expectsDocument
        else { return false }
        firstLine = line.number
        return take(line, &sink) && !candidates.isEmpty
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        guard !isStopped, !scanner.isComplete || line.isBlank else { return false }
        var events: [JSONEvent] = []
        let isWhole = scanner.scan(line.text) { events.append($0) }
        guard isWhole || reader != nil else { return false }
        for event in events { give(event, line, &sink) }
        isStopped = !isWhole
        return isWhole && !candidates.isEmpty
    }

    mutating func end(_ sink: inout SnapshotSink) {
        var events: [JSONEvent] = []
        scanner.finish { events.append($0) }
        guard var reader else { return }
        let last = SnapshotLine(number: firstLine, offset: 0, text: "")
        for event in events { reader.take(event, last, &sink) }
        reader.end(&sink)
        sink.context.expectsDocument = true
        guard scanner.isDamaged || isStopped else { return }
        sink.note(
            "the JSON (\(type(of: reader).name)) that begins at line \(firstLine) is damaged; "
                + "what could be read of it was")
    }

    private mutating func give(
        _ event: JSONEvent, _ line: SnapshotLine, _ sink: inout SnapshotSink
    ) {
        if reader != nil {
            reader?.take(event, line, &sink)
            return
        }
        guard !candidates.isEmpty else { return }
        start.append((event, line))
        choose()
        guard reader != nil else { return }
        for (event, line) in start { reader?.take(event, line, &sink) }
        start = []
    }

    private mutating func choose() {
        let events = start.map(\.event)
        for type in candidates {
            switch type.recognises(events) {
            case true?:
                reader = type.init()
                return
            case false?: candidates.removeAll { $0 == type }
            case nil: break
            }
        }
        if start.count >= Self.startLimit { candidates = [] }
    }
}
