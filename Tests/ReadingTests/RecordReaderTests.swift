// SPDX-License-Identifier: Apache-2.0
// What an input is taken for, what is counted of it, and what counts as damage.

import Foundation
import Model
import TestSupport
import Testing

@testable import Reading

private let record =
    "1:M 22 Nov 2024 10:15:02.123 # Can't save in background: fork: Cannot allocate memory"

@Test(arguments: [
    ("", 0, 0), ("\n", 1, 0), ("\n\n\n\n", 4, 0), ("\r\n\r\n", 2, 0), ("\r", 1, 0), ("x", 1, 0),
    ("\(record)", 1, 1), ("\(record)\n", 1, 1), ("\n\(record)\n\n\(record)", 4, 2),
    ("x\ny\nz\n", 3, 0),
    ("\u{FEFF}\(record)\n", 1, 1),
])
func linesAndRecordsAreCounted(text: String, lines: Int, records: Int) throws {
    let (facts, _) = try readLog(text)
    #expect(facts.lines == lines && facts.records == records)
    #expect(facts.bytes == text.utf8.count)
    #expect(facts.damage.isNone && facts.problems.isEmpty)
    #expect(facts.kind == (records > 0 ? .log : .unknown))
}

/// What `docker exec -it` prints of a program that ends its lines with CR LF.
@Test func carriageReturnsOfATerminalAreNoBinaryData() throws {
    let (facts, seen) = try readLog("# Server\r\r\nredis_version:7.2.6\r\r\n\(record)\r\r\n")
    #expect(facts.problems.isEmpty && facts.records == 1)
    #expect(seen.map(\.text) == ["# Server", "redis_version:7.2.6", record])
}

/// Also where the lines around the refusal could be taken for what a terminal cut.
@Test(arguments: ["\r\n\n", "\n\n", "\n"], ["", "\n"])
func offsetsPointAtLines(gap: String, end: String) throws {
    let text = "first\(gap)\(record)\nlast\(end)"
    let (_, seen) = try readLog(text)
    let first = gap.count(where: { $0.utf8.last == 0x0A }) + 1
    #expect(seen.map(\.line) == [1, first, first + 1])
    for one in seen { #expect(text.utf8.dropFirst(Int(one.offset)).starts(with: one.text.utf8)) }
}

@Test(arguments: [1, 2, 7, 4096, 300_000])
func nulsBeforeARecordAreAHoleThatIsCounted(count: Int) throws {
    // What copytruncate leaves when the writer did not open the file to append.
    let nuls = [UInt8](repeating: 0, count: count)
    let (facts, seen) = try readLog(Array("\(record)\n".utf8) + nuls + Array("\(record)\n".utf8))
    #expect(facts.records == 2 && facts.lines == 2)
    #expect(facts.damage.bytesSkipped == Int64(count))
    #expect(seen.map(\.text) == [record, record])
}

@Test func aFileOfNothingButNULsIsDamage() throws {
    for tail in [[], [0x0A], [0x0D, 0x0A]] as [[UInt8]] {
        let (facts, seen) = try readLog([UInt8](repeating: 0, count: 5000) + tail)
        #expect(facts.damage.bytesSkipped == 5000 && seen.isEmpty)
    }
}

@Test func writersBeyondThoseToldApartAreCounted() throws {
    let text = (1...65_600).map { "Nov 22 10:15:02 h\($0) redis[1]: \(record)\n" }.joined()
    let (facts, seen) = try readLog(text)
    #expect(facts.streams.count == 65_535 && facts.records == 65_600)
    let untold = seen.count { $0.header.stream == 0 }
    #expect(untold == 65_600 - 65_534)
    #expect(facts.problems.count == 1)
    #expect(facts.problems.first?.hasPrefix("\(untold) records have other writers") == true)
}

@Test func longLinesAreCutAndCounted() throws {
    let long = [UInt8](repeating: 0x61, count: 3 * LineReader.lineLimit)
    let (facts, seen) = try readLog(Array("\(record)\n".utf8) + long + Array("\n\(record)".utf8))
    #expect(facts.lines == 3 && facts.records == 2)
    #expect(facts.damage.linesCut == 1)
    #expect(facts.damage.bytesSkipped == Int64(2 * LineReader.lineLimit))
    #expect(seen.map(\.line) == [1, 2, 3])
}

@Test(arguments: [2, 100, 20_000])
func aLineOfManyRecordsIsReadToItsEnd(count: Int) throws {
    // Line feeds were lost, by a shipper or a terminal.
    let text = String(repeating: "1:M 22 Nov 2024 10:15:02.123 # x ", count: count)
    let (facts, seen) = try readLog(text)
    #expect(facts.lines == 1 && facts.records == count && seen.count == count)
    #expect(seen.allSatisfy { $0.message.hasPrefix("x") && $0.message.utf8.count <= 2 })
    let (damaged, _) = try readLog(text + "\0")
    #expect(damaged.damage.bytesSkipped == 1)
}

@Test(arguments: [1022, 1023, 1024])
func messagesThatTheServerCutAreCounted(length: Int) throws {
    let header = "1:M 22 Nov 2024 10:15:02.123 # "
    let (facts, _) = try readLog(header + String(repeating: "m", count: length))
    #expect(facts.messagesCutByServer == (length == 1023 ? 1 : 0))
    // The server counts bytes before it writes; what a line's end adds is not the message.
    let (windows, _) = try readLog(header + String(repeating: "m", count: length) + "\r\n")
    #expect(windows.messagesCutByServer == (length == 1023 ? 1 : 0))
    #expect(facts.damage.isNone)
}

@Test func binaryFilesAreNoLogs() throws {
    var dice = Seeded(3)
    let bytes = (0..<5000).map { _ in dice.byte() & 0x9F } + Array("\n\(record)\n".utf8)
    let (facts, seen) = try readLog([0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0] + bytes)
    #expect(facts.problems == ["binary data: no log, not read further"])
    #expect(facts.kind == .unknown && seen.isEmpty && facts.damage.isNone)
}

@Test(arguments: [
    "forktopsy 0.1.0 report\n\n1 incident\n\(record)\n", "<!-- forktopsy.report/1 -->\n\(record)\n",
    "{\"schema\":\"forktopsy.report/1\",\"x\":\"\(record)\"}\n",
])
func ownReportsAreNoEvidence(text: String) throws {
    let (facts, seen) = try readLog(text)
    #expect(facts.kind == .ownReport && facts.records == 0 && seen.isEmpty)
}

@Test func processesAreToldApart() throws {
    let (facts, _) = try readLog(
        """
        7:C 22 Nov 2024 10:00:00.000 # oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo
        7:M 22 Nov 2024 10:00:00.001 * Ready to accept connections
        9:C 22 Nov 2024 10:00:01.000 * DB saved on disk
        7:M 22 Nov 2024 10:00:02.000 * Background saving terminated with success
        8:X 22 Nov 2024 10:00:03.000 # +sdown master m 127.0.0.1 6379
        raw line
        """)
    let spans = facts.processes
    #expect(spans.map(\.pid) == [7, 9, 8])
    // A line of role C of the server itself, before it knows its own process id, is no child.
    #expect(spans.map(\.isChild) == [false, true, false])
    #expect(spans.map(\.isSentinel) == [false, false, true])
    #expect(spans.map(\.records) == [3, 1, 1])
    #expect(spans.map(\.firstLine) == [1, 3, 5] && spans.map(\.lastLine) == [4, 3, 5])
    #expect(
        facts.clock.localStamps == 5 && facts.clock.first.nanoseconds < facts.clock.last.nanoseconds
    )
}

@Test func whatCannotBeOpenedSaysWhy() {
    let folder = FileManager.default.temporaryDirectory.path
    for (path, code) in [
        ("\(folder)/no-such-\(UUID().uuidString)", ReadError.Code.notFound), (folder, .unreadable),
        ("\(folder)/\(String(repeating: "x", count: 300))", .unreadable),
    ] {
        let error = #expect(throws: ReadError.self) { try readFile(path, name: "x") }
        #expect(error?.code == code)
        #expect(error?.reason.isEmpty == false)
    }
}

@Test func aPipeWithAWriterIsReadToItsEnd() throws {
    let path = FileManager.default.temporaryDirectory.path + "/forktopsy-\(UUID().uuidString)"
    try #require(try Tool.output(of: ["mkfifo", path]) != nil)
    defer { try? FileManager.default.removeItem(atPath: path) }
    // Without a writer it is empty, and not waited for.
    #expect(try readFile(path, name: "pipe").facts.lines == 0)
    // As `<(command)` does: the writer is there, its bytes come later.
    let writer = Process()
    writer.executableURL = URL(fileURLWithPath: "/bin/sh")
    writer.arguments = [
        "-c", "exec 3<>\"$0\"; printf x; exec 1>\"$0\" 3<&-; sleep 0.3; printf '%s\\n' \"$1\"",
        path, record,
    ]
    let ready = Pipe()
    writer.standardOutput = ready
    try writer.run()
    _ = try ready.fileHandleForReading.read(upToCount: 1)
    let (facts, _) = try readFile(path, name: "pipe")
    writer.waitUntilExit()
    #expect(facts.records == 1 && facts.damage.isNone)
}

/// Every sample log, as found in the repository.
private let sampleLogs: [String] = {
    let root = Checkout.path + "/SampleLogs"
    let files = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
    return files.filter { $0.hasSuffix(".log") }.sorted().map { "\(root)/\($0)" }
}()

@Test(arguments: sampleLogs)
func sampleLogsAreUnderstood(path: String) throws {
    let (facts, seen) = try readFile(path, name: "sample")
    #expect(facts.damage.isNone)
    #expect(facts.records == seen.count { $0.isRecord })
    #expect(facts.lines >= seen.count)
    // Whoever looks like a server's line is one.
    for one in seen where !one.isRecord {
        let looksLikeOne =
            one.text.firstMatch(of: /^(\d+:[A-Z] \d\d |\[\d+\] \d\d |pid=\d|\{"pid")/) != nil
        #expect(!looksLikeOne, "\(one.text)")
    }
}
