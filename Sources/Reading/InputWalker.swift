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
    private var visited: Set<[UInt64]> = []

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
                unreadable.append((below, "dangling link or no access"))
                continue
            }
            switch status.kind {
            case .directory: walk(below, status)
            case .file where found.count < Self.limit:
                found.append(Found(path: below, name: below))
            case .file: unreadable.append((below, "more than \(Self.limit) files"))
            // Pipes, sockets and devices inside a directory are no evidence.
            case .device, .other: continue
            }
        }
    }
}
