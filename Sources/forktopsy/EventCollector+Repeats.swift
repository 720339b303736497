// SPDX-License-Identifier: Apache-2.0
// Lines that say again what the record above them says.

internal import Model
internal import Reading

extension EventCollector {
    /// Records above a line among which the one is looked for that it repeats, and lines.
    private static let echoReach = (events: 8, lines: 16)

    /// Whether a line without a header holds the message of a record just above it, and no other has
    /// taken that: a server that writes to its standard output and to syslog stands twice in what
    /// `journalctl -o cat` prints.
    mutating func isEcho(_ line: Span<UInt8>, _ place: RecordPlace) -> Bool {
        guard place.classified.scope == .raw, place.classified.header.form == .none,
            place.classified.message.lowerBound == 0, line.count >= 16
        else { return false }
        let first = max(lastEchoed + 1, log.count - Self.echoReach.events)
        for k in first..<max(first, log.count) {
            let above = place.line - log.line(at: k)
            guard above > 0, above <= Self.echoReach.lines else { continue }
            let event = log.packed(at: k)
            guard event.header.form != .none, event.bytes.count > line.count,
                event.decoded.isEmpty, ends(event.bytes, with: line)
            else { continue }
            lastEchoed = k
            return true
        }
        return false
    }

    private func ends(_ bytes: [UInt8], with line: Span<UInt8>) -> Bool {
        let start = bytes.count - line.count
        for i in 0..<line.count where bytes[start + i] != line[i] { return false }
        return true
    }

    /// Takes `last message repeated 5 times`, which syslog daemons of old write in place of equal
    /// messages that follow each other (BSD syslogd, sysklogd, busybox): the event on the line above
    /// counts so much more often. False for other lines.
    mutating func repeatLast(_ line: Span<UInt8>, _ place: RecordPlace) -> Bool {
        guard let count = SyslogRepetition.count(line), log.count > 0,
            log.line(at: log.count - 1) == place.line - 1
        else { return false }
        var event = log.packed(at: log.count - 1)
        switch event.header.form {
        case .bareMessage, .kernel, .daemon: break
        default: return false
        }
        let stamp = place.classified.header.stamp
        if stamp.form == event.header.stamp.form { event.header.stamp = stamp }
        event.line = place.line
        event.offset = place.offset
        for _ in 0..<min(count, Self.mostRepetitions) { log.append(event) }
        return true
    }

    /// More is not believed of one line.
    private static let mostRepetitions = 1000
}
