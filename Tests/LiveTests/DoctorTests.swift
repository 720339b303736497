// SPDX-License-Identifier: Apache-2.0
// Hosts that are prepared to fail each check of doctor, one at a time.

import Foundation
import JSON
import Model
import SchemaChecks
import TestSupport
import Testing

@testable import forktopsy

struct DoctorTests {
    /// A host, and what one check says of it; `nil` where the check must not be made.
    struct Trial: Sendable, CustomTestStringConvertible {
        var check: String
        var name: String
        var status: Check.Status?
        var host: PreparedHost

        init(_ check: String, _ status: Check.Status?, _ name: String, _ host: PreparedHost) {
            (self.check, self.status, self.name, self.host) = (check, status, name, host)
        }

        var testDescription: String { "\(check): \(name)" }
    }

    private static let host = PreparedHost()
    private static let overcommit = "/proc/sys/vm/overcommit_memory"
    private static let pages = "/sys/kernel/mm/transparent_hugepage/enabled"
    private static let strict = host.with(overcommit, "2\n")
    private static let lowCommit = strict.with(
        "/proc/meminfo", "Committed_AS:    4194304", "Committed_AS:   10900000")

    @Test func `A healthy host passes every check`() {
        let checks = Self.host.view.checks()
        for check in checks { #expect(check.status == .passed, "\(check.id): \(check.statement)") }
        #expect(DoctorReport(at: PreparedHost.at, checks: checks).exitCode == 0)
        // All that can be checked is: those that only some hosts have are tried below.
        let rare: Set = ["servers", "info", "settings", "known_defect"]
        let known = Set(Self.trials.map(\.check))
        #expect(Set(checks.map(\.id)) == known.subtracting(rare))
    }

    @Test func `The group of another server binds none but that server`() {
        let host = Self.host.with("/sys/fs/cgroup/other/pids.max", "5\n")
            .with("/sys/fs/cgroup/other/pids.current", "5\n")
            .with("/sys/fs/cgroup/other/memory.max", "1048576\n")
            .with("/sys/fs/cgroup/other/memory.current", "1048576\n")
        let checks = host.view.checks()
        for check in checks { #expect(check.status == .passed, "\(check.id): \(check.statement)") }
    }

    @Test func `The tasks of another user are not the server's`() {
        let host = Self.host.with(PreparedHost.taskCount, "63000\n")
            .with("/proc/900/status", "Uid:\t112\t112\t112\t112", "Uid:\t113\t113\t113\t113")
        #expect(host.checks("process_limit").map(\.status) == [.unknown])
    }

    @Test func `Fixes act on the server and the limit that they are about`() throws {
        let full = Self.host.with(PreparedHost.taskCount, "63000\n").with(Self.overcommit, "0\n")
        let fix = try #require(full.checks("process_limit").first?.fix)
        #expect(fix.hasPrefix("prlimit --pid 900 --nproc="))
        var other = Self.host.with(info: "rdb_last_bgsave_status", "err")
        other.address = "127.0.0.1:7765"
        let save = try #require(other.checks("last_save").first?.fix)
        #expect(save.hasPrefix("redis-cli -p 7765 BGSAVE"))
        other.address = "/run/redis.sock"
        #expect(try #require(other.checks("last_save").first?.fix).hasPrefix("redis-cli -s /run"))
    }

    @Test(arguments: 0..<40)
    func `Settings are read in whatever order the server tells them`(order: Int) {
        var host = Self.host
        host.order = order
        #expect(host.checks("settings").isEmpty)
        for check in ["persistence", "stop_writes", "disk_space"] {
            #expect(host.checks(check).map(\.status) == [.passed], "\(check)")
        }
    }

    @Test func `A server in a container is asked though it calls itself otherwise`() {
        var host = Self.host.with(info: "process_id", "1")
        host.address = "127.0.0.1:7000"
        #expect(host.checks("info").isEmpty)
        #expect(host.checks("last_save").map(\.status) == [.passed])
        #expect(host.checks("persistence").map(\.status) == [.passed])
    }

    @Test func `Logs that were not to be read are no finding`() {
        var view = Self.host.with(incidents: nil).view
        view.readsLogs = false
        #expect(!view.checks().contains { $0.id == "history" })
    }

    @Test(arguments: trials)
    func `A prepared host fails the check it was prepared for`(trial: Trial) {
        let found = trial.host.checks(trial.check)
        guard let status = trial.status else {
            #expect(found.isEmpty)
            return
        }
        #expect(found.contains { $0.status == status }, "\(found.map(\.statement))")
        #expect(found.allSatisfy { $0.status == status || $0.status == .passed })
        for check in found where check.status != .passed {
            #expect(!check.statement.isEmpty && !check.source.isEmpty)
        }
    }

    static let trials = hostTrials + limitTrials + serverTrials + saveTrials

    private static let hostTrials = [
        Trial("overcommit", .warning, "mode 0", host.with(overcommit, "0\n")),
        Trial("overcommit", .warning, "mode 2", strict),
        Trial("overcommit", .unknown, "not readable", host.with(overcommit, nil)),
        Trial("commit_limit", .passed, "mode 2 with room", strict),
        Trial("commit_limit", .critical, "mode 2, 99 % used", lowCommit),
        Trial(
            "commit_limit", .warning, "mode 2, 85 % used",
            strict.with("/proc/meminfo", "Committed_AS:    4194304", "Committed_AS:    8912896")),
        Trial("commit_limit", .unknown, "no meminfo", host.with("/proc/meminfo", nil)),
        Trial("swap", .unknown, "no meminfo", host.with("/proc/meminfo", nil)),
        Trial(
            "memory_pressure", .unknown, "not readable",
            host.with(unread: "/proc/pressure/memory", "Permission denied")),
        Trial(
            "transparent_huge_pages", .warning, "always",
            host.with(pages, "[always] madvise never\n")),
        Trial("transparent_huge_pages", .unknown, "not readable", host.with(pages, nil)),
        Trial(
            "swap", .warning, "90 % used",
            host.with("/proc/meminfo", "SwapFree:        2097152", "SwapFree:         209715")),
        Trial(
            "swap", .passed, "none",
            host.with("/proc/meminfo", "SwapTotal:       2097152", "SwapTotal:             0")),
        Trial(
            "memory_pressure", .critical, "a third of the time",
            host.with("/proc/pressure/memory", "full avg10=0.00", "full avg10=33.10")),
        Trial(
            "memory_pressure", .warning, "a tenth of the time",
            host.with("/proc/pressure/memory", "full avg10=0.00", "full avg10=10.00")),
        Trial("memory_pressure", nil, "no PSI", host.with("/proc/pressure/memory", nil)),
        Trial("servers", .unknown, "none runs", host.withoutServer),
        Trial("history", .unknown, "no log", host.with(incidents: nil)),
        Trial(
            "history", .critical, "an open incident",
            host.with(incidents: [incident(.ongoing_at_end)])),
        Trial(
            "history", .warning, "one that is over", host.with(incidents: [incident(.recovered)])),
        Trial(
            "history", .passed, "one of last month",
            host.with(incidents: [incident(.recovered, daysAgo: 30)])),
    ]

    private static let withoutLimits = host.with(unread: "/proc/900/limits", "Permission denied")
    private static let withoutPath = host.withoutGroup.with("/proc/900/cgroup", nil)

    private static let limitTrials = [
        Trial("fork", .critical, "mode 2 without room", lowCommit),
        Trial(
            "fork", .unknown, "mode 2, room for the least that it may need",
            strict.with("/proc/meminfo", "Committed_AS:    4194304", "Committed_AS:    9500000")),
        Trial(
            "process_limit", .critical, "all tasks used",
            host.with(PreparedHost.taskCount, "63000\n")),
        Trial(
            "process_limit", .warning, "nine tenths used",
            host.with(PreparedHost.taskCount, "57000\n")),
        Trial(
            "process_limit", .unknown, "not counted", host.with(PreparedHost.taskCount, nil)),
        Trial("process_limit", .unknown, "no limits", withoutLimits),
        Trial("open_files_limit", .unknown, "no limits", withoutLimits),
        Trial("address_space_limit", .unknown, "no limits", withoutLimits),
        Trial(
            "process_limit", .passed, "none",
            host.with(
                "/proc/900/limits", "Max processes             63000                63000 ",
                "Max processes             unlimited            unlimited ")),
        Trial(
            "process_limit", .passed, "the superuser",
            host.with(PreparedHost.taskCount, "63000\n")
                .with("/proc/900/status", "Uid:\t112\t112\t112\t112", "Uid:\t0\t0\t0\t0")),
        Trial(
            "open_files_limit", .warning, "256",
            host.with(
                "/proc/900/limits", "Max open files            10032                10032",
                "Max open files            256                  256  ")),
        Trial(
            "address_space_limit", .warning, "2 GiB",
            host.with(
                "/proc/900/limits", "Max address space         unlimited            unlimited ",
                "Max address space         2147483648           2147483648")),
        Trial(
            "memory_limit", .critical, "97 % used",
            host.with(group: "memory.current", "8354214400\n")),
        Trial(
            "memory_limit", .warning, "85 % used",
            host.with(group: "memory.current", "7301444403\n")),
        Trial(
            "memory_limit", .passed, "97 % used, nearly all page cache",
            host.with(group: "memory.current", "8354214400\n")
                .with(group: "memory.stat", "anon 911212544\nfile 7442000000\n")),
        Trial("memory_limit", .passed, "none", host.with(group: "memory.max", "max\n")),
        Trial("pids_limit", .passed, "none", host.with(group: "pids.max", "max\n")),
        Trial("memory_limit", .unknown, "no group known", withoutPath),
        Trial("pids_limit", .unknown, "no group known", withoutPath),
        Trial("memory_limit", .unknown, "nothing of it readable", host.withoutGroup),
        Trial("pids_limit", .unknown, "nothing of it readable", host.withoutGroup),
        Trial("pids_limit", .critical, "at the limit", host.with(group: "pids.max", "5\n")),
        Trial(
            "pids_limit", .warning, "nine tenths",
            host.with(group: "pids.max", "100\n").with(group: "pids.current", "90\n")),
    ]

    private static let serverTrials = [
        Trial("info", .unknown, "no answer", host.withoutAnswer),
        Trial("settings", .unknown, "CONFIG GET is refused", host.withoutSettings),
        Trial("settings", nil, "CONFIG GET is answered", host),
        Trial(
            "maxmemory", .warning, "not set",
            host.with(info: "maxmemory", "0").with(setting: "maxmemory", "0")),
        Trial(
            "maxmemory", .critical, "95 % of the group's limit",
            host.with(info: "maxmemory", "8160437862").with(setting: "maxmemory", "8160437862")),
        Trial(
            "maxmemory", .warning, "80 % of the group's limit",
            host.with(info: "maxmemory", "6871947673").with(setting: "maxmemory", "6871947673")),
        Trial(
            "fragmentation", .warning, "twice the data",
            host.with(info: "mem_fragmentation_ratio", "2.10")),
        Trial(
            "known_defect", .warning, "a release of valkey, diskless",
            host.with(info: "valkey_version", "8.0.1").with(info: "server_name", "valkey")),
        Trial("known_defect", nil, "redis", host),
        Trial(
            "maxmemory", .unknown, "the server does not tell",
            host.with(info: "maxmemory", nil).with(setting: "maxmemory", nil)),
        Trial("maxmemory", .unknown, "no meminfo", host.with("/proc/meminfo", nil)),
        Trial(
            "fragmentation", .unknown, "INFO does not tell",
            host.with(info: "mem_fragmentation_ratio", nil)),
    ]

    private static let saveTrials = [
        Trial(
            "copy_on_write", .critical, "more than is available",
            host.with(info: "rdb_last_cow_size", "13958643712")),
        Trial(
            "copy_on_write", .warning, "more than half of it",
            host.with(info: "rdb_last_cow_size", "8589934592")),
        Trial("copy_on_write", .unknown, "no meminfo", host.with("/proc/meminfo", nil)),
        Trial(
            "copy_on_write", .unknown, "INFO does not tell",
            host.with(info: "rdb_last_cow_size", nil).with(info: "aof_last_cow_size", nil)),
        Trial(
            "last_save", .unknown, "INFO does not tell",
            host.with(info: "rdb_last_bgsave_status", nil)),
        Trial(
            "save_age", .unknown, "INFO does not tell", host.with(info: "rdb_last_save_time", nil)),
        Trial("save_age", nil, "no save points", host.with(setting: "save", "")),
        Trial(
            "append_only_file", .unknown, "INFO does not tell", host.with(info: "aof_enabled", nil)),
        Trial("last_save", .critical, "failed", host.with(info: "rdb_last_bgsave_status", "err")),
        Trial(
            "save_age", .warning, "two days",
            host.with(info: "rdb_last_save_time", "1794827200")),
        Trial(
            "append_only_file", .critical, "a rewrite failed",
            host.with(info: "aof_last_bgrewrite_status", "err")),
        Trial("append_only_file", nil, "off", host.with(info: "aof_enabled", "0")),
        Trial(
            "persistence", .warning, "none at all",
            host.with(info: "aof_enabled", "0").with(setting: "save", "")),
        Trial(
            "stop_writes", .warning, "no",
            host.with(setting: "stop-writes-on-bgsave-error", "no")),
        Trial("disk_space", .critical, "a third of the data", host.with(available: 286_331_153)),
        Trial("disk_space", .warning, "less than the data", host.with(available: 600_000_000)),
        Trial("disk_space", .unknown, "not readable", host.with(available: nil)),
    ]

    private static func incident(_ status: Incident.Status, daysAgo: Double = 1) -> Incident {
        var out = Incident(kind: .fork_failure, instance: Instance())
        out.status = status
        out.startedAt = PreparedHost.at.adding(seconds: -daysAgo * 86_400)
        return out
    }

    // MARK: - As programs read it

    private static let reports = [host, strict, lowCommit, host.withoutServer, host.withoutAnswer]
        .map { DoctorReport(at: PreparedHost.at, checks: $0.view.checks()) }

    @Test(arguments: reports.indices)
    func `The JSON keeps its schema`(index: Int) throws {
        let path = Checkout.path + "/docs/schema/doctor.schema.json"
        let schema = try JSONValue(parsing: String(contentsOfFile: path, encoding: .utf8))
        let value = try JSONValue(parsing: Self.reports[index].json)
        #expect(SchemaCheck.problems(of: value, schema: schema) == [])
    }

    @Test func `The documents name every check`() throws {
        let text = try String(contentsOfFile: Checkout.path + "/docs/doctor.md", encoding: .utf8)
        for check in Set(Self.trials.map(\.check)) { #expect(text.contains("| `\(check)` |")) }
    }

    @Test func `Each state of the documents' table is tried, and no other is reached`() throws {
        let text = try String(contentsOfFile: Checkout.path + "/docs/doctor.md", encoding: .utf8)
        let states: [Check.Status] = [.warning, .critical, .unknown]
        let tried = Dictionary(grouping: Self.trials) { $0.check }
            .mapValues { Set($0.compactMap(\.status)) }
        for (check, tried) in tried {
            let row = try #require(
                text.split(separator: "\n").first { $0.hasPrefix("| `\(check)`") })
            let cells = row.split(separator: "|", omittingEmptySubsequences: false).dropFirst(2)
                .map { $0.trimmingCharacters(in: .whitespaces) }
            for (state, cell) in zip(states, cells) {
                #expect(tried.contains(state) == !cell.isEmpty, "\(check): \(state)")
            }
        }
    }

    @Test func `The schema names every check`() throws {
        let path = Checkout.path + "/docs/schema/doctor.schema.json"
        let schema = try JSONValue(parsing: String(contentsOfFile: path, encoding: .utf8))
        let check = schema["properties"]?["checks"]?["items"]?["properties"]
        guard case .array(let ids)? = check?["id"]?["enum"] else {
            Issue.record("the checks have no enumeration")
            return
        }
        #expect(Set(ids) == Set(Self.trials.map { .string($0.check) }))
    }

    /// `FORKTOPSY CRITICAL - text | 'label'=value[unit] …` on one line (Monitoring Plugins
    /// Development Guidelines: plugin output, performance data).
    @Test(arguments: zip(reports.indices, ["OK", "WARNING", "CRITICAL", "WARNING", "UNKNOWN"]))
    func `A monitor gets one line with its performance data`(index: Int, word: String) throws {
        let report = Self.reports[index]
        // Where no server runs the host's own warnings count; here there is none.
        let expected = index == 3 ? "UNKNOWN" : word
        let codes: [String: Int32] = ["OK": 0, "WARNING": 1, "CRITICAL": 2, "UNKNOWN": 3]
        #expect(report.exitCode == codes[expected])
        let line = report.monitorLine
        #expect(line.hasPrefix("FORKTOPSY \(expected) - "))
        #expect(line.hasSuffix("\n") && line.count { $0 == "\n" } == 1)
        let parts = line.dropLast().split(separator: "|")
        try #require(parts.count == 2)
        for figure in parts[1].split(separator: " ") {
            #expect(figure.wholeMatch(of: /'[a-z0-9_]+'=-?[0-9]+(B|s)?/) != nil, "\(figure)")
        }
    }
}
