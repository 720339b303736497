// SPDX-License-Identifier: Apache-2.0
// Purpose: a small stand-in for Reading's header parser, so that examples can be tried as messages
// without importing another stage.

import Foundation
import Matching
import Model
import PatternFiles

/// Reads the header of an example line; nil for a line without one.
func exampleHeader(_ line: [UInt8]) -> ExampleRecord? {
    var text = Scanner(line)
    return text.server() ?? text.syslog() ?? text.kernel()
}

/// Reads a line from the left; a step that fails leaves everything as it was.
private struct Scanner {
    private let bytes: [UInt8]
    private var at = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    private var rest: [UInt8] { Array(bytes[at...]) }

    private mutating func attempt<T>(_ body: (inout Scanner) -> T?) -> T? {
        var copy = self
        guard let result = body(&copy) else { return nil }
        self = copy
        return result
    }

    private mutating func take(_ text: String) -> Bool {
        guard bytes[at...].starts(with: text.utf8) else { return false }
        at += text.utf8.count
        return true
    }

    private mutating func take(one set: String) -> Bool {
        guard at < bytes.count, set.utf8.contains(bytes[at]) else { return false }
        at += 1
        return true
    }

    private mutating func digits(_ count: ClosedRange<Int> = 1...20) -> Bool {
        let first = at
        while at < bytes.count, (48...57).contains(bytes[at]) { at += 1 }
        return count.contains(at - first)
    }

    /// Bytes up to `end`, which is taken too.
    private mutating func field(_ end: String) -> String? {
        guard let range = Data(rest).range(of: Data(end.utf8)) else { return nil }
        let text = String(decoding: bytes[at..<at + range.lowerBound], as: UTF8.self)
        at += range.upperBound
        return text
    }
}

// MARK: - Times

extension Scanner {
    private mutating func clock() -> Bool {
        digits(2...2) && take(":") && digits(2...2) && take(":") && digits(2...2)
    }

    private mutating func month() -> Bool {
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
            .contains { take($0) }
    }

    private mutating func fraction() {
        _ = attempt { $0.take(one: ".,") && $0.digits() ? true : nil }
    }

    private mutating func iso() -> Bool {
        attempt { text in
            guard text.digits(4...4), text.take("-"), text.digits(2...2), text.take("-"),
                text.digits(2...2), text.take(one: "T "), text.clock()
            else { return nil }
            text.fraction()
            if text.take("Z") { return true }
            _ = text.attempt { zone in
                guard zone.take(one: "+-"), zone.digits(2...4) else { return nil as Bool? }
                _ = zone.take(":") && zone.digits(2...2)
                return true
            }
            return true
        } ?? false
    }

    /// `22 Nov 2024 10:15:02.123`, also without year or milliseconds.
    private mutating func redisTime() -> Bool {
        attempt { text in
            guard text.digits(2...2), text.take(" "), text.month(), text.take(" ") else {
                return nil
            }
            _ = text.attempt { $0.digits(4...4) && $0.take(" ") ? true : nil }
            guard text.clock() else { return nil }
            text.fraction()
            return true
        } ?? false
    }
}

// MARK: - Forms

extension Scanner {
    mutating func server() -> ExampleRecord? {
        bracketed() ?? role() ?? signalHandler() ?? logfmt() ?? json() ?? glog()
    }

    private mutating func message(_ scope: PatternScope) -> ExampleRecord {
        ExampleRecord(scope: scope, message: rest)
    }

    private mutating func levelAndMessage(_ scope: PatternScope) -> ExampleRecord? {
        guard take(" "), take(one: "\0.*#- "), take(" ") else { return nil }
        return message(scope)
    }

    private mutating func bracketed() -> ExampleRecord? {
        attempt { text in
            guard text.take("["), text.digits(), text.take("] "), text.redisTime() else {
                return nil
            }
            return text.levelAndMessage(.server)
        }
    }

    private mutating func role() -> ExampleRecord? {
        attempt { text in
            guard text.digits(), text.take(":") else { return nil }
            _ = text.attempt { $0.digits() && $0.take(":") ? true : nil }
            let isSentinel = text.take("X")
            guard isSentinel || text.take(one: "MSC"), text.take(" ") else { return nil }
            let hasTime = text.redisTime() || text.iso() || text.digits(13...13)
            return hasTime ? text.levelAndMessage(isSentinel ? .sentinel : .server) : nil
        }
    }

    private mutating func signalHandler() -> ExampleRecord? {
        attempt { text in
            let opens =
                text.attempt { $0.digits() && $0.take(":signal-handler (") ? true : nil }
                ?? text.attempt {
                    $0.take("[") && $0.digits() && $0.take(" | signal handler] (") ? true : nil
                }
            guard opens == true, text.digits(), text.take(") ") else { return nil }
            return text.message(.server)
        }
    }

    private mutating func logfmt() -> ExampleRecord? {
        attempt { text in
            guard text.take("pid="), text.digits(), text.field(" message=\"") != nil,
                text.bytes.last == UInt8(ascii: "\"")
            else { return nil }
            return ExampleRecord(scope: .server, message: Array(text.rest.dropLast()))
        }
    }

    private mutating func glog() -> ExampleRecord? {
        attempt { text in
            guard text.take(one: "IWEF"), text.digits(8...8), text.take(" "), text.clock() else {
                return nil
            }
            text.fraction()
            return text.field("] ") == nil ? nil : text.message(.server)
        }
    }

    private mutating func json() -> ExampleRecord? {
        guard bytes.starts(with: "{\"pid\":".utf8),
            let object = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any],
            let message = object["message"] as? String
        else { return nil }
        return ExampleRecord(scope: .server, message: Array(message.utf8))
    }

    mutating func syslog() -> ExampleRecord? {
        attempt { text in
            let hasTime = text.iso() || text.syslogTime()
            guard hasTime, text.take(" "), let host = text.field(" "), !host.isEmpty,
                let tag = text.field(": "), !tag.contains(" ")
            else { return nil }
            let name = String(tag.prefix { $0 != "[" })
            _ = text.attempt { $0.take("[") && $0.uptime() && $0.take("] ") ? true : nil }
            switch name {
            case "kernel": return text.message(.kernel)
            case "systemd-journald": return text.message(.journald)
            case "earlyoom": return text.message(.systemd)
            case _ where name.hasPrefix("systemd"): return text.message(.systemd)
            default: return exampleHeader(text.rest) ?? text.message(.server)
            }
        }
    }

    private mutating func syslogTime() -> Bool {
        attempt { text in
            guard text.month(), text.take(" ") else { return nil }
            _ = text.take(" ")
            guard text.digits(1...2), text.take(" "), text.clock() else { return nil }
            text.fraction()
            return true
        } ?? false
    }

    private mutating func uptime() -> Bool {
        while take(" ") {}
        return digits() && take(".") && digits()
    }

    mutating func kernel() -> ExampleRecord? {
        attempt { text in
            _ = text.attempt { $0.take("<") && $0.digits() && $0.take(">") ? true : nil }
            if text.attempt({ $0.iso() && $0.take(" ") ? true : nil }) != nil {
                return text.message(.kernel)
            }
            guard text.take("[") else { return nil }
            let isUptime = text.attempt { $0.uptime() && $0.take("]") ? true : nil } != nil
            if !isUptime {
                guard let stamp = text.field("]"), stamp.count == 24 else { return nil }
            }
            _ = text.attempt {
                $0.take("[") && ($0.field("]")?.contains(" ") == true || true) ? true : nil
            }
            return text.take(" ") ? text.message(.kernel) : nil
        }
    }
}

// MARK: - The repository

/// The repository's folder `name`.
func repositoryFolder(_ name: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: name).path
}

/// Every pattern file of the repository, in the order of names.
func patternTexts() -> [PatternText] {
    let root = repositoryFolder("Patterns")
    let names = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
    return names.filter { $0.hasSuffix(".toml") }.sorted().compactMap { name in
        FileManager.default.contents(atPath: root + "/" + name).map {
            PatternText(path: root + "/" + name, name: name, bytes: Array($0))
        }
    }
}

/// Everything that `texts` define.
func definitions(of texts: [PatternText]) -> [PatternDefinition] {
    texts.compactMap { PatternFile.read($0).file?.definition }
}

/// The captures of a match, as text.
func captures(
    _ bounds: [Int32], of pattern: PatternInfo, in message: [UInt8]
) -> [String: String] {
    var found: [String: String] = [:]
    for (i, slot) in pattern.captures.enumerated() where bounds[2 * i] >= 0 {
        let bytes = message[Int(bounds[2 * i])..<Int(bounds[2 * i + 1])]
        found[slot.name] = String(decoding: bytes, as: UTF8.self)
    }
    return found
}
