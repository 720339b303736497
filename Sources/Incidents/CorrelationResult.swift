// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Puts the findings of all trackers together: what a replica or a client saw goes to the
/// incident of the server it is about.
struct CorrelationResult {
    private(set) var correlation = Correlation()

    /// Takes the incidents from the trackers.
    init(_ trackers: inout [InstanceTracker], folded: Int) {
        correlation.duplicatesFolded = folded
        var asides: [InstanceTracker.Aside] = []
        for i in trackers.indices {
            if correlation.incidents.isEmpty {
                swap(&correlation.incidents, &trackers[i].finished)
            }
            correlation.incidents += trackers[i].finished
            asides += trackers[i].asides
            (trackers[i].finished, trackers[i].asides) = ([], [])
        }
        asides.sort {
            ($0.incident.startedAt?.nanoseconds ?? 0, $0.incident.id)
                < ($1.incident.startedAt?.nanoseconds ?? 0, $1.incident.id)
        }
        for aside in asides { place(aside) }
        correlation.instances = trackers.lazy.filter(\.hasSpoken).map(\.summary)
        tellApart()
        relate()
        correlation.incidents.sort { $0.place < $1.place }
        correlation.instances.sort { $0.instance.place < $1.instance.place }
    }

    // MARK: - The other side of somebody's incident

    private mutating func place(_ aside: InstanceTracker.Aside) {
        guard let number = subject(of: aside) else {
            correlation.incidents.append(aside.incident)
            return
        }
        attach(aside, to: &correlation.incidents[number])
    }

    /// The incident of a server that `aside` shows from outside.
    private func subject(of aside: InstanceTracker.Aside) -> Int? {
        // A command refused at maxmemory is no sign of a failed save.
        if aside.isClient,
            aside.incident.timeline.contains(where: { $0.kind == EventKind.memory_refused.rawValue }
            )
        {
            return nil
        }
        let meant = correlation.incidents.indices.filter {
            isAbout(aside, correlation.incidents[$0])
        }
        if let port = aside.masterPort,
            let exact = meant.first(where: { correlation.incidents[$0].instance.port == port })
        {
            return exact
        }
        return meant.count == 1 ? meant.first : nil
    }

    private func isAbout(_ aside: InstanceTracker.Aside, _ incident: Incident) -> Bool {
        guard let start = aside.incident.startedAt, let from = incident.startedAt else {
            return false
        }
        if let port = aside.masterPort, let other = incident.instance.port, port != other {
            return false
        }
        guard incident.instance.role != .sentinel else { return false }
        let until = incident.recoveredAt ?? incident.lastFailureAt.map { max($0, start) } ?? from
        return start >= from.adding(seconds: -60) && start <= until.adding(seconds: 120)
    }

    private func attach(_ aside: InstanceTracker.Aside, to incident: inout Incident) {
        let consequence = aside.isClient ? "write_refusal" : "replica_loss"
        if !incident.consequences.contains(consequence) {
            incident.consequences.append(consequence)
        }
        incident = incident.unfolded
        incident.timeline = inOrder(
            incident.timeline + aside.incident.timeline.filter { $0.severity == .failure })
        incident.observations += aside.incident.observations
        guard aside.isClient else { return }
        let seen = aside.incident.startedAt
        let before = incident.persistence.writesRefused
        incident.persistence.writesRefused = Persistence.Refusal(
            from: [before?.from, seen].compactMap(\.self).min(),
            until: before?.until ?? incident.recoveredAt, inferred: nil)
    }

    // MARK: - Incidents side by side

    /// Refusals with one errno on one host at one time have one cause on that host.
    private mutating func relate() {
        let dated = correlation.incidents.indices.filter {
            correlation.incidents[$0].instance.host != nil
                && correlation.incidents[$0].startedAt != nil
        }
        let byHost = Dictionary(grouping: dated) { correlation.incidents[$0].instance.host }
        var related: [Int: [String]] = [:]
        for members in byHost.values where members.count > 1 {
            let ordered = members.sorted { start($0) < start($1) }
            for (place, a) in ordered.enumerated() {
                let end = correlation.incidents[a].hostEventEnd
                // Those that begin later cannot touch it either.
                for b in ordered[(place + 1)...].prefix(while: { start($0) <= end })
                where correlation.incidents[a].sharesHostEvent(with: correlation.incidents[b]) {
                    related[a, default: []].append(correlation.incidents[b].id)
                    related[b, default: []].append(correlation.incidents[a].id)
                }
            }
        }
        for (i, ids) in related { correlation.incidents[i].related = ids.sorted() }
    }

    private func start(_ i: Int) -> Int64 {
        correlation.incidents[i].startedAt?.nanoseconds ?? 0
    }

    /// Two servers may write the same line in the same moment: their incidents differ all the same.
    private mutating func tellApart() {
        let uses = Dictionary(grouping: correlation.incidents.indices) {
            correlation.incidents[$0].id
        }
        for members in uses.values where members.count > 1 {
            var copies: [String: UInt64] = [:]
            for i in members {
                var hash = FNV1a()
                hash.combine(correlation.incidents[i].id)
                hash.combine(correlation.incidents[i].instance.log)
                hash.combine(correlation.incidents[i].instance.container ?? "")
                hash.combine(UInt64(correlation.incidents[i].instance.port ?? 0))
                // A log that was pasted twice into one file tells of each incident twice.
                let copy = copies[hash.short, default: 0]
                copies[hash.short] = copy + 1
                if copy > 0 { hash.combine(copy) }
                correlation.incidents[i].id = "fk-" + hash.short
            }
        }
    }
}

extension Incident {
    /// By time; what has none comes after what has, and does not stand in front of it.
    fileprivate var place: (Int64, Int, String, String) {
        (startedAt?.nanoseconds ?? .max, instance.port ?? 0, instance.log, id)
    }

    /// Until when a refusal elsewhere on the host counts as the same event, in nanoseconds.
    fileprivate var hostEventEnd: Int64 {
        (lastFailureAt ?? startedAt)?.adding(seconds: 60).nanoseconds ?? 0
    }

    fileprivate func sharesHostEvent(with other: Incident) -> Bool {
        guard let host = instance.host, host == other.instance.host,
            let a = startedAt, let b = other.startedAt,
            !Set(failures.byErrno.keys).isDisjoint(with: other.failures.byErrno.keys)
        else { return false }
        let untilA = (lastFailureAt ?? a).adding(seconds: 60)
        let untilB = (other.lastFailureAt ?? b).adding(seconds: 60)
        return a <= untilB && b <= untilA
    }
}

extension Instance {
    fileprivate var place: (String, Int, Int32) { (log, port ?? 0, pids.first ?? 0) }
}

extension InstanceTracker {
    /// Whether a server wrote anything that matters; else it is not worth a line.
    fileprivate var hasSpoken: Bool {
        lastEventAt != nil && !instance.pids.isEmpty || total != Tally()
    }

    fileprivate var summary: InstanceSummary {
        var out = InstanceSummary(instance: instance, saves: total.saves)
        out.rewrites = total.rewrites
        out.lastSuccessAt = lastSave?.at
        out.copyOnWritePeak =
            copyOnWrite.peak > 0 ? ByteCount(mebibytes: Int64(copyOnWrite.peak)) : nil
        out.copiedFirst = copyOnWrite.first.map { ByteCount(mebibytes: Int64($0.mebibytes)) }
        out.copiedLast = copyOnWrite.last.map { ByteCount(mebibytes: Int64($0.mebibytes)) }
        out.savePointSeconds = savePoints?.int("seconds")
        out.lastEventAt = lastEventAt
        return out
    }
}
