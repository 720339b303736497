// SPDX-License-Identifier: Apache-2.0

internal import Model

/// A root cause or contributing factor: one type, one file, one page of documentation.
///
/// From the logs alone a mechanism reaches `possible` at most: an errno names a class of
/// refusals, not the limit that refused.
protocol Cause: Sendable {
    static var id: CauseID { get }
    static var role: Finding.Role { get }
    /// The kinds of first failure that it can be the answer to.
    static var answers: Set<Incident.Kind> { get }
    /// What this cause comes to for one incident; nothing where it does not apply.
    static func judge(_ facts: Case) -> Finding?
}

extension Cause {
    static var role: Finding.Role { .primary }
    static var answers: Set<Incident.Kind> { Set(Incident.Kind.allCases) }

    static func finding(
        _ verdict: Finding.Verdict, _ confidence: Finding.Confidence, _ statement: String,
        evidence: [Evidence] = [], missing: [MissingFact] = [], remedies: [Remedy] = []
    ) -> Finding {
        var out = Finding(
            id: id.rawValue, role: role, verdict: verdict, confidence: confidence,
            statement: statement)
        out.evidence = evidence
        out.missing = missing
        out.remedies = remedies
        return out
    }
}

/// Every cause that is judged, the more usual ones of each class first. A new cause is a new file
/// and a line here.
let causes: [any Cause.Type] = [
    CommitLimitStrict.self, OvercommitHeuristicRefusal.self, CgroupMemoryLimit.self,
    KernelMemory.self, PidNamespaceDead.self, TaskLimitRlimitNproc.self, TaskLimitCgroupPids.self,
    TaskLimitSystem.self, SandboxDenied.self, AnotherChildActive.self, FileDescriptorLimit.self,
    CgroupMemoryOOMKill.self, HostOOMKill.self, ChildKilledBySignal.self, ChildCrashed.self,
    ChildAllocationFailed.self, ChildHung.self,
    DiskFull.self, DirNotWritable.self, IOFailure.self, MaxmemoryNoeviction.self,
    ReplicaOutputBufferLimit.self, ServerAllocationFailed.self, PlatformForkEmulation.self,
    OvercommitNotEnabled.self, KnownDefect.self, AOFRewriteRetryStorm.self, FullSyncStorm.self,
    CowGrowth.self, THPAmplifiesCow.self, MemoryGrowth.self, Fragmentation.self,
    ClientBuffers.self, OverlappingSaves.self, NoSwap.self, MaxmemoryUnset.self,
    MaxmemoryTooCloseToLimit.self, OOMPolicyStopsUnit.self,
]
