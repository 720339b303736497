// SPDX-License-Identifier: Apache-2.0

/// Finds the files below what the user named, in a stable order.
package struct InputWalker {
    package struct Found: Sendable {
        package var path: String
        /// What reports call it: the path as the user would open it, so that it does not depend on
        /// what else was named.
        package var name: String
    }

    package private(set) var found: [Found] = []
    /// Files and directories below a named one that could not be read, and why.
    package private(set) var unreadable: [(name: String, reason: String)] = []
    /// What stands in a named directory and is not read, though that is no loss, and why.
    package private(set) var passedBy: [(name: String, reason: String)] = []
    private var visited: Set<[UInt64]> = []
    /// The named directory without links.
    private var root = ""

    /// Files that one directory tree may hold before the rest is refused.
    package static let limit = 200_000

    package init() {}

    /// Adds `path`: a file as it is, a directory with all below it. Throws where it is not there.
    package mutating func add(_ path: String) throws(ReadError) {
        if path == "-" {
            found.append(Found(path: path, name: "standard input"))
            return
        }
        guard let status = FileStatus(path: path) else {
            throw ReadError(code: .notFound, reason: "no such file or directory")
        }
        if status.kind == .directory {
            guard directoryEntries(path) != nil else {
                throw ReadError(code: .unreadable, reason: "cannot read the directory")
            }
            root = realPath(path) ?? path
            walk(path, status)
        } else {
            found.append(Found(path: path, name: path))
        }
    }

    private mutating func walk(_ path: String, _ status: FileStatus) {
        guard visited.insert([status.device, status.inode]).inserted else { return }
        guard let entries = directoryEntries(path) else {
            unreadable.append((path, "cannot read the directory"))
            return
        }
        for entry in entries {
            let below = path.hasSuffix("/") ? path + entry : path + "/" + entry
            guard let status = FileStatus(path: below) else {
                unreadable.append((below, isLink(below) ? "a link to nothing" : "no access"))
                continue
            }
            switch status.kind {
            case .directory where leadsOut(below):
                passedBy.append(
                    (below, "a link to a directory outside of what was named: name it to read it"))
            case .directory: walk(below, status)
            case .file where leadsOut(below) && isOfThisHost(below):
                passedBy.append((below, "a link to a file of the host on which this runs"))
            case .file where Self.endless.contains(entry) && isOfThisHost(below):
                passedBy.append((below, "a file of the running kernel that does not end"))
            case .file where found.count < Self.limit:
                found.append(Found(path: below, name: below))
            case .file: unreadable.append((below, "more than \(Self.limit) files"))
            // Reading them might never end.
            case .device, .other: passedBy.append((below, "a device, a pipe or a socket"))
            }
        }
    }

    /// Files of proc(5) and tracefs that hold an address space or wait for what comes next.
    private static let endless: Set<String> = [
        "kcore", "kmsg", "kpagecgroup", "kpagecount", "kpageflags", "mem", "pagemap", "trace_pipe",
        "trace_pipe_raw",
    ]

    /// Whether a path is a link that leads out of the named directory.
    private func leadsOut(_ path: String) -> Bool {
        guard isLink(path), let target = realPath(path) else { return false }
        return target != root && !target.hasPrefix(root.hasSuffix("/") ? root : root + "/")
    }

    /// Whether a link leads to what the running kernel shows of itself. In a copy of another host's
    /// files that is no evidence.
    private func isOfThisHost(_ path: String) -> Bool {
        guard let target = realPath(path) else { return false }
        return ["/proc/", "/sys/", "/dev/"].contains { target.hasPrefix($0) }
    }
}
