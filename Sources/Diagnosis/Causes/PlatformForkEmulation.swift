// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The Windows port's emulation of fork failed.
///
/// Mechanism: the port maps its heap into a second process; system error 1455 (0x5af) means that
/// the page file is too small (microsoftarchive/redis issues 126, 395, 595).
/// For: `fork operation failed`, `BeginForkOperation: system error caught`.
/// Against: any Linux server.
/// Settled by: the message.
/// To do: enlarge the page file; set maxheap; move to a maintained server on Linux.
enum PlatformForkEmulation: Cause {
    static let id = CauseID.platform_fork_emulation
    static let answers: Set<Incident.Kind> = [.fork_failure, .save_failure]

    static func judge(_ facts: Case) -> Finding? {
        let reports = facts.events(.fork_failed_reported)
            .filter { $0.patternID.hasPrefix("reported.windows-") }
        // Linux does not give EINVAL for fork; the port's classic line carries it.
        let invalid = facts.refusals(.EINVAL)
        guard !(reports + invalid).isEmpty else { return nil }
        return finding(
            .possible, reports.isEmpty ? .medium : .high,
            "The fork emulation of the Windows port "
                + "\(reports.isEmpty ? "may have failed" : "failed").",
            evidence: facts.cite(reports, "a message of the Windows port")
                + facts.cite(invalid, "EINVAL, which the port gives and fork on Linux does not"),
            missing: [
                MissingFact(
                    what: "the size of the page file",
                    why: "the port's heap must fit into it "
                        + "twice",
                    command: "wmic pagefile list /format:list")
            ])
    }
}
