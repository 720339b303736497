// SPDX-License-Identifier: Apache-2.0
// Entries of a journal that mean nothing are passed over: faster, and the same to the last byte.

import Foundation
import Matching
import Model
import PatternFiles
import Reading
import TestSupport
import Testing

@testable import forktopsy

/// The fields of an entry, and its message as bytes.
private struct Entry {
    var fields: [(name: String, value: String)]
    var message: [UInt8]

    /// As `journalctl -o export` writes it: by length where it holds other bytes than text.
    var export: [UInt8] {
        var out = Array(fields.map { "\($0.name)=\($0.value)\n" }.joined().utf8)
        if message.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 > 0x7E }) {
            out += "MESSAGE\n".utf8
            for i in 0..<8 { out.append(UInt8(truncatingIfNeeded: message.count >> (8 * i))) }
            out += message
        } else {
            out += "MESSAGE=".utf8
            out += message
        }
        return out + [0x0A, 0x0A]
    }

    /// As `journalctl -o json` writes it.
    var json: [UInt8] {
        let pairs = fields.map { "\"\($0.name)\":\"\($0.value)\"" }
        var text = ""
        for byte in message {
            switch byte {
            case 0x22, 0x5C: text += "\\" + String(UnicodeScalar(byte))
            case 0x0A: text += "\\n"
            case 0..<0x20: text += "\\u00" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            default: text += String(UnicodeScalar(byte))
            }
        }
        let value =
            message.allSatisfy { $0 < 0x80 }
            ? "\"\(text)\"" : "[" + message.map { "\($0)" }.joined(separator: ",") + "]"
        return Array("{\(pairs.joined(separator: ",")),\"MESSAGE\":\(value)}\n".utf8)
    }
}

/// Entries of several writers, most of which say nothing; in some, texts that mean something stand
/// anywhere.
private func entries(seed: Int, count: Int) -> [Entry] {
    var dice = Seeded(seed)
    let examples = Catalogue.builtIn.patterns.indices.flatMap { i in
        (Catalogue.builtIn.definition(at: i)?.matches ?? []).map(\.line)
    }.filter { !$0.contains("\n") }
    let writers = [
        ("sshd", "ssh.service"), ("cron", "cron.service"), ("nginx", "nginx.service"),
        ("dockerd", "docker.service"), ("app", "app.service"), ("redis-server", "redis.service"),
        ("kernel", ""), ("systemd", "init.scope"), ("redis-sentinel", "redis-sentinel.service"),
    ]
    let words = [
        "Accepted", "publickey", "from", "10.0.0.3", "port:", "session", "opened", "network", "x:M",
        "(root)", "12:30",
        "[12]", "pid", "MISC", "fork:", "errno", "OOM", "\"quoted\"", "back\\slash", "a,\"b\":\"c",
    ]
    let start = 1_732_270_502_000_000
    var boot = start - 5_000_000
    return (0..<count).map { i in
        let (name, unit) = writers[dice.roll(0..<writers.count)]
        var text = (0..<dice.roll(0..<12)).map { _ in words[dice.roll(0..<words.count)] }
            .joined(separator: " ")
        if dice.roll(0..<3) == 0 {
            let example = examples[dice.roll(0..<examples.count)]
            switch dice.roll(0..<4) {
            case 0: text = example
            case 1: text += " " + example
            case 2: text += example + text
            default: text = String(example.dropFirst(dice.roll(0..<30)))
            }
        }
        var message = Array(text.utf8)
        if dice.roll(0..<8) == 0, !message.isEmpty {
            message[dice.roll(0..<message.count)] = dice.byte()
        }
        if dice.roll(0..<150) == 0 { boot += dice.roll(0..<2) * 60_000_000 + 3_000_000 }
        let time = start + i * 1000
        var fields = [
            ("__CURSOR", "s=1;i=\(i)"), ("__REALTIME_TIMESTAMP", "\(time)"),
            ("__MONOTONIC_TIMESTAMP", "\(time - boot)"), ("_HOSTNAME", "h\(dice.roll(0..<2))"),
            ("_TRANSPORT", name == "kernel" ? "kernel" : ["stdout", "syslog"][dice.roll(0..<2)]),
            ("SYSLOG_IDENTIFIER", name), ("_COMM", name), ("_PID", "\(dice.roll(0..<5))"),
        ]
        if !unit.isEmpty { fields.append(("_SYSTEMD_UNIT", unit)) }
        if dice.roll(0..<20) == 0 { fields.remove(at: dice.roll(0..<fields.count)) }
        if dice.roll(0..<20) == 0 { fields.append(("PRIORITY", "6")) }
        return Entry(fields: fields.map { (name: $0.0, value: $0.1) }, message: message)
    }
}

private func lines(of path: String, passesOver: Bool, isPortable: Bool = false) throws -> [String] {
    var extractor = Extractor(catalogue: .builtIn)
    extractor.passesOver = passesOver
    extractor.isPortable = isPortable
    var walker = InputWalker()
    try walker.add(path)
    return try walker.found.flatMap { try extractor.extract($0) }.flatMap(Pipeline.lines)
}

struct OrdinaryEntryTests {
    @Test(arguments: 1...6) func `Journals give the same with and without it`(seed: Int) throws {
        try withTemporaryFolder { folder in
            let entries = entries(seed: seed, count: 3000)
            let path = folder + "/journal"
            for bytes in [entries.flatMap(\.export), entries.flatMap(\.json)] {
                try Data(bytes).write(to: URL(fileURLWithPath: path))
                let expected = try lines(of: path, passesOver: false)
                #expect(expected.count > 100)
                #expect(try lines(of: path, passesOver: true) == expected)
                #expect(try lines(of: path, passesOver: true, isPortable: true) == expected)
            }
        }
    }

    @Test func `Damaged journals give the same with and without it`() throws {
        var dice = Seeded(7)
        let entries = entries(seed: 8, count: 200)
        try withTemporaryFolder { folder in
            let path = folder + "/journal"
            for round in 0..<60 {
                var bytes = entries.flatMap { round % 2 == 0 ? $0.export : $0.json }
                for _ in 0..<dice.roll(1..<20) {
                    bytes[dice.roll(40..<bytes.count)] =
                        dice.roll(0..<2) == 0
                        ? dice.byte() : Array("\"\\,:{}[]=\n ".utf8)[dice.roll(0..<11)]
                }
                try Data(bytes).write(to: URL(fileURLWithPath: path))
                let expected = try lines(of: path, passesOver: false)
                #expect(try lines(of: path, passesOver: true) == expected, "round \(round)")
            }
        }
    }

    @Test func `Entries of other programs do not reach the matcher`() throws {
        let quiet = (0..<2000).map { i in
            Entry(
                fields: [
                    ("__REALTIME_TIMESTAMP", "\(1_732_270_502_000_000 + i)"),
                    ("_TRANSPORT", "syslog"), ("SYSLOG_IDENTIFIER", "sshd"), ("_PID", "\(i)"),
                ],
                message: Array("Accepted publickey for deploy from 10.0.0.\(i % 250)".utf8))
        }
        try withTemporaryFolder { folder in
            let path = folder + "/journal"
            for bytes in [quiet.flatMap(\.export), quiet.flatMap(\.json)] {
                try Data(bytes).write(to: URL(fileURLWithPath: path))
                var lent = 0
                let options = ReadOptions(screen: Catalogue.builtIn.screen)
                try InputReader.read(path: path, name: path, options: options) { _, run in
                    _ = run { _, _, _, _ in lent += 1 }
                }
                #expect(lent > 0 && lent < 20)
            }
        }
    }
}
