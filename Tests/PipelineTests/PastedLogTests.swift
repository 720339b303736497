// SPDX-License-Identifier: Apache-2.0
// Logs as people hand them over: through grep, Ansible, mail, web pages, other locales.

import Foundation
import Incidents
import Model
import Reading
import TestSupport
import Testing

@testable import forktopsy

private let error = "Can't save in background: fork: Cannot allocate memory"

/// Two attempts of one save rule, six seconds apart.
private let log = [
    "4711:M 29 Aug 2023 13:47:00.038 * 1 changes in 900 seconds. Saving...",
    "4711:M 29 Aug 2023 13:47:00.039 # \(error)",
    "4711:M 29 Aug 2023 13:47:06.038 * 1 changes in 900 seconds. Saving...",
    "4711:M 29 Aug 2023 13:47:06.039 # \(error)",
]
private let plain = log.joined(separator: "\n")

/// A line whose header has `gap` where it had blanks.
private func tabbed(_ line: String, _ gap: String) -> String {
    let words = line.split(separator: " ", maxSplits: 6)
    return words.joined(separator: gap)
}

/// The log with NULs before its third line, as one that was truncated while it was written to.
private func holed(_ lines: [String], _ count: Int) -> String {
    let hole = String(repeating: "\0", count: count)
    return (Array(lines[..<2]) + [hole + lines[2]] + Array(lines[3...])).lines
}

struct PastedLogTests {
    @Test
    func `A message that syslog says was repeated counts as often`() throws {
        let head = "Mar  4 12:22"
        let text = """
            \(head):33 cache-01 redis[811]: \(error)
            \(head):40 cache-01 redis[811]: message repeated 3 times: [ \(error)]
            """
        try #expect(reportOfText(text).summary.forkFailures == 4)
        let endless =
            text + "\n\(head):41 cache-01 redis[811]: "
            + "message repeated 999999999 times: [ \(error)]"
        try #expect(reportOfText(endless).summary.forkFailures == 1004)
    }

    @Test func `What syslog says of the last message counts as often`() throws {
        let host = "Mar  4 12:22:33 cache-01"
        let message = "\(host) redis[811]: \(error)"
        for said in ["\(host) last message", "\(host) redis[811]: last message"] {
            let text = [message, "\(said) repeated 5 times", message].lines
            try #expect(reportOfText(text).summary.forkFailures == 7)
            // What stands above it is another program's.
            let other = [message, "\(host) cron[9]: (root) CMD (x)", "\(said) repeated 5 times"]
            try #expect(reportOfText(other.lines).summary.forkFailures == 1)
        }
        let endless = "\(message)\n\(host) last message repeated 99999999 times\n"
        try #expect(reportOfText(endless).summary.forkFailures == 1001)
    }

    @Test(arguments: ["So Nov 22", "dim. nov. 22", "日 11月 22", "Вс ноя 22", "Sun Nov 22"])
    func `dmesg -T under other locales is read`(date: String) throws {
        let text =
            "[\(date) 12:13:04 2026] __vm_enough_memory: pid: 9944, comm: redis-server, "
            + "bytes: 7518715904 not enough memory for the allocation\n"
        let incident = try #require(try reportOfText(text).incidents.first)
        #expect(incident.startedAt?.rfc3339 == "2026-11-22T12:13:04.000Z")
        #expect(incident.failures.hiddenAtLeast == 1)
    }

    static let pasted: [(String, String)] = [
        ("records without anything between them", log.joined()),
        ("tabs for blanks", log.map { tabbed($0, "\t") }.lines),
        ("arrows drawn behind records", log.map { "\($0)   <---- HERE" }.lines),
        ("continued lines of a shell", log.map { "\($0) \\" }.lines),
        ("carriage returns as a pager shows them", log.map { "\($0)^M" }.lines),
        (
            "two blanks for one in messages",
            log.map { $0.replacing(" fork: ", with: "  fork:  ") }.lines
        ),
        ("tabs for blanks in messages", log.map { $0.replacing(" ", with: "\t") }.lines),
        (
            "the server's output and its syslog in journalctl -o cat",
            log.flatMap { [$0, String($0.dropFirst(34))] }.lines
        ),
        ("both of them in pairs", inPairs.lines),
        ("two blanks for one in headers", log.map { tabbed($0, "  ") }.lines),
        (
            "the answer of a search engine in one line",
            #"{"hits":{"hits":["#
                + log.map {
                    #"{"_id":"a","_source":{"event":{"original":"\#($0)"},"message":"\#($0)","#
                        + #""tags":[{"a":1},{"b":2}],"labels":{"app":"redis"}}}"#
                }.joined(separator: ",") + "]}}\n"
        ),
        (
            "Loki's values in one line",
            #"{"data":{"result":[{"values":["#
                + log.map { #"["1693316820038000000","\#($0)"]"# }.joined(separator: ", ")
                + "]}]}}\n"
        ),
        ("docker's objects with parts, all of one width", timedObjects.lines),
        ("docker's objects with parts, newest first", timedObjects.reversed().lines),
        ("CRI parts, newest first", timedParts.reversed().lines),
        ("records of logfmt without line feeds", logfmt.joined()),
        ("records of logfmt with blanks for line feeds", logfmt.joined(separator: " ")),
        ("records in JSON without line feeds", json.joined()),
        ("HTML breaks", log.joined(separator: "<br>").replacing("'", with: "&#39;")),
        ("carriage returns alone", log.joined(separator: "\r")),
        ("Ansible's result", "ok: [h] => {\"changed\": true, \"stdout\": \"\(escaped(plain))\"}"),
        (
            "Ansible's result, pretty",
            "ok: [h] => {\n    \"stdout\": \"\(escaped(plain))\",\n    \"stdout_lines\": [\n"
                + log.map { "        \"\($0)\"" }.joined(separator: ",\n") + "\n    ]\n}\n"
        ),
        (
            "a list in YAML",
            "ok: [h] =>\n  out.stdout_lines:\n"
                + log.map { "  - '\($0.replacing("'", with: "''"))'\n" }.joined()
        ),
        (
            "a mail in quoted-printable",
            "Content-Transfer-Encoding: Quoted-Printable\n\n"
                + plain.replacing(" fork:", with: " =\nfork:").replacing("M ", with: "=4D ")
        ),
        ("CRI parts that grep printed", parts.map { "/var/log/pods/a_b/0.log:\($0)" }.lines),
        (
            "CRI parts with line numbers",
            parts.enumerated().map { "\($0.offset + 1):\($0.element)" }.lines
        ),
        (
            "CRI parts with names and line numbers",
            parts.enumerated().map { "b/0.log:\($0.offset + 1):\($0.element)" }.lines
        ),
        ("quoted CRI parts", parts.map { "> \($0)" }.lines),
        ("docker's objects that grep printed", objects.map { "abc-json.log:\($0)" }.lines),
        ("quoted parts of docker's objects", objects.map { "> > \($0)" }.lines),
        (
            "a shipper's JSON in colours",
            log.map { #"{"line": "\u001b[31m\#($0)\u001b[0m"}"# }.lines
        ),
        (
            "docker's objects in colours",
            log.map {
                #"{"log":"\u001b[31m\#($0)\u001b[0m\n","stream":"stdout","#
                    + #""time":"2023-08-29T13:47:00.038Z"}"#
            }.lines
        ),
        (
            "fluentd's objects behind time and tag",
            log.map { "2023-08-29T13:47:00+00:00\tkube.redis\t{\"log\":\"\($0)\"}" }.lines
        ),
        (
            "objects whose program keeps no line feeds",
            log.map { #"{"log":"\#($0)","stream":"stdout","time":"2023-08-29T13:47:00Z"}"# }.lines
        ),
        (
            "grep's lines of context around compose",
            log.enumerated().map { i, line in
                let mark = i == 1 ? ":" : "-"
                return "compose.log\(mark)\(i + 15)\(mark)redis_1  | \(line)"
            }.lines
        ),
        (
            "grep's line numbers around compose",
            log.enumerated().map { i, line in "\(i + 15)\(i == 1 ? ":" : "-")redis_1  | \(line)" }
                .lines
        ),
        ("a hole of NULs over the limit of lines", holed(log, 3_000_000)),
        ("compose in a terminal of 80", log.flatMap { cut("redis_1  | \($0)", 80) }.lines),
        ("syslog in a mail of 73", log.flatMap(mailed).lines),
    ]

    @Test(arguments: pasted)
    func `Records mean the same`(name: String, text: String) throws {
        try #expect(Outcome(text) == Outcome(plain), "\(name)")
    }

    @Test func `A new process id begins where the text before it ends`() throws {
        let own = "7:M 29 Aug 2023 13:47:00.038 * Background saving started by pid 917:M 29 Aug "
        try #expect(
            reportOfText(own + "2023 13:47:01.000 # Background saving terminated by signal 9")
                .incidents.first?.instance.pids == [7])
    }

    @Test func `Parts that were pasted in another order are sorted`() throws {
        let turned = [log[2], log[3], log[0], log[1]].lines
        try #expect(Outcome(turned) == Outcome(plain))
        // A clock that was set back goes through the same seconds again.
        let back = [
            log[1], log[3], log[1].replacing(":00.039", with: ":01.000"),
            log[3].replacing(":06.039", with: ":08.000"),
        ].lines
        try #expect(reportOfText(back).inputs.first?.facts.problems == [])
    }

    @Test(arguments: [
        "jan 29", "8月 29", " 8月 29", "8월 29", "srp 29", "Ağu 29", "сер 29", "Αυγ 29", "elo 29",
        "août 29", "Aug 29", "rugp. 29", "Сер 29",
    ])
    func `Months of other languages are read`(date: String) throws {
        let text = "\(date) 13:47:00 web1 redis-server[4711]: \(error)"
        let at = try #require(try reportOfText(text, year: 2023).incidents.first?.startedAt)
        let month = date.hasPrefix("jan") ? "01" : "08"
        #expect(at.rfc3339 == "2023-\(month)-29T13:47:00.000Z")
    }

    @Test func `A guide that quotes a message is no server`() throws {
        let guide = """
            # Fix the fork error of Redis

            Redis fails to perform background saves, and the log shows this error:

                \(error)

            Despite having plenty of free memory, the call fails. This is a common issue.
            """
        let quoted = try reportOfText(guide).summary
        #expect(quoted.forkFailures == 0)
        #expect(quoted.reportedFailures == 1)
        // What a server wrote counts, whatever people say about it.
        try #expect(reportOfText(guide + "\n\n" + plain).summary.forkFailures >= 2)
        try #expect(reportOfText([error, error].lines).summary.forkFailures == 2)
    }

    private static let inPairs = [log[..<2], log[2...]].flatMap { pair in
        Array(pair) + pair.map { String($0.dropFirst(34)) }
    }

    private static let parts = log.flatMap { record in
        let time = "2023-08-29T13:47:00.039000000Z stdout"
        return ["\(time) P \(record.prefix(40))", "\(time) F \(record.dropFirst(40))"]
    }

    private static let logfmt = log.map {
        fields($0, #"pid=%p role=primary timestamp="%t" level=%l message="%m""#)
    }
    private static let json = log.map {
        fields($0, #"{"pid":%p,"role":"primary","timestamp":"%t","level":"%l","message":"%m"}"#)
    }

    /// The record in another of valkey's forms.
    private static func fields(_ record: String, _ form: String) -> String {
        let level = record.contains(" # ") ? "warning" : "notice"
        return form.replacing("%p", with: "4711").replacing(
            "%t", with: record.dropFirst(7).prefix(24)
        )
        .replacing("%l", with: level).replacing("%m", with: record.dropFirst(34))
    }

    /// Each part with the time at which the runtime had it.
    private static let timedParts = log.enumerated().flatMap { i, record in
        let time = "2023-08-29T13:47:0\(i * 2).038"
        return [
            "\(time)100000Z stdout P \(record.prefix(40))",
            "\(time)150000Z stdout F \(record.dropFirst(40))",
        ]
    }

    private static let timedObjects = log.enumerated().flatMap { i, record in
        let time = #""stream":"stdout","time":"2023-08-29T13:47:0\#(i * 2).038"#
        return [
            #"{"log":"\#(record.prefix(40))",\#(time)100000Z"}"#,
            #"{"log":"\#(record.dropFirst(40))\n",\#(time)150000Z"}"#,
        ]
    }

    private static let objects = log.flatMap { record in
        [
            "{\"log\":\"\(record.prefix(40))\",\"stream\":\"stdout\"}",
            "{\"log\":\"\(record.dropFirst(40))\\n\",\"stream\":\"stdout\"}",
        ]
    }

    private static func escaped(_ text: String) -> String { text.replacing("\n", with: "\\n") }

    private static func cut(_ line: String, _ width: Int) -> [String] {
        [String(line.prefix(width)), String(line.dropFirst(width))].filter { !$0.isEmpty }
    }

    /// A syslog line whose time is as long as a mail is wide.
    private static func mailed(_ record: String) -> [String] {
        let line = "> Aug 29 13:47:00 web1 redis-server[4711]: \(record)"
        let end = line.index(
            line.firstIndex(where: { "*#".contains($0) }) ?? line.endIndex, offsetBy: 1)
        return [String(line[..<end]), "> " + line[end...].dropFirst()]
    }
}

struct PastedClockTests {
    private let victim =
        "Out of memory: Killed process 4711 (redis-server) total-vm:9100804kB, anon-rss:9066596kB, "
        + "file-rss:64kB, shmem-rss:0kB, UID:999 pgtables:18000kB oom_score_adj:0"

    @Test func `The kernel's JSON is read like its text`() throws {
        let json = """
            {
               "dmesg": [
                  {
                     "pri": 4,
                     "time":   937.219873,
                     "msg": "first \\"line\\""
                  },{
                     "pri": 3,
                     "time":   940.100000,
                     "msg": "\(victim)"
                  }
               ]
            }
            """
        let compact = json.split(separator: "\n").map { $0.trimmingPrefix { $0 == " " } }.joined()
        for text in [json, compact.replacing("940.100000", with: "940.1")] {
            let report = try reportOfText(text)
            #expect(report.summary.oomKills == 1)
            #expect(report.inputs.first?.facts.records == 2)
        }
    }

    @Test func `A time since boot is placed by records with a time of their own`() throws {
        let lines = [
            "[  937.200000] web1 redis-server[4711]: 4711:M 29 Aug 2023 13:47:00.039 # \(error)",
            "[  939.661000] web1 kernel: \(victim)",
            // Another boot.
            "[   12.000000] web1 redis-server[812]: 812:M 29 Aug 2023 14:00:00.000 # \(error)",
            "[   14.500000] web1 kernel: \(victim.replacing("4711", with: "812"))",
        ]
        let extraction = try withTemporaryFolder { folder in
            try write(lines.lines, folder + "/j.txt")
            return try Pipeline.extractions(of: [folder])
        }
        #expect(extraction.first?.facts.clock.uptimes.map(\.line) == [1, 3])
        let placed = Placement(extraction, options: ClockOptions(), patterns: Pipeline.patterns)
        let log = try #require(placed.sources.first?.log)
        #expect(
            (0..<log.count).map { log.instant(at: $0)?.rfc3339 } == [
                "2023-08-29T13:47:00.039Z", "2023-08-29T13:47:02.500Z", "2023-08-29T14:00:00.000Z",
                "2023-08-29T14:00:02.500Z",
            ])
    }

    @Test func `A kernel's log without a year stands in the year of the server's`() throws {
        let kernel = "Aug 29 13:47:00 web1 kernel: [  937.219873] \(victim)"
        let report = try withTemporaryFolder { folder in
            try write(plain, folder + "/redis.log")
            try write(kernel, folder + "/kern.log")
            let copied = Date(timeIntervalSince1970: 1_790_000_000)
            try FileManager.default.setAttributes(
                [.modificationDate: copied], ofItemAtPath: folder + "/kern.log")
            return Assembler().report(
                try Pipeline.extractions(of: [folder]), patterns: Pipeline.patterns)
        }
        let input = try #require(report.inputs.first { $0.facts.path.hasSuffix("kern.log") })
        #expect(input.firstAt?.rfc3339 == "2023-08-29T13:47:00.000Z")
        #expect(input.clock.map(\.yearBasis) == [.neighbour])
    }

    @Test func `An entry of the verbose journal ends where other lines follow`() throws {
        let entry = """
            Tue 2023-08-29 13:47:00.039000 UTC [s=1;i=1;b=1;m=1;t=6040f8f3b8fd8;x=1]
                SYSLOG_IDENTIFIER=redis-server
                SYSLOG_PID=4711
                MESSAGE=\(error)
            """
        let report = try reportOfText([entry, log[2], log[3]].lines)
        #expect(report.summary.forkFailures == 2)
        #expect(report.inputs.first?.facts.clock.backwardSteps == 0)
    }
}

/// The report of one text.
func reportOfText(_ text: String, year: Int? = nil) throws -> Report {
    try withTemporaryFolder { folder in
        try write(text, folder + "/input.txt")
        var assembler = Assembler()
        assembler.clocks.now = Timestamp(seconds: 1_795_000_000)
        assembler.clocks.newestYear = year
        return assembler.report(
            try Pipeline.extractions(of: [folder]), patterns: Pipeline.patterns)
    }
}

private func write(_ text: String, _ path: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
}

extension Sequence<String> {
    var lines: String { joined(separator: "\n") + "\n" }
}
