// SPDX-License-Identifier: Apache-2.0
// What a report shows of the snapshots around an incident: memory over time, and what was set.

internal import Model

extension Diagnosis {
    /// Memory of host, cgroup, process and server: the last reading before the first failure,
    /// those nearest to each quarter of the incident, and the first after it.
    static func memory(_ facts: Case) -> [MemorySample] {
        guard let start = facts.start, let end = facts.end else { return [] }
        var chosen: [PlacedSnapshot] = []
        let candidates = facts.incident.readings.snapshots.filter {
            $0.at != nil && !$0.isFileTime && !$0.snapshot.isChange
                && $0.snapshot.subject.scope != .fileSystem && shown($0.snapshot).count > 0
        }
        for (_, series) in grouped(candidates) {
            let before = series.last { ($0.at ?? start) <= start }
            let after = series.first { ($0.at ?? end) > end }
            let inside = series.filter {
                ($0.at ?? start) > start && ($0.at ?? end) <= end
            }
            let step = max(1, inside.count / 3)
            let some = inside.enumerated().filter { $0.offset.isMultiple(of: step) }
                .map(\.element).prefix(4)
            chosen += [before].compactMap(\.self) + some + [after].compactMap(\.self)
        }
        return chosen.map { placed in
            MemorySample(
                at: placed.at, offsetSeconds: placed.at.map { $0.seconds(since: start) },
                scope: scope(placed.snapshot.subject.scope),
                subject: placed.snapshot.subject.path
                    ?? placed.snapshot.subject.pid.map { "pid \($0)" },
                values: shown(placed.snapshot),
                source: SourceReference(
                    path: placed.path, line: placed.snapshot.line, offset: placed.snapshot.offset))
        }
        .sorted {
            (
                $0.at?.nanoseconds ?? 0, $0.scope.rawValue, $0.source?.path ?? "",
                $0.source?.line ?? 0
            )
                < (
                    $1.at?.nanoseconds ?? 0, $1.scope.rawValue, $1.source?.path ?? "",
                    $1.source?.line ?? 0
                )
        }
    }

    /// One series for each format and subject; of several inputs that show the same, the one with
    /// the most values.
    private static func grouped(
        _ snapshots: [PlacedSnapshot]
    ) -> [(key: String, value: [PlacedSnapshot])] {
        let byScope = Dictionary(grouping: snapshots) { placed in
            let subject = placed.snapshot.subject
            return "\(subject.scope) \(subject.pid ?? 0) \(subject.path ?? "")"
        }
        return byScope.map { key, members in
            let byFormat = Dictionary(grouping: members) { "\($0.snapshot.format) \($0.path)" }
            let best = byFormat.max { a, b in
                let (x, y) = (
                    a.value.map { shown($0.snapshot).count }.max() ?? 0,
                    b.value.map { shown($0.snapshot).count }.max() ?? 0
                )
                return (x, a.value.count, b.key) < (y, b.value.count, a.key)
            }
            return (key, best?.value ?? [])
        }
        .sorted { $0.key < $1.key }
    }

    private static func scope(_ scope: SnapshotSubject.Scope) -> MemorySample.Scope {
        switch scope {
        case .host, .fileSystem: .host
        case .cgroup: .cgroup
        case .process: .process
        case .server: .server
        }
    }

    /// The values worth a place in a report, in bytes, in this order.
    private static func shown(_ snapshot: Snapshot) -> [(name: String, value: Int64)] {
        let measures: [Measure] =
            switch snapshot.subject.scope {
            case .host:
                [
                    .memTotal, .memAvailable, .memFree, .committedAS, .commitLimit, .swapTotal,
                    .swapFree,
                ]
            case .cgroup: [.cgroupUsage, .cgroupLimit, .pidsCurrent, .pidsMax]
            case .process: [.vmSize, .vmRSS, .vmData, .vmSwap, .privateDirty, .accounted, .threads]
            case .server: [.usedMemory, .usedMemoryRSS, .maxmemory, .lastSaveCopied]
            case .fileSystem: []
            }
        return measures.compactMap { measure in
            guard let value = snapshot[measure], value < .max else { return nil }
            return (measure.name, value)
        }
    }

    /// What was set, and for which time it is known.
    private static var settingMeasures: [(Measure, (SnapshotSubject) -> Bool)] {
        [
            (.kernelRelease, Case.isHost), (.overcommitMemory, Case.isHost),
            (.overcommitRatio, Case.isHost), (.overcommitKbytes, Case.isHost),
            (.transparentHugePages, Case.isHost), (.pidMax, Case.isHost),
            (.threadsMax, Case.isHost), (.maxMapCount, Case.isHost),
            (.limitProcesses, Case.isServerProcess), (.limitOpenFiles, Case.isServerProcess),
            (.limitAddressSpace, Case.isServerProcess), (.oomScoreAdjustment, Case.isServerProcess),
            (.cgroupPath, Case.isServerProcess), (.cgroupLimit, Case.isCgroup),
            (.pidsMax, { _ in true }), (.allocator, Case.isServer), (.maxmemory, Case.isServer),
            (.maxmemoryPolicy, Case.isServer), (.configSave, Case.isServer),
            (.aofEnabled, Case.isServer), (.configStopWrites, Case.isServer),
        ]
    }

    /// The timeline with a row for each setting that was seen to change after the first failure,
    /// up to ten minutes after the incident: often that is what ended it.
    static func timeline(_ facts: Case) -> [TimelineEntry] {
        var out = withContainerEnd(facts.incident.timeline, facts)
        guard let end = facts.incident.recoveredAt ?? facts.end else { return out }
        for (measure, accepts) in settingMeasures {
            guard let setting = facts.setting(measure, where: accepts),
                let later = setting.changedLater, let at = later.at,
                at <= end.adding(seconds: 600)
            else { continue }
            let verb = later.placed.snapshot.isChange ? "set to" : "read as"
            let entry = TimelineEntry(
                at: at, kind: TimelineEntry.settingChanged, severity: .info,
                text: "\(measure.name) \(verb) \(size(later)), before \(size(setting.reading))"
                    + (facts.decisiveSettings.contains(measure)
                        && at.adding(seconds: 1) < (facts.end ?? at)
                        ? "; failures went on after it" : ""),
                source: later.source)
            let next = out.firstIndex { $0.at.map { $0 > at } ?? false }
            out.insert(entry, at: next ?? out.endIndex)
        }
        return out
    }

    /// The timeline with the end of the container that took the server, where that is what tells of
    /// it and no row does.
    private static func withContainerEnd(
        _ timeline: [TimelineEntry], _ facts: Case
    )
        -> [TimelineEntry]
    {
        guard let flag = ContainerKill.flag(facts), ContainerKill.endedServer(flag),
            flag.placed.tie == .own,
            let at = flag.placed.snapshot.instant(.finishedAt),
            !timeline.contains(where: { $0.at == at && $0.source == flag.source })
        else { return timeline }
        var out = timeline
        let entry = TimelineEntry(
            at: at, kind: EventKind.oom_victim.rawValue, severity: .failure,
            text: "its container ended: OOMKilled (\(flag.placed.snapshot.format))",
            source: flag.source)
        out.insert(entry, at: out.firstIndex { $0.at.map { $0 > at } ?? false } ?? out.endIndex)
        return out
    }

    private static func size(_ reading: Measured) -> String {
        guard reading.measure.unit == .bytes, (1024..<(1 << 60)).contains(reading.number),
            !reading.measure.name.hasSuffix("_kbytes")
        else { return spoken(reading) }
        return ByteCount(bytes: reading.number).description
    }

    static func settings(_ facts: Case) -> [Fact] {
        settingMeasures.compactMap { measure, accepts in
            facts.setting(measure, where: accepts).map { setting in
                Fact(
                    name: measure.name, value: spoken(setting.reading), at: setting.reading.at,
                    reach: facts.reach(of: setting), source: setting.reading.source)
            }
        }
    }

    private static func spoken(_ reading: Measured) -> String {
        if reading.measure.unit == .text { return reading.text }
        if reading.number == .max { return "unlimited" }
        // As sysctl prints it: the name says kbytes.
        return reading.measure.name.hasSuffix("_kbytes")
            ? String(reading.number / 1024) : reading.text
    }
}
