// SPDX-License-Identifier: Apache-2.0

package import Model

/// Judges every cause for an incident and says what the answer is, or what would decide it.
package enum Diagnosis {
    /// Fills in causes, verdict and remedies.
    package static func diagnose(_ incident: Incident, sources: [String]) -> Incident {
        var out = incident
        out.persistence = Case(incident, sources: sources).persistence
        if out.persistence.exposure != incident.persistence.exposure {
            out.severity = out.severityByStake
        }
        // Commands need the unit that any reading names; the report says what the log says.
        var known = out
        known.instance.unit = Case(out, sources: sources).serverUnit
        var facts = Case(known, sources: sources)
        let assumption = Assumption(facts)
        if let assumption, assumption.isNotNeeded { facts = facts.withOwnReadings }
        var findings = causes.compactMap { $0.judge(facts) }
        if let assumption, !assumption.isNotNeeded { findings = assumption.weighed(findings) }
        out.causes = ordered(settled(AccountingEvidence.weighed(findings, facts)))
        out.verdict = verdict(facts, out.causes)
        out.causes = withRemedies(facts, out.causes, out.verdict)
        out.trigger = facts.withOwnReadings.trigger
        out.memory = memory(facts)
        out.facts = settings(facts)
        out.timeline = timeline(facts)
        insert(memoryRows(facts, out.memory), into: &out.timeline)
        return out
    }

    /// One sentence for the whole input.
    package static func summary(of report: Report) -> String {
        let warning = earlyWarning(of: report).map { " \($0)" } ?? ""
        guard !report.incidents.isEmpty else {
            return
                (report.inputs.contains { $0.facts.kind == .log || $0.facts.kind == .journal }
                ? "No failed fork, failed save, kill or crash was found."
                : "No log of a Redis, Valkey or KeyDB server was found.") + warning
        }
        let summary = report.summary
        var parts = [counted(report.incidents.count, "incident")]
        if summary.forkFailures > 0 { parts.append(counted(summary.forkFailures, "refused fork")) }
        if summary.saveFailures > 0 { parts.append(counted(summary.saveFailures, "failed save")) }
        if summary.oomKills > 0 { parts.append(counted(summary.oomKills, "OOM kill")) }
        if summary.reportedFailures > 0 {
            parts.append(
                "\(counted(summary.reportedFailures, "refused fork")) reported in words that no "
                    + "server prints"
            )
        }
        return "\(parts.joined(separator: ", ")); \(ending(report.incidents)).\(warning)"
    }

    /// That the next fork of a server would be refused of which no incident is open.
    private static func earlyWarning(of report: Report) -> String? {
        let open = Set(report.incidents.filter { $0.status == .ongoing_at_end }.map(\.instance))
        let refused = report.outlook.filter { $0.wouldFork == .no && !open.contains($0.instance) }
        guard let first = refused.first else { return nil }
        return refused.count == 1
            ? "By the newest figures the next fork of \(first.instance.spoken) would be refused."
            : "By the newest figures the next forks of \(refused.count) servers would be refused."
    }

    /// Whether it is over.
    private static func ending(_ incidents: [Incident]) -> String {
        let open = incidents.count { $0.status == .ongoing_at_end }
        if incidents.count == 1 {
            return open == 1
                ? "it was not over when the data ended" : "it was over when the data ended"
        }
        switch open {
        case 0: return "all were over when the data ended"
        case incidents.count: return "none was over when the data ended"
        default:
            return
                "\(grouped(open)) of them \(open == 1 ? "was" : "were") not over when the data "
                + "ended"
        }
    }

    /// Where one cause is confirmed, the others that could have given the same errno and have
    /// nothing of their own to show are ruled out.
    private static func settled(_ findings: [Finding]) -> [Finding] {
        var out = findings
        // What speaks for a cause that is ruled out only distracts.
        for i in out.indices where out[i].verdict == .ruled_out {
            let against = out[i].evidence.filter { $0.direction == .against }
            if !against.isEmpty { out[i].evidence = against }
        }
        for group in rivals {
            guard
                let answer = findings.first(where: {
                    $0.verdict == .confirmed && group.contains($0.id)
                })
            else { continue }
            for i in out.indices
            where group.contains(out[i].id) && out[i].id != answer.id
                && [.possible, .undecided].contains(out[i].verdict)
            {
                out[i].verdict = .ruled_out
                out[i].confidence = .medium
                out[i].statement =
                    "Not needed: \(answer.id) accounts for what was refused, and nothing in the "
                    + "data points here."
                out[i].missing = []
                out[i].remedies = []
            }
        }
        return out
    }

    /// Causes that give one errno or signal: one of them is enough.
    private static let rivals: [Set<String>] = [
        [
            .commit_limit_strict, .overcommit_heuristic_refusal, .cgroup_memory_limit,
            .kernel_memory, .pid_namespace_dead,
        ],
        [.task_limit_rlimit_nproc, .task_limit_cgroup_pids, .task_limit_system],
        [.cgroup_memory_oom_kill, .host_oom_kill, .child_killed_by_signal],
    ].map { (ids: [CauseID]) in Set(ids.map(\.rawValue)) }

    /// Primary before contributing before ruled out; then by verdict; then by id.
    private static func ordered(_ findings: [Finding]) -> [Finding] {
        func rank(_ f: Finding) -> Int { f.verdict == .ruled_out ? 2 : f.role == .primary ? 0 : 1 }
        func strength(_ f: Finding) -> Int {
            Finding.Verdict.allCases.firstIndex(of: f.verdict) ?? 0
        }
        return findings.sorted { (rank($0), strength($0), $0.id) < (rank($1), strength($1), $1.id) }
    }

    // MARK: - The answer

    private static func verdict(_ facts: Case, _ findings: [Finding]) -> Verdict {
        var out = Verdict()
        let answers = causes.filter { $0.answers.contains(facts.incident.kind) }
        let ids = Set(answers.map { $0.id.rawValue })
        let primary = findings.filter { $0.role == .primary && ids.contains($0.id) }
        if let answer = primary.first(where: { $0.verdict == .confirmed || $0.verdict == .likely })
        {
            out.state = .decided
            out.statement = answer.statement
            return out
        }
        let open = AccountingEvidence.weakestLast(
            byLikelihood(primary.filter { $0.verdict == .possible || $0.verdict == .undecided }),
            facts)
        out.between = open.map(\.id)
        out.nextCommand = nextCommand(open) ?? lastResort(facts)
        out.statement = statement(facts, open)
        let isContradiction =
            open.isEmpty && primary.contains { $0.verdict == .ruled_out }
            && facts.incident.kind == .fork_failure
        if let conflict = facts.clockConflict {
            out.statement +=
                " The clocks do not agree: \(conflict.statement). Name the zone of the log with --tz."
        } else if isContradiction {
            out.statement +=
                " Every candidate is ruled out by what was given, which cannot be: what was read changed "
                + "between the readings, or some of it is of another host, server or time."
        }
        return out
    }

    /// What is always worth a look where no candidate asks for anything.
    private static func lastResort(_ facts: Case) -> String {
        guard facts.incident.kind == .fork_failure, facts.incident.failures.total != 0 else {
            return FactCommands.everything(facts.incident)
        }
        return facts.refusals(.EAGAIN).isEmpty == false
            ? FactCommands.tasks(facts.incident) : FactCommands.overcommit
    }

    /// By confidence; among equals in the order of `causes`, which is that of experience.
    private static func byLikelihood(_ findings: [Finding]) -> [Finding] {
        func rank(_ f: Finding) -> Int {
            Finding.Confidence.allCases.firstIndex(of: f.confidence) ?? 0
        }
        func prior(_ f: Finding) -> Int {
            causes.firstIndex { $0.id.rawValue == f.id } ?? causes.count
        }
        return findings.sorted { (rank($0), prior($0)) < (rank($1), prior($1)) }
    }

    /// The commands that the open candidates miss, each once, the likelier candidates' first.
    private static func nextCommand(_ open: [Finding]) -> String? {
        var commands: [String] = []
        for missing in open.flatMap(\.missing) where !commands.contains(missing.command) {
            commands.append(missing.command)
        }
        return commands.isEmpty ? nil : commands.prefix(3).joined(separator: "\n")
    }

    private static func statement(_ facts: Case, _ open: [Finding]) -> String {
        var parts: [String] = []
        if facts.isToldByKernelOnly { parts.append(toldByKernel(facts)) }
        if facts.refusedForks(.ENOMEM) > 0 {
            parts.append(
                "Fork was refused with ENOMEM: the kernel would not account or charge the "
                    + "memory. That is seldom a lack of free RAM, and the log alone does not say "
                    + "which limit refused."
            )
        }
        if facts.refusedForks(.EAGAIN) > 0 {
            parts.append(
                "Fork was refused with EAGAIN: a limit on the number of tasks, not on memory. "
                    + "The log alone does not say which limit."
            )
        }
        if facts.refusedForks(.EPERM, .EACCES, .ENOSYS) > 0 {
            parts.append(
                "Fork was denied, not short of anything: a sandbox or security module is the "
                    + "usual reason."
            )
        }
        if facts.refusedForks(.EEXIST) > 0 {
            parts.append("The server refused a fork itself, since a child was running.")
        }
        if facts.refusedForks(.UNKNOWN) > 0 {
            parts.append("Some refused forks carry no errno that could be read.")
        }
        if parts.isEmpty, let elsewhere = toldElsewhere(facts, open) { parts.append(elsewhere) }
        if parts.isEmpty, let only = open.first, open.count == 1 { parts.append(only.statement) }
        if parts.isEmpty, facts.incident.failures.total == nil {
            parts.append(
                "INFO tells that it failed, not why or how often: the server's log says that.")
        }
        if parts.isEmpty, open.count > 1 { parts.append(plain(facts)) }
        if parts.isEmpty { parts.append("The log does not show what caused this.") }
        return parts.joined(separator: " ")
    }

    /// No server's log is there, or it does not reach to the time.
    private static func toldByKernel(_ facts: Case) -> String {
        facts.kernelRefusals.isEmpty
            ? "The kernel refused a fork or a thread at a limit of tasks. What it was for, and what "
                + "followed, the server's log says."
            : "The kernel refused to account memory for a process of the server. Whether that was a "
                + "fork or another allocation, and what followed, the server's log says."
    }

    /// Where another line or log holds the reason.
    private static func toldElsewhere(_ facts: Case, _ open: [Finding]) -> String? {
        guard open.isEmpty else { return nil }
        if !facts.events(.replica_refused_by_master).isEmpty {
            return
                "The master could not save for this replica. Why, only the master's own log tells."
        }
        if !facts.events(.sync_refused, .aof_enable_failed, .slot_migration_refused).isEmpty {
            return
                "The server could not begin what it was asked for. The line before it, which "
                + "names the errno of the fork, is not in the log."
        }
        return nil
    }

    private static func plain(_ facts: Case) -> String {
        switch facts.incident.kind {
        case .save_failure where !facts.vanished.isEmpty:
            "The server was gone without a word while its child worked; the log alone does not say why."
        case .save_failure:
            "A save failed after its child had been forked; the log alone does not say why."
        case .server_crash: "The server crashed; the log alone does not say why."
        case .oom_kill: "A process of the server was killed for want of memory."
        case .write_refusal: "Writes were refused; the log alone does not say why."
        case .fork_failure: "A fork failed; the log alone does not say why."
        }
    }

    // MARK: - What to do

    /// While nothing is decided, the one step that cannot hurt is to look.
    private static func withRemedies(
        _ facts: Case, _ findings: [Finding], _ verdict: Verdict
    ) -> [Finding] {
        guard verdict.state == .undecided, let command = verdict.nextCommand,
            let first = findings.firstIndex(where: {
                $0.role == .primary && $0.verdict != .ruled_out
            })
        else { return findings }
        var out = findings
        let ongoing = facts.incident.status == .ongoing_at_end
        let atRisk = [.exposed, .unknown].contains(facts.incident.persistence.exposure)
        out[first].remedies = [
            Remedy(
                order: 1,
                text: ongoing && atRisk
                    ? "Leave the server running, since a restart would lose what no file holds, "
                        + "and read the facts that decide between the candidates."
                    : "Read the facts that decide between the candidates.",
                command: command,
                precheck: whereToRead(facts, command),
                expect:
                    "The values are printed within a second. Keep the output with the incident: "
                    + "what each candidate below misses is in it.",
                rollback: "Nothing to take back: the commands only read.",
                caveat:
                    "If the host was restarted or changed since the failure, the values are "
                    + "those of now, not of then.",
                permanent: false)
        ]
        return out
    }
}

extension Diagnosis {
    /// On which machine the commands tell of the server that is meant.
    private static func whereToRead(_ facts: Case, _ command: String) -> String {
        let host =
            "Log in to the host of the server itself (\(facts.incident.instance.spoken)), not to "
            + "another node or into its container."
        guard facts.incident.instance.isInContainer else { return host }
        return command.contains("CONFIG GET dir")
            ? "The server is the first process of a container: what asks for its data directory is "
                + "run inside that container (docker exec, kubectl exec), the rest on its host."
            : host
                + " Where several servers run there, put the process id of its container into P: "
                + "docker inspect -f '{{.State.Pid}}' CONTAINER."
    }
}

extension Instance {
    /// Whether its log says that it runs in a container.
    var isInContainer: Bool { container != nil || pids == [1] }
}
