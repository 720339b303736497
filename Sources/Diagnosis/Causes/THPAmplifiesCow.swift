// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Transparent huge pages made each small write during a save copy two megabytes.
///
/// Mechanism: before Linux 5.8 the first write to a shared huge page copied all of it; since then
/// the page is split and 4 KiB are copied (commit 3917c80280c9, mm/huge_memory.c,
/// `do_huge_pmd_wp_page`). Huge pages make fork itself faster, and never refuse one.
/// For: a kernel before 5.8, AnonHugePages of the server above zero, and a kill while a child ran.
/// Against: Linux 5.8 or later; no huge pages in the server, as `disable-thp yes` (redis 6.2 and
/// later) sees to, whatever the host's setting.
/// Settled by: uname -r, and AnonHugePages in /proc/PID/smaps_rollup.
/// To do: `madvise` instead of `always` on such a kernel, and a restart of the server.
enum THPAmplifiesCow: Cause {
    static let id = CauseID.thp_amplifies_cow
    static let role = Finding.Role.contributing

    static func judge(_ facts: Case) -> Finding? {
        let warning = facts.ownEvents(.thp_warning).last
        if facts.isRefusedMemory { return warning.map { notForForks(facts, $0) } }
        guard facts.isKilledForMemory, facts.childWasRunning else { return nil }
        let pages = facts.nearest(.processAnonHugePages, where: Case.isServerProcess)
        let host = facts.setting(.transparentHugePages, where: Case.isHost)
        let isOn = host.map { $0.text == "always" || $0.text.contains("[always]") } ?? false
        guard warning != nil || isOn || (pages?.number ?? 0) > 0 else { return nil }
        let seen =
            (warning.map { [facts.cite($0, .for, "the server's warning at its start")] } ?? [])
            + (host.map { [facts.cite($0.reading, .for, "the host's setting is \($0.text)")] } ?? [])
        if let out = ruledOut(facts, pages) { return out }
        var out = verdict(facts, pages)
        out.evidence += seen
        return out
    }

    private static func notForForks(_ facts: Case, _ warning: Event) -> Finding {
        finding(
            .ruled_out, .high,
            "Huge pages, of which the server warned at its start, do not refuse a fork; they make "
                + "it faster.",
            evidence: [
                facts.cite(warning, .against, "the warning is about latency and memory use")
            ])
    }

    private static func ruledOut(_ facts: Case, _ pages: Measured?) -> Finding? {
        if let version = facts.kernelVersion, (version.major, version.minor) >= (5, 8) {
            return finding(
                .ruled_out, .high,
                "Since Linux 5.8 a write to a shared huge page copies 4 KiB, as without huge "
                    + "pages; this is \(version.major).\(version.minor).",
                evidence: [facts.cite(version.reading, .against, "the kernel's version")])
        }
        if let pages, pages.number == 0 {
            return finding(
                .ruled_out, .medium, "The server had no huge pages.",
                evidence: [
                    facts.cite(pages, .against, "AnonHugePages of the server is zero")
                ])
        }
        return nil
    }

    private static func verdict(_ facts: Case, _ pages: Measured?) -> Finding {
        let isOld = facts.kernelIsAtLeast(5, 8).map { !$0 } ?? false
        guard isOld, !facts.kernelIsBackported, let pages, pages.number > 0 else {
            return finding(
                .possible, .low,
                "Huge pages may have multiplied what the save copied, if the kernel is older than "
                    + "5.8 and the server has some.",
                missing: [
                    MissingFact(
                        what: "the kernel's version and the server's huge pages",
                        why: "since Linux 5.8, and without huge pages, they play no part",
                        command: "uname -r; grep AnonHugePages /proc/$(pidof -s redis-server "
                            + "valkey-server keydb-server)/smaps_rollup")
                ])
        }
        var out = finding(
            .likely, .medium,
            "On this kernel each write to a page that the child shares copied 2 MiB: "
                + "\(facts.spoken(pages.number)) of the server were huge pages.",
            evidence: [
                facts.cite(
                    pages, .for, "AnonHugePages of the server, \(facts.distance(of: pages))")
            ])
        out.arithmetic = [facts.quantity("huge pages of the server", pages)]
        out.remedies = [
            Remedy(
                order: 1, text: "Give huge pages only to programs that ask for them.",
                command: "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled",
                precheck: "cat /sys/kernel/mm/transparent_hugepage/enabled",
                expect: "The word in brackets is madvise; after the server's next restart "
                    + "AnonHugePages of its smaps_rollup stays at zero.",
                rollback: "The word that the check printed in brackets, with the same command.",
                caveat: "Pages that the server has stay huge until it is restarted: save first. "
                    + "A redirection after sudo does not work, since the shell opens the file. For "
                    + "good: transparent_hugepage=madvise on the kernel's command line.",
                permanent: false)
        ]
        return out
    }
}
