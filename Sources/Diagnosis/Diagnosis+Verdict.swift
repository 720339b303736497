// SPDX-License-Identifier: Apache-2.0
// What the answer is, or between which causes it lies and what would decide.

internal import Model

extension Diagnosis {
    /// The answer to one kind of failure of an incident: its cause, or those that are left.
    private struct Answer {
        var kind: Incident.Kind
        var decided: Finding?
        var open: [Finding] = []
        /// Every candidate is ruled out, which cannot be.
        var isContradiction = false

        init(_ facts: Case, _ findings: [Finding], to kind: Incident.Kind) {
            self.kind = kind
            let ids = Set(causes.filter { $0.answers.contains(kind) }.map { $0.id.rawValue })
            let primary = findings.filter { $0.role == .primary && ids.contains($0.id) }
            decided = primary.first { $0.verdict == .confirmed || $0.verdict == .likely }
            guard decided == nil else { return }
            open = AccountingEvidence.weakestLast(
                byLikelihood(
                    primary.filter { $0.verdict == .possible || $0.verdict == .undecided }), facts)
            isContradiction =
                kind == .fork_failure && open.isEmpty
                && primary.contains { $0.verdict == .ruled_out }
        }
    }

    /// Of what failed first, and of forks that were refused after it.
    static func verdict(_ facts: Case, _ findings: [Finding]) -> Verdict {
        let first = Answer(facts, findings, to: facts.incident.kind)
        var out = Verdict()
        out.between = first.open.map(\.id)
        if let decided = first.decided {
            out.state = .decided
            out.statement = decided.statement
        } else {
            out.nextCommand = nextCommand(first.open)
            if out.nextCommand == nil || lacksSave(facts) {
                add(lastResort(facts), to: &out)
            }
            out.statement = statement(facts, first)
        }
        let refusals = first.kind == .fork_failure ? "" : refusalWords(facts)
        if !refusals.isEmpty {
            let later = Answer(facts, findings, to: .fork_failure)
            add(later, refusals, to: &out, isAnswered: later.decided?.id == first.decided?.id)
        }
        guard out.state == .undecided else { return out }
        if let conflict = facts.clockConflict {
            out.statement +=
                " The clocks do not agree: \(conflict.statement). Name the zone of the log with --tz."
        } else if first.isContradiction {
            out.statement +=
                " Every candidate is ruled out by what was given, which cannot be: what was read changed "
                + "between the readings, or some of it is of another host, server or time."
        }
        return out
    }

    /// Says of the forks that were refused in an incident that began otherwise what refused them.
    private static func add(
        _ later: Answer, _ words: String, to out: inout Verdict, isAnswered: Bool
    ) {
        if let decided = later.decided {
            guard !isAnswered else { return }
            out.statementOfRefusals = "Forks were refused as well. \(decided.statement)"
            return
        }
        out.statementOfRefusals = "Forks were refused as well. \(words)"
        out.betweenOfRefusals = later.open.map(\.id)
        out.between += out.betweenOfRefusals.filter { !out.between.contains($0) }
        if let command = nextCommand(later.open) { add(command, to: &out) }
    }

    private static func add(_ command: String, to out: inout Verdict) {
        out.nextCommand = out.nextCommand.map { "\($0)\n\(command)" } ?? command
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

    private static func statement(_ facts: Case, _ answer: Answer) -> String {
        if facts.isToldByKernelOnly {
            return [toldByKernel(facts), refusalWords(facts)].filter { !$0.isEmpty }
                .joined(separator: " ")
        }
        if answer.kind == .fork_failure {
            let words = refusalWords(facts)
            if !words.isEmpty { return words }
        }
        if let elsewhere = toldElsewhere(facts, answer.open) { return elsewhere }
        if answer.open.count == 1 {
            return answer.open[0].statement + (lacksSave(facts) ? " \(misconf)" : "")
        }
        if facts.incident.failures.total == nil {
            return "INFO tells that it failed, not why or how often: the server's log says that."
        }
        return answer.open.isEmpty ? "The log does not show what caused this." : plain(facts)
    }

    /// What the errnos of refused forks say, and no more.
    private static func refusalWords(_ facts: Case) -> String {
        var parts: [String] = []
        if facts.refusedForks(.ENOMEM) > 0 {
            parts.append(
                "Fork was refused with ENOMEM: the kernel would not account or charge the "
                    + "memory. That is seldom a lack of free RAM, and "
                    + (facts.kernelRefusals.isEmpty
                        ? "the log alone does not say which limit refused."
                        : "what was given does not say which limit refused.")
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
        return parts.joined(separator: " ")
    }

    /// Whether writes were refused for a failed save of which nothing else tells.
    private static func lacksSave(_ facts: Case) -> Bool {
        facts.incident.kind == .write_refusal && facts.incident.failures.total == 0
            && facts.events(.writes_refused).contains { $0.operation == .bgsave }
    }

    private static let misconf =
        "Writes were refused because a save had failed (MISCONF); why it failed, the server's own log "
        + "says."

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
        return lacksSave(facts) ? misconf : nil
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
}
