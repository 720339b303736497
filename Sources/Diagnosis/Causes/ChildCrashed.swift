// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The child died of a defect.
///
/// Mechanism: signals 4, 6, 7, 8 or 11 to the child, with a crash report or a kernel `segfault`
/// line.
/// For: such a signal with a report of the same process in the log, more so with the kernel's line,
/// which no signal by hand leaves.
/// Against: signal 11 sent by hand looks the same to the parent; the report's si_code and "Killed
/// by
/// PID" lines tell.
/// Settled by: the crash report; a core dump.
/// To do: upgrade; report the defect with the crash report; test the memory.
enum ChildCrashed: Cause {
    static let id = CauseID.child_crashed
    static let answers: Set<Incident.Kind> = [.save_failure]

    static func judge(_ facts: Case) -> Finding? {
        let deaths = facts.kills(4, 6, 7, 8, 11)
        guard !deaths.isEmpty else { return nil }
        if let sent = facts.sentSignals.first {
            return finding(
                .ruled_out, .high, "The signal was sent to the child; no defect raised it.",
                evidence: [
                    facts.cite(
                        sent, .against,
                        "the crash report's si_code is that of a sent "
                            + "signal")
                ])
        }
        let faults = facts.events(.segfault).filter(\.isServerFamily)
        let isFault = !faults.isEmpty && !facts.kills(11).isEmpty
        return finding(
            isFault ? .likely : .possible, .medium,
            isFault
                ? "The child crashed: the kernel saw a fault of its own, which a signal sent by hand "
                    + "is not."
                : "The child may have crashed by a defect of its own; a signal "
                    + "sent by hand looks the same.",
            evidence: facts.cite(deaths, "the child ended by a signal that a defect raises")
                + facts.cite(faults, "the kernel saw a segmentation fault")
                + facts.cite(
                    facts.events(.crash_signal).filter { $0.header.role == .child },
                    "the child wrote a crash report"),
            missing: [
                MissingFact(
                    what: "who raised the signal",
                    why: "si_code in the crash report, or a core "
                        + "dump, tells a defect from a kill",
                    command: cores)
            ],
            remedies: isFault
                ? [
                    .reading(
                        "Keep the core dump and the crash report, and report the defect with both.",
                        command: cores,
                        expect: "A dump of that minute; coredumpctl info PID prints its stack.",
                        caveat: "A fault that wanders between functions points to bad memory: test "
                            + "it before the server is blamed.")
                ] : [])
    }

    private static let cores =
        "coredumpctl list --since '-2 days' redis-server valkey-server keydb-server"
}
