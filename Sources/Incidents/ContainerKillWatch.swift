// SPDX-License-Identifier: Apache-2.0

package import Model

/// Finds OOM kills that no log tells of: containers of servers whose last run ended `OOMKilled`.
///
/// Nothing in a container writes of its own kill, and the kernel's log is the host's. What says so
/// is `kubectl describe pod`, `kubectl get pod -o yaml` or `docker inspect` (kubernetes 1.30,
/// API v1, `ContainerStateTerminated`; moby v27, `State.OOMKilled`).
package struct ContainerKillWatch {
    private let owners: SnapshotOwners
    private let instances: [Instance]
    private var kills: [Kill] = []

    /// The end of one run of a container, of which a reading says `OOMKilled`.
    private struct Kill {
        var instance: Instance
        var at: Timestamp
        var startedAgainAt: Timestamp?
        var exitCode: Int64?
        var flag: Measured

        /// `redis-0/redis`, `cache`
        var name: String {
            let snapshot = flag.placed.snapshot
            let parts = [snapshot.text(.podName), snapshot.text(.containerName)].compactMap(\.self)
            return parts.isEmpty ? flag.subject.path ?? "" : parts.joined(separator: "/")
        }
    }

    /// Reads what is said of containers in all inputs. `instances`: every server that wrote something.
    package init(_ sources: [SnapshotSource], instances: [Instance]) {
        self.instances = instances.filter { $0.role != .sentinel }
        var owners = SnapshotOwners(instances)
        var told: [PlacedSnapshot] = []
        for source in sources {
            source.log.forEach { snapshot in
                owners.learn(snapshot, path: source.path)
                guard snapshot[.wasOOMKilled] == 1, snapshot.isOfServerContainer != false else {
                    return
                }
                told.append(
                    PlacedSnapshot(
                        snapshot, at: source.place(snapshot.stamp, snapshot.line),
                        isFileTime: false, path: source.path))
            }
        }
        self.owners = owners
        for placed in told { take(placed) }
    }

    private mutating func take(_ placed: PlacedSnapshot) {
        let snapshot = placed.snapshot
        guard let flag = snapshot.value(.wasOOMKilled), let at = snapshot.instant(.finishedAt)
        else { return }
        let started = snapshot.instant(.startedAt)
        // Without a word of the last run, a start behind the end is of the run that is spoken of.
        let isLastRun = snapshot.text(.terminationReason) != nil
        guard isLastRun || started.map({ $0 < at }) ?? true else { return }
        let owning = instances.filter {
            owners.applies(snapshot.subject, in: placed.path, to: $0)
                && owners.tie(snapshot, in: placed.path, to: $0) == .own
        }
        // An excerpt that names no container is of the server whose log it stands beside, if any.
        guard snapshot.isOfServerContainer == true || owning.count == 1 else { return }
        let kill = Kill(
            instance: owning.count == 1 ? owning[0] : Self.instance(of: placed), at: at,
            startedAgainAt: started.flatMap { $0 >= at ? $0 : nil },
            exitCode: snapshot[.exitCode], flag: Measured(value: flag, placed: placed))
        // One end of one container, told again.
        guard !kills.contains(where: { $0.at == at && $0.name == kill.name }) else { return }
        kills.append(kill)
    }

    /// A server that is known by its container only.
    private static func instance(of placed: PlacedSnapshot) -> Instance {
        let snapshot = placed.snapshot
        var out = Instance()
        out.product = snapshot.productOfImage
        out.host = snapshot.subject.host
        out.container = snapshot.text(.podName) ?? snapshot.text(.containerName)
        out.log = placed.path
        return out
    }

    /// One incident for each kill that none of the logs' incidents has.
    package func incidents(beside known: [Incident]) -> [Incident] {
        kills.sorted { ($0.at, $0.name) < ($1.at, $1.name) }.compactMap { kill in
            known.contains { isWithin(kill, $0) } ? nil : incident(kill)
        }
    }

    /// Whether an incident is of the server whose container was ended, and of the time.
    private func isWithin(_ kill: Kill, _ incident: Incident) -> Bool {
        guard let start = incident.startedAt else { return false }
        let subject = kill.flag.subject
        guard
            incident.instance == kill.instance || incident.kind == .oom_kill
                || owners.applies(subject, in: kill.flag.placed.path, to: incident.instance)
        else { return false }
        let from = incident.lastWordAt.map { min($0, start) } ?? start
        let to = incident.recoveredAt ?? incident.lastFailureAt ?? start
        return kill.at >= from.adding(seconds: -5) && kill.at <= to.adding(seconds: 5)
    }

    private func incident(_ kill: Kill) -> Incident {
        var out = Incident(kind: .oom_kill, instance: kill.instance)
        var hash = FNV1a()
        hash.combine(kill.instance.host ?? "")
        hash.combine(kill.name)
        hash.combine("container killed")
        hash.combine(UInt64(bitPattern: kill.at.nanoseconds))
        out.id = "fk-" + hash.short
        out.startedAt = kill.at
        out.lastFailureAt = kill.at
        out.status = kill.startedAgainAt == nil ? .ended : .ongoing_at_end
        out.serverFailed = true
        out.failures.oomKills = 1
        if kill.startedAgainAt != nil { out.consequences = ["restart"] }
        out.persistence.statement =
            "What the server held when its container was ended, and what the next one read back, "
            + "its log says; it is not given."
        out.severity = out.severityByStake
        out.timeline = [
            TimelineEntry(
                at: kill.at, kind: EventKind.oom_victim.rawValue, severity: .failure,
                text: Self.text(kill), source: kill.flag.source)
        ]
        return out
    }

    private static func text(_ kill: Kill) -> String {
        var text = kill.name.isEmpty ? "its container" : "container \(kill.name)"
        text += " ended: OOMKilled"
        if let code = kill.exitCode { text += ", exit code \(code)" }
        if let again = kill.startedAgainAt { text += "; started again at \(again.spokenUTC)" }
        return text
    }
}

extension Snapshot {
    /// Whether a container is a server's, by its image, else by its own name, else by its pod's
    /// where the container's says nothing; not one that stands beside it, an exporter or a Sentinel.
    /// `nil` where nothing is named.
    fileprivate var isOfServerContainer: Bool? {
        if let image = text(.containerImage) { return Self.isServers(Self.lastPart(image)) }
        return (text(.containerName) ?? text(.podName)).map(Self.isServers)
    }

    /// `redis` of `docker.io/bitnami/redis:7.2`
    fileprivate var productOfImage: String? {
        let name = (text(.containerImage).map(Self.lastPart) ?? "").lowercased()
        return ["valkey", "keydb", "redis"].first(where: name.contains)
    }

    private static func lastPart(_ image: String) -> String {
        let name = image.split(separator: "/").last ?? ""
        return String(name.prefix { $0 != ":" && $0 != "@" })
    }

    private static func isServers(_ name: String) -> Bool {
        let name = name.lowercased()
        return ["redis", "valkey", "keydb"].contains(where: name.contains)
            && !notServers.contains(where: name.contains)
            && name.split(whereSeparator: { !$0.isLetter }).allSatisfy {
                !["cli", "ui", "init", "config"].contains($0)
            }
    }

    /// Containers that are named after a server and are none.
    private static let notServers = [
        "exporter", "metrics", "sentinel", "operator", "commander", "insight", "proxy", "backup",
        "benchmark", "monitor", "sidecar",
    ]
}
