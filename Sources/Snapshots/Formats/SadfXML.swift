// SPDX-License-Identifier: Apache-2.0

internal import Model

/// `sadf -x`: a `timestamp` element for each moment, and in it an element for each activity.
///
/// Not a reader of XML: it takes the tags of a line as they come, so that a lost line costs what
/// stood on it. Source: sysstat 12.6.1, xml_stats.c.
struct SadfXML: SnapshotFormat {
    static let name = "sadf -x"
    static let openers = ["<!DOCTYPE sysstat", "<sysstat", "<host nodename=", "<timestamp date="]

    private var rows = SadfRows(format: SadfXML.name)
    /// The activity whose elements follow.
    private var section: String?
    private var isOver = false

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        take(line, &sink)
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        let text = line.text.trimmed
        guard !isOver else { return false }
        // A tag may go over several lines; those that begin otherwise hold attributes.
        guard
            text.hasPrefix("<") || text.contains("=\"") || text.hasPrefix("\"http")
                || text.isEmpty
        else { return false }
        let tags = text.split(separator: "<")
        for (i, tag) in tags.enumerated() {
            // A text whose end is missing may be cut.
            let isClosed = i + 1 < tags.count && tags[i + 1].hasPrefix("/")
            take(tag: tag, isClosed: isClosed, line, &sink)
        }
        return true
    }

    mutating func end(_ sink: inout SnapshotSink) { rows.next(&sink) }

    /// One tag without its `<`, and the text behind it: `memfree>18245624`, `/memory>`.
    private mutating func take(
        tag: Substring, isClosed: Bool, _ line: SnapshotLine, _ sink: inout SnapshotSink
    ) {
        guard let close = tag.firstIndex(of: ">") else { return }
        let inner = tag[..<close]
        let text = tag[tag.index(after: close)...].trimmed
        let name = String(inner.prefix { $0 != " " && $0 != "/" })
        if inner.hasPrefix("/") {
            leave(String(inner.dropFirst()), &sink)
            return
        }
        let attributes = Self.attributes(inner.dropFirst(name.count))
        switch name {
        case "host": rows.host = attributes.first { $0.name == "nodename" }?.value
        case "timezone": rows.zone = String(text)
        case "timestamp":
            rows.beginTime(&sink)
            for (name, value) in attributes { rows.setTime(name, value, line) }
            rows.endTime()
            section = nil
        case _ where Sysstat.sections.contains(name):
            rows.begin(section: name, line, &sink)
            section = name
            for (member, value) in attributes { rows.set(name, member, value, line) }
        case _ where !text.isEmpty && isClosed:
            if let section { rows.set(section, name, String(text), line) }
        default: break
        }
    }

    private mutating func leave(_ name: String, _ sink: inout SnapshotSink) {
        switch name {
        case "timestamp": rows.next(&sink)
        case "sysstat": isOver = true
        case section: section = nil
        default: break
        }
    }

    private static func attributes(_ text: Substring) -> [(name: String, value: String)] {
        let parts = text.split(separator: "\"", omittingEmptySubsequences: false)
        var out: [(name: String, value: String)] = []
        for i in stride(from: 0, to: parts.count - 2, by: 2) where parts[i].hasSuffix("=") {
            out.append((String(parts[i].dropLast().trimmed), String(parts[i + 1])))
        }
        return out
    }
}
