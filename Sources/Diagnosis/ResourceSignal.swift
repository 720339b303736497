// SPDX-License-Identifier: Apache-2.0

internal import Model

/// A signal that the kernel sends to a process that goes beyond one of its resource limits.
///
/// Source: Linux v6.6, fs/read_write.c, `generic_write_check_limits` (SIGXFSZ), and
/// kernel/time/posix-cpu-timers.c, `check_process_timers` (SIGXCPU). The numbers are those of x86 and
/// ARM (signal(7)).
struct ResourceSignal {
    let number: Int
    let name: String
    /// What the process did.
    let act: String
    /// What it did it beyond.
    let bound: String
    let limit: Measure
    /// The line in /proc/PID/limits.
    let row: String
    /// prlimit(1)'s option and systemd's directive.
    let option: String
    let directive: String

    static let all = [
        ResourceSignal(
            number: 25, name: "SIGXFSZ", act: "writes",
            bound: "its limit on the size of files (RLIMIT_FSIZE)",
            limit: .limitFileSize, row: "Max file size", option: "fsize", directive: "LimitFSIZE"),
        ResourceSignal(
            number: 24, name: "SIGXCPU", act: "runs",
            bound: "its limit on processor time (RLIMIT_CPU)", limit: .limitProcessorTime,
            row: "Max cpu time", option: "cpu", directive: "LimitCPU"),
    ]

    /// The finding where such a signal ended all the children that one ended.
    func finding(_ facts: Case, _ kills: [Event]) -> Finding {
        let setting = facts.setting(limit, where: Case.isServerProcess)
        let bounded = setting.flatMap { $0.number == .max ? nil : $0 }
        let verdict: Finding.Verdict =
            bounded.map { $0.isKnown ? .confirmed : facts.tells($0) ? .likely : .possible }
            ?? .possible
        let kernel =
            "signal \(number) (\(name)), which the kernel sends to a process that \(act) beyond \(bound)"
        var out = ChildKilledBySignal.finding(
            verdict, verdict == .possible ? .medium : .high,
            verdict == .possible
                ? "The child was ended by \(kernel)."
                : "The child \(act) beyond \(bound), for which the kernel ended it by signal \(number) "
                    + "(\(name)).",
            evidence: facts.cite(kills, "the child ended by a signal")
                + (setting.map { [cite($0, facts)] } ?? []),
            missing: verdict == .possible ? [missing(facts, setting)] : [])
        if let bounded { out.arithmetic = [facts.quantity("limit", bounded.reading)] }
        if verdict != .possible { out.remedies = remedies(facts, setting) }
        return out
    }

    private func cite(_ setting: Setting, _ facts: Case) -> Evidence {
        setting.number == .max
            ? facts.cite(
                setting.reading, .against, "\(row) is unlimited; \(facts.reach(of: setting))")
            : facts.cite(setting.reading, .for, "\(row); \(facts.reach(of: setting))")
    }

    private func missing(_ facts: Case, _ setting: Setting?) -> MissingFact {
        guard setting?.number == .max else {
            return MissingFact(
                what: "the limit of the server's process",
                why: "its children have the same; where there is none, somebody sent the signal",
                command: FactCommands.limit(row, facts.incident))
        }
        return MissingFact(
            what: "who sent the signal, or who changed the limit",
            why: "no limit was set when it was read",
            command: "sudo ausearch -sc kill -ts recent   # with a rule for kill(2) in place")
    }

    private func remedies(_ facts: Case, _ setting: Setting?) -> [Remedy] {
        func set(_ value: String) -> String {
            facts.aboutProcess { "sudo prlimit --pid \($0) --\(option)=\(value):" }
        }
        let file = facts.dropIn(option, "\(directive)=infinity")
        let old = setting.map { String($0.number) }
        return AccountingRemedies.numbered([
            Remedy(
                order: 0, text: "Lift the limit of the running server; its children inherit it.",
                command: set("unlimited"),
                precheck: facts.aboutProcess { "grep '\(row)' /proc/\($0)/limits" }
                    + ": the second number is the hard limit. Where it is not unlimited, put both into the "
                    + "command: --\(option)=unlimited:unlimited.",
                expect: "The next save ends with 'Background saving terminated with success'.",
                rollback: old.map(set)
                    ?? "The same command, with the limit that the check printed.",
                caveat: "Gone with the next restart. Memory settings have no part in it.",
                permanent: false),
            Remedy(
                order: 0, text: "Lift it for good, from the next start of the unit on.",
                command: file.set,
                precheck: "systemctl show -p \(directive) \(facts.unitWord)"
                    + (facts.unitNote.isEmpty ? "" : ".") + facts.unitNote,
                expect: "systemctl show -p \(directive) \(facts.unitWord) prints infinity.",
                rollback: file.undo,
                caveat:
                    "Where systemd does not start the server, see ulimit in its start script and "
                    + "/etc/security/limits.conf. Do not restart the server for it before a save has "
                    + "succeeded.",
                permanent: true),
        ])
    }
}
