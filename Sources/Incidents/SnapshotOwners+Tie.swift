// SPDX-License-Identifier: Apache-2.0

internal import Model

// MARK: - What ties a snapshot to a server's host

extension SnapshotOwners {
    /// What says that a snapshot that applies to `instance` is of its host.
    func tie(
        _ subject: SnapshotSubject, in path: String, to instance: Instance
    ) -> PlacedSnapshot.Tie {
        if path == instance.log || path == Self.samplesPath { return .own }
        // A name that only stands in the log's folder is not the log's own.
        if let named = nameOfHost(instance), named == hosts(subject, path, instance).here {
            return .own
        }
        for named in [serversOfInput[path], serversOfFolder[Self.folder(path)]] {
            guard let named, let isOurs = names(named, instance) else { continue }
            return isOurs ? .own : .doubtful
        }
        return stand(path, besideLog: instance.log) ? .own : .assumed
    }

    /// The same of a snapshot that may name the pod whose log it is.
    func tie(_ snapshot: Snapshot, in path: String, to instance: Instance) -> PlacedSnapshot.Tie {
        if let pod = snapshot.text(.podName), pod == Self.pod(ofLog: instance.log) { return .own }
        return tie(snapshot.subject, in: path, to: instance)
    }

    /// The pod that a log's path names: `/var/log/pods/NAMESPACE_POD_UID/…`,
    /// `/var/log/containers/POD_NAMESPACE_CONTAINER-ID.log` (kubernetes 1.30,
    /// pkg/kubelet/kuberuntime/helpers.go and legacy.go).
    private static func pod(ofLog path: String) -> String? {
        let parts = path.split(separator: "/")
        guard let at = parts.lastIndex(where: { $0 == "pods" || $0 == "containers" }),
            at + 1 < parts.count
        else { return nil }
        let names = parts[at + 1].split(separator: "_")
        guard names.count == 3 else { return nil }
        return String(parts[at] == "pods" ? names[1] : names[0])
    }

    /// What `tail` reads of its own host.
    private static let samplesPath = "samples of forktopsy tail"

    /// Whether one of the processes is a server of the data on that host; `nil` where none can tell,
    /// since ids below 100 are those of containers.
    private func names(_ pids: Set<Int32>, _ instance: Instance) -> Bool? {
        let known = instances.filter {
            $0.host == nil || instance.host == nil || $0.host == instance.host
        }.flatMap(\.pids)
        if pids.contains(where: { $0 >= 100 && known.contains($0) }) { return true }
        guard !instance.pids.isEmpty, instance.pids.allSatisfy({ $0 >= 100 }),
            pids.allSatisfy({ $0 >= 100 })
        else { return nil }
        return false
    }

    /// Whether both are of one folder, one archive, or one copy of a host's file system.
    func stand(_ path: String, besideLog log: String) -> Bool {
        if Self.folder(path) == Self.folder(log) { return true }
        if let archive = Self.archive(path), archive == Self.archive(log) { return true }
        let (here, there) = (Self.root(path), Self.root(log))
        return here != nil && here == there
    }

    /// `logs/host.tar.gz` of `logs/host.tar.gz/proc/meminfo`.
    private static func archive(_ path: String) -> Substring? {
        var end = path.startIndex
        while let slash = path[end...].firstIndex(of: "/") {
            let name = path[end..<slash]
            let isArchive =
                [".tar", ".tgz", ".tbz2", ".txz", ".zip"].contains { name.hasSuffix($0) }
                || name.contains(".tar.")
            if isArchive { return path[..<slash] }
            end = path.index(after: slash)
        }
        return nil
    }

    /// What stands before `proc/`, `var/log/` and other folders that only a root holds.
    private static func root(_ path: String) -> Substring? {
        let whole = "/" + path
        for name in ["/proc/", "/sys/fs/", "/sys/kernel/", "/var/log/", "/etc/", "/sos_commands/"] {
            if let start = whole.firstIndex(of: name) { return whole[..<start] }
        }
        return nil
    }
}

extension String {
    fileprivate func firstIndex(of part: String) -> String.Index? {
        indices.first { self[$0...].hasPrefix(part) }
    }
}
