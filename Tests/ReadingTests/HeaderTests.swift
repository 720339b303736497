// SPDX-License-Identifier: Apache-2.0
// Every generation of server lines, and every place at which one can be cut.

import Model
import Testing

@testable import Reading

/// A line and what it says of itself. `at` is the written time, with 1972 for a missing year.
struct HeaderRow: Sendable, CustomTestStringConvertible {
    var line: String
    var form: HeaderForm
    var stamp: Stamp.Form
    var at: String
    var pid: Int32
    var thread: Int32 = 0
    var role: Role = .unknown
    var level: Level
    var message: String
    var precision: Stamp.Precision = .millisecond

    var bytes: [UInt8] { Array(line.utf8) }
    var testDescription: String { line }
}

private let refused = "Can't save in background: fork: Cannot allocate memory"
private let shutdown = "Received SIGTERM scheduling shutdown..."

extension HeaderRow {
    static let all = oldServers + servers + valkeyStamps + structured + others

    static let oldServers = [
        HeaderRow(
            line:
                "[25324] 15 Sep 16:00:02 # Can't rewrite append only file in background: fork: Cannot allocate memory",
            form: .bracketedPID, stamp: .localWithoutYear, at: "1972-09-15T16:00:02.000Z",
            pid: 25324,
            level: .warning,
            message: "Can't rewrite append only file in background: fork: Cannot allocate memory",
            precision: .second),
        HeaderRow(
            line: "[1249] 05 May 14:40:16.963 # Server started, Redis version 2.8.4",
            form: .bracketedPID, stamp: .localWithoutYear, at: "1972-05-05T14:40:16.963Z",
            pid: 1249,
            level: .warning, message: "Server started, Redis version 2.8.4"),
        HeaderRow(
            line: "1255:M 14 Oct 03:00:46.069 # \(refused)",
            form: .roleWithoutYear, stamp: .localWithoutYear, at: "1972-10-14T03:00:46.069Z",
            pid: 1255,
            role: .master, level: .warning, message: refused),
        HeaderRow(
            line: "12:S 29 Feb 00:00:00.000 * DB saved on disk",
            form: .roleWithoutYear, stamp: .localWithoutYear, at: "1972-02-29T00:00:00.000Z",
            pid: 12,
            role: .replica, level: .notice, message: "DB saved on disk"),
        HeaderRow(
            line: "[1249 | signal handler] (1430836816) \(shutdown)",
            form: .signalHandler, stamp: .epoch, at: "2015-05-05T14:40:16.000Z", pid: 1249,
            level: .warning, message: shutdown, precision: .second),
        HeaderRow(
            line: "[17164 | signal handler](1385145181) \(shutdown)",
            form: .signalHandler, stamp: .epoch, at: "2013-11-22T18:33:01.000Z", pid: 17164,
            level: .warning, message: shutdown, precision: .second),
    ]

    static let servers = [
        HeaderRow(
            line: "1:M 22 Nov 2024 10:15:02.123 # \(refused)",
            form: .roleWithYear, stamp: .local, at: "2024-11-22T10:15:02.123Z", pid: 1,
            role: .master,
            level: .warning, message: refused),
        HeaderRow(
            line: "2147483647:C 01 Jan 2025 00:00:00.000 - Background AOF buffer size: 0 MB",
            form: .roleWithYear, stamp: .local, at: "2025-01-01T00:00:00.000Z", pid: .max,
            role: .child,
            level: .verbose, message: "Background AOF buffer size: 0 MB"),
        HeaderRow(
            line: "7:X 31 Dec 2024 23:59:59.999 . +sdown master mymaster 127.0.0.1 6379",
            form: .roleWithYear, stamp: .local, at: "2024-12-31T23:59:59.999Z", pid: 7,
            role: .sentinel,
            level: .debug, message: "+sdown master mymaster 127.0.0.1 6379"),
        HeaderRow(
            line: "1:22:M 22 Nov 2024 10:15:02.123 # \(refused)",
            form: .threadRole, stamp: .local, at: "2024-11-22T10:15:02.123Z", pid: 1, thread: 22,
            role: .master, level: .warning, message: refused),
        // A syslog constant printed as a level: NUL in redis 6.0.7 - 6.2.16, a blank in KeyDB.
        HeaderRow(
            line:
                "9:M 22 Nov 2024 10:15:02.123 \0 Unable to write oom_score_adj: Permission denied",
            form: .roleWithYear, stamp: .local, at: "2024-11-22T10:15:02.123Z", pid: 9,
            role: .master,
            level: .unknown, message: "Unable to write oom_score_adj: Permission denied"),
        HeaderRow(
            line: "1:22:S 22 Nov 2024 10:15:02.123   Thread 1 alive.",
            form: .threadRole, stamp: .local, at: "2024-11-22T10:15:02.123Z", pid: 1, thread: 22,
            role: .replica, level: .unknown, message: "Thread 1 alive."),
        HeaderRow(
            line: "8:M 14 Oct 03:00:46.069 \0 wait3() returned an error. rdb_child_pid = 1",
            form: .roleWithoutYear, stamp: .localWithoutYear, at: "1972-10-14T03:00:46.069Z",
            pid: 8,
            role: .master, level: .unknown, message: "wait3() returned an error. rdb_child_pid = 1"),
        HeaderRow(
            line: "1:signal-handler (1732270502) \(shutdown)",
            form: .signalHandler, stamp: .epoch, at: "2024-11-22T10:15:02.000Z", pid: 1,
            level: .warning,
            message: shutdown, precision: .second),
    ]

    static let valkeyStamps = [
        HeaderRow(
            line: "29785:M 2024-11-22T10:15:02.123+01:00 # \(refused)",
            form: .roleISO8601, stamp: .zoned, at: "2024-11-22T09:15:02.123Z", pid: 29785,
            role: .master,
            level: .warning, message: refused),
        HeaderRow(
            line: "29785:S 2024-11-22T10:15:02.123-09:30 * Ready to accept connections tcp",
            form: .roleISO8601, stamp: .zoned, at: "2024-11-22T19:45:02.123Z", pid: 29785,
            role: .replica,
            level: .notice, message: "Ready to accept connections tcp"),
        HeaderRow(
            line: "29785:M 2024-11-22T10:15:02.123+00:00 # \(refused)",
            form: .roleISO8601, stamp: .zoned, at: "2024-11-22T10:15:02.123Z", pid: 29785,
            role: .master,
            level: .warning, message: refused),
        HeaderRow(
            line: "29785:M 1795348391032 # \(refused)",
            form: .roleMilliseconds, stamp: .epoch, at: "2026-11-22T11:53:11.032Z", pid: 29785,
            role: .master, level: .warning, message: refused),
    ]

    private static let stamps: [(String, Stamp.Form, String)] = [
        ("22 Nov 2024 10:15:02.123", .local, "2024-11-22T10:15:02.123Z"),
        ("2024-11-22T10:15:02.123+01:00", .zoned, "2024-11-22T09:15:02.123Z"),
        ("1732270502123", .epoch, "2024-11-22T10:15:02.123Z"),
    ]

    private static let words: [(String, Role, String, Level)] = [
        ("primary", .master, "warning", .warning), ("replica", .replica, "notice", .notice),
        ("RDB/AOF", .child, "info", .verbose), ("sentinel", .sentinel, "debug", .debug),
    ]

    static let structured = stamps.flatMap { time, stamp, at in
        words.flatMap { role, roleValue, level, levelValue in
            [
                HeaderRow(
                    line:
                        #"pid=1 role=\#(role) timestamp="\#(time)" level=\#(level) message="\#(refused)""#,
                    form: .logfmt, stamp: stamp, at: at, pid: 1, role: roleValue, level: levelValue,
                    message: refused),
                HeaderRow(
                    line:
                        #"{"pid":1,"role":"\#(role)","timestamp":"\#(time)","level":"\#(level)","message":"\#(refused)"}"#,
                    form: .json, stamp: stamp, at: at, pid: 1, role: roleValue, level: levelValue,
                    message: refused),
            ]
        }
    }

    static let others = [
        HeaderRow(
            line:
                "I20240402 06:52:46.653319     1 dfly_main.cc:680] Found 320.00MiB available memory. Setting maxmemory to 256.00MiB",
            form: .glog, stamp: .local, at: "2024-04-02T06:52:46.653Z", pid: 0, thread: 1,
            level: .notice,
            message: "Found 320.00MiB available memory. Setting maxmemory to 256.00MiB",
            precision: .microsecond),
        HeaderRow(
            line: "E20240402 06:52:46.653319 12 rdb_save.cc:1] No space left",
            form: .glog, stamp: .local, at: "2024-04-02T06:52:46.653Z", pid: 0, thread: 12,
            level: .warning,
            message: "No space left", precision: .microsecond),
    ]
}

/// What differs between a header and its row, or nothing.
private func differences(_ found: ClassifiedLine, _ line: [UInt8], _ row: HeaderRow) -> [String] {
    let header = found.header
    var out: [String] = []
    if header.form != row.form { out.append("form \(header.form)") }
    if header.stamp.form != row.stamp { out.append("stamp \(header.stamp.form)") }
    if header.stamp.precision != row.precision { out.append("precision \(header.stamp.precision)") }
    let at = Timestamp(nanoseconds: header.stamp.nanoseconds).rfc3339
    if at != row.at { out.append("at \(at)") }
    if header.pid != row.pid { out.append("pid \(header.pid)") }
    if header.threadID != row.thread { out.append("thread \(header.threadID)") }
    if header.role != row.role { out.append("role \(header.role)") }
    if header.level != row.level { out.append("level \(header.level)") }
    if found.scope != (row.role == .sentinel ? .sentinel : .server) {
        out.append("scope \(found.scope)")
    }
    let message = String(decoding: found.message(of: line), as: UTF8.self)
    if message != row.message { out.append("message \(message)") }
    return out
}

@Test(arguments: HeaderRow.all)
func everyGenerationIsRecognised(row: HeaderRow) {
    #expect(differences(classify(row.bytes), row.bytes, row) == [])
}

@Test(arguments: HeaderRow.all)
func carriageReturnsAreNoPartOfMessages(row: HeaderRow) throws {
    let (facts, seen) = try readLog(row.line + "\r\n" + row.line + "\n" + row.line + "\r")
    #expect(facts.lines == 3 && facts.records == 3)
    for one in seen { #expect(one.message == row.message) }
    #expect(seen.map(\.offset) == [0, Int64(row.bytes.count + 2), Int64(2 * row.bytes.count + 3)])
}

@Test(arguments: HeaderRow.all)
func aLineCutAnywhereIsARecordOrNot(row: HeaderRow) {
    let bytes = row.bytes
    let whole = classify(bytes)
    // A level may be the last thing of a line; the other forms need the blank behind their mark.
    let hasLevel = ![.logfmt, .json, .glog, .signalHandler].contains(row.form)
    let needed = whole.message.lowerBound - (hasLevel ? 1 : 0)
    for length in 0...bytes.count {
        let cut = Array(bytes[..<length])
        let found = classify(cut)
        guard found.isRecord == (length >= needed) else {
            Issue.record("cut at \(length): \(String(decoding: cut, as: UTF8.self)) \(found)")
            return
        }
        guard found.isRecord else { continue }
        #expect(found.header == whole.header)
        #expect(row.message.utf8.starts(with: found.message(of: cut)))
    }
}

@Test(arguments: HeaderRow.all)
func anEmptyMessageIsARecord(row: HeaderRow) {
    let whole = classify(row.bytes)
    let tail = row.form == .json ? "\"}" : row.form == .logfmt ? "\"" : ""
    let bytes = Array(row.bytes[..<whole.message.lowerBound]) + Array(tail.utf8)
    let found = classify(bytes)
    #expect(found.header == whole.header)
    #expect(found.message(of: bytes) == [])
}

@Test(
    arguments: HeaderRow.all,
    [
        "node7 ", "\u{FEFF}", "ship/1.2|prod|", "10.1.2.3 - - ", "=> ",
        "2024/11/22 10:15:02 [info] ",
        "redis.log:", "Nov 22 what? ", "\u{1B}[33m", "(redis) ", "{\"no\": 1} ", "🎉 ",
    ])
func aRecordBehindAnyPrefixIsFound(row: HeaderRow, prefix: String) {
    // Dragonfly's header begins with a letter and digits: too little to be looked for. And behind
    // "redis.log:", "1:22:M" may be line 1 of process 22, as grep -n prints it.
    if row.form == .glog || (row.form == .threadRole && prefix.hasSuffix(":")) { return }
    let bytes = Array((prefix + row.line).utf8)
    #expect(differences(classify(bytes), bytes, row) == [])
}

@Test func aFileMayHoldEveryGeneration() throws {
    let (facts, seen) = try readLog(HeaderRow.all.map(\.line).joined(separator: "\n"))
    #expect(facts.records == HeaderRow.all.count)
    #expect(facts.kind == .log)
    for (one, row) in zip(seen, HeaderRow.all) {
        #expect(differences(one.classified, Array(one.text.utf8), row) == [])
    }
}
