// SPDX-License-Identifier: Apache-2.0

package import Model

/// Finds refused writes that no log tells of: INFO in which a server has used up maxmemory under
/// the policy noeviction.
///
/// A server does not log the replies `OOM command not allowed` (redis 7.2.4, src/server.c,
/// `processCommand`). From such an INFO on, commands that need memory are refused; where INFO
/// counts the replies (`errorstat_OOM`, 6.2 and later) the count must have risen too.
package struct MaxmemoryWatch {
    private var servers: [Server] = []
    private let instances: [Instance]
    private let owners: SnapshotOwners

    /// A reading of INFO, with only what decides.
    private struct Reading {
        var at: Timestamp
        var isAtLimit: Bool
        /// Below the limit, where only INFO's count tells of refusals.
        var isCounted = false
        var refusals: Int64?
        var used: SnapshotValue
        var limit: SnapshotValue
        var snapshot: PlacedSnapshot
    }

    private struct Server {
        var instance: Instance
        var readings: [Reading] = []
    }

    /// Reads the INFO of all inputs. `instances`: every server that wrote something.
    package init(_ sources: [SnapshotSource], instances: [Instance]) {
        self.instances = instances.filter { $0.role != .sentinel }
        var owners = SnapshotOwners(instances)
        for source in sources {
            source.log.forEach { owners.learn($0, path: source.path) }
        }
        self.owners = owners
        for source in sources {
            source.log.forEach { snapshot in
                guard snapshot.subject.scope == .server, !snapshot.isChange,
                    let at = source.place(snapshot.stamp, snapshot.line)
                else { return }
                take(PlacedSnapshot(snapshot, at: at, isFileTime: false, path: source.path), at)
            }
        }
    }

    private mutating func take(_ placed: PlacedSnapshot, _ at: Timestamp) {
        let snapshot = placed.snapshot
        guard let used = snapshot.value(.usedMemory), let limit = snapshot.value(.maxmemory) else {
            return
        }
        let number = server(of: placed)
        servers[number].readings.append(
            Reading(
                at: at, isAtLimit: snapshot.isAtMaxmemory, refusals: snapshot[.memoryRefusals],
                used: used, limit: limit, snapshot: placed))
    }

    private mutating func server(of placed: PlacedSnapshot) -> Int {
        let subject = placed.snapshot.subject
        let instance =
            instances.first { owners.applies(subject, in: placed.path, to: $0) }
            ?? Self.instance(of: placed)
        if let known = servers.firstIndex(where: { $0.instance == instance }) { return known }
        servers.append(Server(instance: instance))
        return servers.count - 1
    }

    /// A server that is known by its INFO only.
    private static func instance(of placed: PlacedSnapshot) -> Instance {
        let snapshot = placed.snapshot
        var out = Instance()
        out.product = snapshot.text(.serverProduct)
        out.version = snapshot.text(.serverVersion)
        out.host = snapshot.subject.host
        out.port = snapshot.subject.port
        if let pid = snapshot.subject.pid { out.pids = [pid] }
        out.log = placed.path
        return out
    }

    /// One incident for each stretch at the limit; none where a log already tells of it.
    package func incidents(beside known: [Incident]) -> [Incident] {
        servers.flatMap { server in
            stretches(counted(server.readings.sorted { $0.at < $1.at })).compactMap { stretch in
                let made = incident(server.instance, stretch)
                let isKnown = known.contains {
                    $0.instance == server.instance && $0.overlaps(made)
                        && $0.unfolded.observations.contains { $0.kind == .memory_refused }
                }
                return isKnown ? nil : made
            }
        }
    }

    // MARK: - Stretches

    /// With readings below the limit as well where the count of refusals rose since the last one, or
    /// where there is no other to hold it against.
    private func counted(_ readings: [Reading]) -> [Reading] {
        var out = readings
        for i in out.indices where !out[i].isAtLimit {
            guard let now = out[i].refusals, now > 0 else { continue }
            let isRise = i > 0 ? out[i - 1].refusals.map { now > $0 } ?? false : out.count == 1
            guard isRise, out[i].snapshot.snapshot.countsRefusalsAtMaxmemory else { continue }
            (out[i].isAtLimit, out[i].isCounted) = (true, true)
        }
        return out
    }

    private struct Stretch {
        var first: Reading
        var last: Reading
        var after: Reading?
        /// Replies counted within it, as far as INFO counts them.
        var refused: Int64?
        /// There is no other reading to hold the count against.
        var isOnly = false
    }

    private func stretches(_ readings: [Reading]) -> [Stretch] {
        var out: [Stretch] = []
        var open: Stretch?
        var previous: Reading?
        for reading in readings {
            if reading.isAtLimit {
                if open == nil {
                    open = Stretch(first: reading, last: reading, isOnly: readings.count == 1)
                }
                open?.last = reading
            } else if var done = open {
                done.after = reading
                out.append(done)
                open = nil
            }
            if let now = reading.refusals {
                let rise = previous?.refusals.map { now >= $0 ? now - $0 : now } ?? now
                if var current = open {
                    current.refused = rise + (current.refused ?? 0)
                    open = current
                } else if let last = out.indices.last, out[last].after?.at == reading.at {
                    out[last].refused = rise + (out[last].refused ?? 0)
                }
            }
            previous = reading
        }
        return (out + [open].compactMap(\.self)).filter { $0.refused.map { $0 > 0 } ?? true }
    }

    private func incident(_ instance: Instance, _ stretch: Stretch) -> Incident {
        var out = Incident(kind: .write_refusal, instance: instance)
        var hash = FNV1a()
        hash.combine(instance.host ?? "")
        hash.combine(instance.port.map(String.init) ?? instance.log)
        hash.combine("maxmemory")
        hash.combine(UInt64(bitPattern: stretch.first.snapshot.snapshot.stamp.nanoseconds))
        out.id = "fk-" + hash.short
        out.startedAt = stretch.first.at
        out.lastFailureAt = stretch.last.at
        out.recoveredAt = stretch.after?.at
        out.status = stretch.after == nil ? .ongoing_at_end : .recovered
        out.severity = .major
        let counted = stretch.refused.map {
            "; INFO counts \(spoken($0)) "
                + (stretch.first.isCounted && stretch.isOnly
                    ? "since the server's start, or CONFIG RESETSTAT" : "in that time")
        }
        out.timeline = [
            entry(
                stretch.first, .failure,
                stretch.first.isCounted
                    ? "used_memory is near maxmemory under noeviction, and commands that need memory "
                        + "were refused" + (counted ?? "")
                    : "used_memory had reached maxmemory under noeviction: commands that need memory "
                        + "are refused" + (counted ?? ""))
        ]
        if let after = stretch.after {
            out.timeline.append(
                entry(after, .recovery, "used_memory is below maxmemory again"))
        }
        out.persistence.writesRefused = Persistence.Refusal(
            from: stretch.first.isCounted ? nil : stretch.first.at, until: stretch.after?.at,
            inferred: "INFO shows used_memory \(stretch.first.isCounted ? "near" : "above") "
                + "maxmemory under noeviction"
                + (counted ?? ", which refuses them"))
        out.persistence.exposure = .none
        out.persistence.statement =
            "Saves are not affected: what is refused is new data, not its persistence."
        return out
    }

    private func spoken(_ refusals: Int64) -> String {
        Model.counted(Int(clamping: refusals), "refused command")
    }

    private func entry(
        _ reading: Reading, _ severity: TimelineEntry.Severity, _ text: String
    ) -> TimelineEntry {
        let used = ByteCount(bytes: reading.snapshot.snapshot[.usedMemory] ?? 0).description
        let limit = ByteCount(bytes: reading.snapshot.snapshot[.maxmemory] ?? 0).description
        return TimelineEntry(
            at: reading.at, kind: EventKind.memory_refused.rawValue, severity: severity,
            text: text + " (used_memory \(used), maxmemory \(limit))",
            source: SourceReference(
                path: reading.snapshot.path, line: reading.used.line,
                offset: reading.used.offset))
    }
}

extension Incident {
    fileprivate func overlaps(_ other: Incident) -> Bool {
        guard let a = startedAt, let b = other.startedAt else { return false }
        let untilA = (recoveredAt ?? lastFailureAt ?? a).adding(seconds: 60)
        let untilB = (other.recoveredAt ?? other.lastFailureAt ?? b).adding(seconds: 60)
        return a <= untilB && b <= untilA
    }
}
