// SPDX-License-Identifier: Apache-2.0

internal import Model

/// What facts may say of which nothing tells that they are of the server's host.
///
/// They decide nothing where facts that are tied to the server decide. Else a cause that rests on
/// them is at most likely, where they were read around the failure, and possible where they were
/// read at another time or name other servers; and they rule nothing out.
struct Assumption {
    private let facts: Case
    /// What is judged without them.
    private let own: [Finding]
    private let paths: [String: PlacedSnapshot.Tie]

    /// `nil` where everything that was read is tied to the server.
    init?(_ facts: Case) {
        var paths: [String: PlacedSnapshot.Tie] = [:]
        for placed in facts.incident.readings.snapshots where placed.tie != .own {
            paths[placed.path] =
                placed.tie == .doubtful ? .doubtful : paths[placed.path] ?? .assumed
        }
        guard !paths.isEmpty else { return nil }
        self.facts = facts
        self.paths = paths
        own = causes.compactMap { $0.judge(facts.withOwnReadings) }
    }

    /// Whether what is tied to the server decides by itself.
    var isNotNeeded: Bool {
        own.contains {
            $0.role == .primary && ($0.verdict == .confirmed || $0.verdict == .likely)
        }
    }

    /// The findings with as much weight as such facts may have.
    func weighed(_ findings: [Finding]) -> [Finding] {
        findings.compactMap { finding in
            let without = own.first { $0.id == finding.id }
            switch finding.verdict {
            case .confirmed, .likely: return capped(finding, without)
            case .ruled_out: return open(finding, without)
            case .possible, .undecided: return without ?? finding
            }
        }
    }

    private func capped(_ finding: Finding, _ without: Finding?) -> Finding {
        if let without, without.verdict == finding.verdict { return without }
        let resting = finding.evidence.filter { evidence in
            evidence.source.map { paths[$0.path] != nil } ?? false
        }
        guard let path = resting.first?.source?.path else { return finding }
        let isDoubtful = resting.contains {
            $0.source.map { paths[$0.path] == .doubtful } ?? false
        }
        var out = finding
        out.verdict =
            without?.verdict == .likely || !isDoubtful && resting.contains(where: isTimely)
            ? .likely : .possible
        out.confidence = .low
        out.statement +=
            isDoubtful
            ? " That holds if \(path) is of this server's host; the servers that it names are others."
            : " That holds if \(path) is of this server's host; nothing in it says so."
        out.missing.append(
            MissingFact(
                what: "whose host \(path) is of",
                why: "it names neither the host nor the process of the log",
                command: "hostname; pgrep -a 'redis-server|valkey-server|keydb-server'"))
        if out.verdict == .possible { out.remedies = [] }
        return out
    }

    /// Read between an hour before the first failure and ten minutes after the last.
    private func isTimely(_ evidence: Evidence) -> Bool {
        guard let at = evidence.at, let start = facts.start, let end = facts.end else {
            return false
        }
        return at >= start.adding(seconds: -3600) && at <= end.adding(seconds: 600)
    }

    /// What only they would rule out stays open.
    private func open(_ finding: Finding, _ without: Finding?) -> Finding? {
        guard var out = without, out.verdict != .ruled_out else { return without }
        out.confidence = .low
        out.evidence += finding.evidence.filter { $0.direction == .against }.map { evidence in
            var evidence = evidence
            evidence.statement += "; whether that is this server's host is not known"
            return evidence
        }
        return out
    }
}

extension Case {
    /// The same without the facts of which nothing says that they are of the server's host.
    var withOwnReadings: Case {
        var incident = incident
        incident.readings = incident.readings.own
        return Case(incident, sources: sources)
    }
}
