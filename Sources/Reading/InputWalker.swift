// SPDX-License-Identifier: Apache-2.0

/// Finds the files below what the user named, in a stable order.
package struct InputWalker {
    package struct Found: Sendable {
        package var path: String
        /// What reports call it: relative to the named directory.
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
            walk(path, name: "", status)
        } else {
            found.append(Found(path: path, name: lastComponent(path)))
        }
    }

    private mutating func walk(_ path: String, name: String, _ status: FileStatus) {
        guard visited.insert([status.device, status.inode]).inserted else { return }
        guard let entries = directoryEntries(path) else {
            unreadable.append((name, "cannot read the directory"))
            return
        }
        for entry in entries {
            let below = path.hasSuffix("/") ? path + entry : path + "/" + entry
            let belowName = name.isEmpty ? entry : name + "/" + entry
            guard let status = FileStatus(path: below) else {
                unreadable.append((belowName, "dangling link or no access"))
                continue
            }
            switch status.kind {
            case .directory: walk(below, name: belowName, status)
            case .file where found.count < Self.limit:
                found.append(Found(path: below, name: belowName))
            case .file: unreadable.append((belowName, "more than \(Self.limit) files"))
            // Pipes, sockets and devices inside a directory are no evidence.
            case .other: continue
            }
        }
    }

    private func lastComponent(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }
}
