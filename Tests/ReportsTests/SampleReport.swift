// SPDX-License-Identifier: Apache-2.0
// A report built by hand, with every field filled, for all tests of this folder.

import Model

enum SampleReport {
    /// 2026-11-22T12:01:38.682Z
    static let start = Timestamp(milliseconds: 1_795_348_898_682)

    static func after(_ seconds: Double) -> Timestamp { start.adding(seconds: seconds) }

    static let log = "var/log/redis-server.log"
    static let refusedLine =
        "5976:M 22 Nov 2026 13:01:38.682 # Can't save in background: fork: Cannot allocate memory"
    static let warningLine =
        "5976:M 22 Nov 2026 12:58:00.001 # WARNING overcommit_memory is set to 0! Background "
        + "save may fail"

    static func source(_ line: Int) -> SourceReference {
        SourceReference(path: log, line: line, offset: Int64(line) * 80)
    }

    static var report: Report {
        var report = Report(toolVersion: "0.1.0")
        report.summary.incidents = 1
        report.summary.forkFailures = 8
        report.verdict = "Redis could not fork 8 times because of memory accounting; it recovered."
        report.inputs = [input]
        report.incidents = [incident]
        report.outlook = [
            Outlook(
                instance: instance, wouldFork: .no, headroomBytes: 734_003_200,
                exhaustedAt: after(3600),
                statement: "CommitLimit leaves 700 MiB.", saves: incident.persistence.saves,
                evidence: [Evidence(.for, "CommitLimit was read", source: source(90))])
        ]
        report.losses.damage.linesCut = 1
        report.losses.linesUndated = 3
        report.losses.zoneAssumed = 1
        return report
    }

    static var quiet: Report {
        var report = Report(toolVersion: "0.1.0")
        report.inputs = [input]
        var saves = SaveTally()
        saves.succeeded = 12
        saves.longestSeconds = 4.25
        report.outlook = [Outlook(instance: instance, statement: "", saves: saves)]
        return report
    }

    static var input: InputReport {
        var facts = InputFacts(path: log)
        facts.kind = .log
        facts.format = "redis 5+"
        facts.bytes = 123_456
        facts.lines = 1_234
        facts.records = 1_200
        facts.undated = 3
        facts.problems = ["line 900 was cut at 1,048,576 bytes"]
        var input = InputReport(facts: facts)
        input.events = 56
        input.firstAt = after(-7200)
        input.lastAt = after(900)
        input.clock = [
            ClockSegment(
                from: after(-7200), to: after(900), utcOffsetSeconds: 3600, basis: .signalHandler,
                yearBasis: .inRecord)
        ]
        return input
    }

    static var instance: Instance {
        var instance = Instance()
        instance.product = "redis"
        instance.version = "7.2.6"
        instance.host = "db1.prod.internal"
        instance.unit = "redis-server.service"
        instance.container = "cache-0"
        instance.port = 6379
        instance.pids = [5976]
        instance.role = .master
        instance.log = log
        return instance
    }

    static var incident: Incident {
        var incident = Incident(kind: .fork_failure, instance: instance)
        incident.id = "3f9c2ab07d11"
        incident.supersedes = ["0011aabbccdd"]
        incident.related = ["ffeeddccbbaa"]
        incident.consequences = ["write_refusal", "replica_loss"]
        incident.status = .recovered
        incident.startedAt = start
        incident.lastFailureAt = after(212)
        incident.recoveredAt = after(280)
        incident.failures.total = 8
        incident.failures.hiddenAtLeast = 12
        incident.failures.byOperation = [.bgsave: 6, .aof_rewrite: 2]
        incident.failures.byErrno = [.ENOMEM: 8]
        incident.persistence = persistence
        incident.trigger = Trigger(
            statement: "The data set grew past half of the memory", at: after(-60),
            evidence: [
                Evidence(
                    .for, "RDB memory usage", quote: "RDB memory usage 2048.00 Mb",
                    source: source(7))
            ])
        incident.verdict.state = .decided
        incident.verdict.statement = "The kernel's overcommit heuristic refused the fork"
        incident.causes = [likely, contributing, ruledOut]
        incident.timeline = timeline
        incident.memory = [
            MemorySample(
                at: after(-30), offsetSeconds: -30, scope: .process,
                values: [("vm_rss", 2_147_483_648), ("vm_swap", 0)], source: source(91))
        ]
        incident.facts = [
            Fact(
                name: "vm.overcommit_memory", value: "0", at: after(-218),
                reach: "at the server's start",
                source: source(3))
        ]
        return incident
    }

    static var persistence: Persistence {
        var persistence = Persistence()
        persistence.lastSuccessAt = after(-300)
        persistence.exposure = .exposed
        persistence.exposedFrom = after(-300)
        persistence.exposedUntil = after(280)
        persistence.lost = Persistence.Span(
            from: after(-300), to: after(0), basis: "what was loaded again")
        persistence.changesSinceLastSave = 10_000
        persistence.writesRefused = Persistence.Refusal(
            from: start, until: after(280), inferred: "stop-writes-on-bgsave-error is on by default"
        )
        persistence.saves.succeeded = 12
        persistence.saves.failed = 8
        persistence.saves.longestSeconds = 4.25
        persistence.statement = "No AOF and no replica covered the failed saves."
        return persistence
    }

    static var likely: Finding {
        var finding = Finding(
            id: "overcommit_heuristic_refusal", role: .primary, verdict: .likely,
            confidence: .medium,
            statement: "With vm.overcommit_memory=0 the kernel refused one large mapping.")
        finding.arithmetic = [
            Quantity(
                name: "mapping", value: 2_147_483_648, unit: "bytes", source: "redis-server.log:7"),
            Quantity(name: "RAM plus swap", value: 2_000_000_000, unit: "bytes", source: "meminfo"),
        ]
        finding.evidence = [
            Evidence(
                .for, "The kernel answered ENOMEM", quote: refusedLine, at: start,
                source: source(12)),
            Evidence(
                .for, "Overcommit was 0 at start", quote: warningLine, at: after(-218),
                source: source(3)),
            Evidence(
                .against, "Free memory was ample", source: source(90), value: 6_000_000_000,
                unit: "bytes"),
        ]
        finding.missing = [
            MissingFact(
                what: "The present value of vm.overcommit_memory",
                why: "It may have been changed since",
                command: "sysctl vm.overcommit_memory")
        ]
        finding.remedies = [
            Remedy(
                order: 1, text: "Let the kernel grant the fork: set vm.overcommit_memory to 1",
                command: "sysctl -w vm.overcommit_memory=1",
                precheck: "sysctl vm.overcommit_memory",
                expect: "The next save succeeds within a minute",
                rollback: "sysctl -w vm.overcommit_memory=0",
                caveat: "Memory that is really used up can then end in an OOM kill",
                permanent: false),
            Remedy(
                order: 2, text: "Keep it over a reboot",
                command: "echo vm.overcommit_memory=1 > /etc/sysctl.d/90-redis.conf", precheck: "",
                expect: "", rollback: "rm /etc/sysctl.d/90-redis.conf", caveat: "", permanent: true),
        ]
        return finding
    }

    static var contributing: Finding {
        var finding = Finding(
            id: "no_swap", role: .contributing, verdict: .possible, confidence: .low,
            statement: "There may be no swap.")
        finding.evidence = [
            Evidence(.for, "SwapTotal is 0", source: source(92), value: 0, unit: "bytes")
        ]
        return finding
    }

    static var ruledOut: Finding {
        Finding(
            id: "cgroup_memory_limit", role: .primary, verdict: .ruled_out, confidence: .high,
            statement: "No cgroup limit was reached.")
    }

    static var timeline: [TimelineEntry] {
        [
            TimelineEntry(
                at: after(-218.681), local: "22 Nov 2026 12:58:00.001", kind: "overcommit_warning",
                severity: .warning, text: "warned at start: overcommit_memory is 0",
                quote: warningLine,
                source: source(3)),
            TimelineEntry(
                at: start, local: "22 Nov 2026 13:01:38.682", kind: "fork_failed",
                severity: .failure,
                text: "fork for a background save refused: Cannot allocate memory",
                quote: refusedLine,
                count: 8, lastAt: after(212), source: source(12)),
            TimelineEntry(
                at: after(280), local: "22 Nov 2026 13:06:18.682", uncertaintySeconds: 0.001,
                kind: "operation_succeeded", severity: .recovery, text: "background save succeeded",
                source: source(60)),
        ]
    }
}
