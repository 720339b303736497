// SPDX-License-Identifier: Apache-2.0
// Lines as a broken disk, a careless editor or an attacker leaves them: counted, never fatal.

import Foundation
import Model
import TestSupport
import Testing

@testable import Reading

/// How often the dice are thrown; `FORKTOPSY_FUZZ=1000` takes as many times longer.
private let rounds =
    40 * (ProcessInfo.processInfo.environment["FORKTOPSY_FUZZ"].flatMap { Int($0) } ?? 1)

private let seeds =
    HeaderRow.all.map(\.line)
    + [
        "Nov 22 10:15:02 host redis[1]: Can't save in background: fork: Cannot allocate memory",
        "Nov 22 10:15:02 host redis-server[1]: 1:M 22 Nov 2024 10:15:02.123 # \u{0}x",
        "<134>1 2024-11-22T10:15:02.123456+01:00 host redis 1 - [a b=\"c\"] message",
        "<30>Nov 22 10:15:02 host kernel: [  937.219873] Out of memory: Killed process 4711 "
            + "(redis-server)",
        "[  937.219873] oom-kill:constraint=CONSTRAINT_MEMCG,task=redis-server,pid=4711,uid=999",
        "[Sun Nov 22 11:32:48 2026] oom_reaper: reaped process 4711 (redis-server)",
        "Tue 2023-11-14 22:13:20 UTC host systemd[1]: redis.service: A process of this unit has "
            + "been killed",
        "2024-11-22T10:15:02.123456789Z stdout F 1:M 22 Nov 2024 10:15:02.123 * DB saved on disk",
        "redis_1  | 1:M 22 Nov 2024 10:15:02.123 * Ready to accept connections",
        "[pod/redis-0/redis] 1:M 22 Nov 2024 10:15:02.123 * Ready to accept connections",
        "1700000000.001200 host redis[1]: 1:M 22 Nov 2024 10:15:02.123 * x",
        #"{"log":"1:M 22 Nov 2024 10:15:02.123 # Can't save in background: fork: \u0041\n","stream":"stdout"}"#,
        "\u{1B}[31m1:M 22 Nov 2024 10:15:02.123 # x\u{1B}[0m",
        "> > 1:M 22 Nov 2024 10:15:02.123 # x",
        "=== REDIS BUG REPORT START: Cut & paste starting from here ===", "used_memory:863512", "",
        "\r",
    ].map { $0 }

private let journals = [
    "__CURSOR=s=1\n__REALTIME_TIMESTAMP=1732270502123456\n__MONOTONIC_TIMESTAMP=937219873\n_BOOT_ID=a\n"
        + "_TRANSPORT=stdout\n_HOSTNAME=h\n_PID=7\nSYSLOG_IDENTIFIER=redis\n"
        + "MESSAGE\n\u{1D}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}1:M 22 Nov 2024 10:15:02.1 #\n\n",
    #"{"__CURSOR":"s=1","__REALTIME_TIMESTAMP":"1732270502123456","__MONOTONIC_TIMESTAMP":"937219873","_BOOT_ID":"a","#
        + #""_TRANSPORT":"kernel","MESSAGE":[79,117,116],"_PID":"7"}"# + "\n",
    #"{"__REALTIME_TIMESTAMP":"1732270502123456","_BOOT_ID":"a","SYSLOG_IDENTIFIER":["redis","x"],"#
        + #""MESSAGE":"1:M 22 Nov 2024 10:15:02.123 # \u00e9\n"}"# + "\n",
].map { Array($0.utf8) }

extension Seeded {
    /// `bytes` with some of them changed, gone, doubled or made absurd.
    fileprivate mutating func damaged(_ bytes: [UInt8], times: Int) -> [UInt8] {
        var out = bytes
        for _ in 0..<times {
            let place = roll(0..<out.count + 1)
            let length = Swift.min(roll(1..<9), out.count - place)
            switch roll(0..<9) {
            case 0: out.insert(byte(), at: place)
            case 1: out.removeSubrange(place..<place + length)
            case 2: out.removeSubrange(place...)
            case 3: out.insert(contentsOf: out[place..<place + length], at: place)
            case 4 where place < out.count: out[place] ^= 1 << UInt8(roll(0..<8))
            case 5:
                out.insert(contentsOf: [UInt8](repeating: byte(), count: roll(1..<40)), at: place)
            case 6:
                // The numbers grow, shrink or lose their ends.
                for i in out.indices where isDigit(out[i]) && roll(0..<3) > 0 { out[i] = 0x39 }
            case 7:
                for i in out.indices where isDigit(out[i]) && roll(0..<3) > 0 { out[i] = 0x30 }
            default:
                if let other = seeds.randomElement(using: &self) {
                    out.insert(contentsOf: Array(other.utf8), at: place)
                }
            }
        }
        return out
    }
}

/// Says what is wrong with a classification of `line`, if anything is.
private func problem(_ found: ClassifiedLine, _ line: [UInt8]) -> String? {
    guard found.message.lowerBound >= 0, found.message.upperBound <= line.count else {
        return "message outside the line"
    }
    _ = found.message(of: line)
    for stamp in [found.header.stamp, found.wrapper]
    where stamp.form != .none && stamp.form != .uptime {
        let year = CivilTime(timestamp: Timestamp(nanoseconds: stamp.nanoseconds)).year
        // An offset may move the instant over the edge.
        if !(Stamp.years.lowerBound - 1...Stamp.years.upperBound + 1).contains(year) {
            return "year \(year)"
        }
    }
    return found.header.pid < 0 ? "pid \(found.header.pid)" : nil
}

@Test(arguments: 0..<rounds)
func damagedLinesAreClassified(seed: Int) {
    var dice = Seeded(seed)
    var classifier = LineClassifier()
    for text in seeds {
        for _ in 0..<8 {
            let line = dice.damaged(Array(text.utf8), times: dice.roll(1..<5))
            let found = classifier.classify(line.span)
            if let problem = problem(found, line) {
                Issue.record(
                    "\(problem): \(String(decoding: line, as: UTF8.self).debugDescription)")
            }
            #expect(Int(found.header.stream) < classifier.streams.count)
        }
    }
}

@Test(arguments: 0..<rounds)
func damagedFilesAreReadToTheirEnd(seed: Int) throws {
    var dice = Seeded(1_000_000 + seed)
    var bytes: [UInt8] = []
    for _ in 0..<dice.roll(1..<150) {
        let line = Array((seeds.randomElement(using: &dice) ?? "").utf8)
        bytes += dice.roll(0..<3) == 0 ? dice.damaged(line, times: 2) : line
        bytes.append(0x0A)
    }
    try readAndPlace(bytes, &dice)
}

@Test(arguments: 0..<rounds)
func randomBytesAreReadToTheirEnd(seed: Int) throws {
    var dice = Seeded(2_000_000 + seed)
    let kinds: [[UInt8]] = [
        [], Array("#*-.:MSCX 0123456789[]|\n".utf8), Array("{}[]\"\\:,u0 pid\n=".utf8),
    ]
    let alphabet = kinds[dice.roll(0..<3)]
    let bytes = (0..<dice.roll(0..<6000)).map { _ in
        alphabet.randomElement(using: &dice) ?? dice.byte()
    }
    try readAndPlace(bytes, &dice)
}

@Test(arguments: 0..<rounds)
func damagedJournalsAreReadToTheirEnd(seed: Int) throws {
    var dice = Seeded(3_000_000 + seed)
    let entry = journals[seed % journals.count]
    var bytes = dice.roll(0..<4) == 0 ? dice.damaged(entry, times: 2) : entry
    for _ in 0..<dice.roll(1..<30) {
        bytes += dice.roll(0..<2) == 0 ? dice.damaged(entry, times: dice.roll(1..<4)) : entry
    }
    try readAndPlace(bytes, &dice)
}

/// Reads, checks the counts, and places every stamp in time.
private func readAndPlace(_ bytes: [UInt8], _ dice: inout Seeded) throws {
    let (facts, seen) = try readLog(bytes)
    #expect(facts.records == seen.count { $0.isRecord })
    #expect(facts.bytes <= bytes.count && facts.lines <= bytes.count { $0 == 0x0A } + 1)
    if facts.kind != .journal {
        // Several records may stand in one line, where line feeds were lost.
        let numbers = Set(seen.map(\.line))
        #expect(facts.lines >= numbers.count)
        #expect(
            zip(seen, seen.dropFirst()).allSatisfy { $0.line <= $1.line && $0.offset <= $1.offset })
    }
    for one in seen {
        #expect(Int(one.header.stream) < facts.streams.count)
        // A journal's last line without a line feed is not counted among its lines.
        let lines = facts.lines + (facts.kind == .journal ? 1 : 0)
        let isInside =
            one.line >= 1 && one.line <= lines && one.offset >= 0 && one.offset < bytes.count
        #expect(
            isInside, "line \(one.line) of \(facts.lines), offset \(one.offset) of \(bytes.count)")
    }
    var options = ClockOptions()
    if dice.roll(0..<2) == 0 { options.newestYear = dice.roll(1800..<2300) }
    if dice.roll(0..<2) == 0 {
        options.now = Timestamp(nanoseconds: Int64(bitPattern: dice.next()))
    }
    var known = facts
    if dice.roll(0..<2) == 0 { known.clock.modifiedAt = nil }
    var hints = ClockHints()
    hints.boot = facts.clock.boots.first.map { ($0, .journalTwin) }
    var clock = InputClock(known, options, hints)
    var times: [Timestamp] = []
    for one in seen {
        if let time = clock.instant(of: one.header.stamp, line: one.line) { times.append(time) }
    }
    _ = clock.segments(known, from: times.first, to: times.last)
    for time in times { _ = time.rfc3339 }
}
