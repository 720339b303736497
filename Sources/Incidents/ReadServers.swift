// SPDX-License-Identifier: Apache-2.0

package import Model

/// Servers that no log tells of, but readings do: INFO, ps, /proc/PID, a line of
/// `forktopsy snapshot`.
package struct ReadServers {
    /// One for each process or port, ordered by host, port and process.
    package private(set) var instances: [Instance] = []

    /// As many are told of, at most: a host may run hundreds.
    private static let limit = 32

    package init(_ sources: [SnapshotSource]) {
        var anonymous: Instance?
        for source in sources {
            source.log.forEach { snapshot in
                let subject = snapshot.subject
                guard !snapshot.isChange, !subject.isChild, !snapshot.isSentinels else { return }
                switch subject.scope {
                case .server where subject.pid == nil && subject.port == nil:
                    anonymous = anonymous ?? Self.instance(of: snapshot, source.path)
                case .server: take(snapshot, source.path)
                case .process where subject.pid != nil && snapshot.isServerProcess:
                    take(snapshot, source.path)
                default: break
                }
            }
        }
        if instances.isEmpty, let anonymous { instances = [anonymous] }
        instances.sort {
            ($0.host ?? "", $0.port ?? 0, $0.pids.first ?? 0)
                < ($1.host ?? "", $1.port ?? 0, $1.pids.first ?? 0)
        }
        instances = Array(instances.prefix(Self.limit))
    }

    /// Adds a server, or what is told of a known one.
    private mutating func take(_ snapshot: Snapshot, _ path: String) {
        let made = Self.instance(of: snapshot, path)
        let known = instances.firstIndex { other in
            guard made.host == nil || other.host == nil || made.host == other.host else {
                return false
            }
            if let pid = made.pids.first, other.pids.contains(pid) { return true }
            return made.port != nil && made.port == other.port
        }
        guard let known else { return instances.append(made) }
        instances[known].host = instances[known].host ?? made.host
        instances[known].port = instances[known].port ?? made.port
        if instances[known].product == nil {
            instances[known].product = made.product
            instances[known].version = made.version
        }
        for pid in made.pids where !instances[known].pids.contains(pid) {
            instances[known].pids.append(pid)
        }
    }

    private static func instance(of snapshot: Snapshot, _ path: String) -> Instance {
        var out = Instance()
        out.product = snapshot.text(.serverProduct)
        out.version = snapshot.text(.serverVersion)
        out.host = snapshot.subject.host
        out.port = snapshot.subject.port
        if let pid = snapshot.subject.pid { out.pids = [pid] }
        out.log = path
        return out
    }
}

extension Snapshot {
    /// Whether the process runs a server's program.
    fileprivate var isServerProcess: Bool {
        guard let command = subject.command else { return subject.port != nil }
        return SnapshotOwners.isServer(command)
    }

    /// Whether it is a Sentinel, which never forks to save (redis 7.2.4, src/sentinel.c).
    fileprivate var isSentinels: Bool {
        text(.serverMode) == "sentinel"
            || text(.commandLine).map { $0.contains("sentinel") } ?? false
    }
}
