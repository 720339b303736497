// SPDX-License-Identifier: Apache-2.0

internal import Live
internal import Model
internal import Reading

/// What was asked to be followed, and which logs that is now.
struct LiveTargets {
    private let paths: [String]
    /// Folders whose names decide which logs there are.
    private(set) var folders: [String] = []

    /// Logs that are followed at once.
    static let limit = 20_000

    init(_ paths: [String]) { self.paths = paths }

    var isEmpty: Bool { paths.isEmpty }

    /// The logs, in a stable order, each once. A rotated part stands for its log. `isKnown` tells of
    /// which logs something was read before: they may be away for a moment.
    mutating func logs(isKnown: (String) -> Bool = { _ in false }) -> [String] {
        var out: [String] = []
        var seen: Set<String> = []
        folders = []
        for path in paths {
            for log in logs(of: path, isKnown) where seen.insert(log).inserted {
                if out.count < Self.limit { out.append(log) }
            }
        }
        return out
    }

    private mutating func logs(of path: String, _ isKnown: (String) -> Bool) -> [String] {
        if path.contains("*") || path.contains("?") {
            let found = glob(path).flatMap { found in
                FileState(path: found)?.isDirectory ?? false ? below(found) : [found]
            }
            return Self.logs(of: found, isKnown)
        }
        guard FileState(path: path)?.isDirectory ?? false else { return [path] }
        let root = path.hasSuffix("/") ? path : path + "/"
        return Self.logs(of: below(path), below: root, isKnown)
    }

    private static func logs(
        of files: [String], below root: String? = nil, _ isKnown: (String) -> Bool
    ) -> [String] {
        // A log that is being written is not packed: `redis.2.log.gz` is a part of `redis.log`.
        let packed = Set(files.filter(RotatedName.isPacked).map { RotatedName($0).log })
        return files.map { log(of: $0, below: root) { packed.contains($0) || isKnown($0) } }
    }

    /// The log that a file is, or is a part of. `root` is the folder that is followed; `hasParts` says
    /// whether a log that is not there has been there, or has parts beyond doubt.
    private static func log(
        of path: String, below root: String?, _ hasParts: (String) -> Bool
    ) -> String {
        let name = RotatedName(path)
        // A part in a folder for old ones belongs to the log beside that, be it there now or not.
        if name.log != path, let log = RotatedLogs.besideOldFolder(name.log),
            root.map({ log.hasPrefix($0) }) ?? false || FileState(path: log)?.isRegular ?? false
        {
            return log
        }
        if let state = FileState(path: name.log) { return state.isDirectory ? path : name.log }
        return name.isVague && !hasParts(name.log) ? path : name.log
    }

    /// All regular files below a folder.
    private mutating func below(_ folder: String, depth: Int = 0) -> [String] {
        guard depth < 16, let names = Directory.names(in: folder) else { return [] }
        folders.append(folder)
        var out: [String] = []
        for name in names {
            let path = folder.hasSuffix("/") ? folder + name : folder + "/" + name
            guard let state = FileState(path: path) else { continue }
            if state.isDirectory {
                if Directory.linkTarget(path) == nil { out += below(path, depth: depth + 1) }
            } else if state.isRegular, !name.hasSuffix(".tmp") {
                out.append(path)
            }
        }
        return out
    }

    /// The paths that a pattern of `*` and `?` matches, component by component.
    private mutating func glob(_ pattern: String) -> [String] {
        var found = [pattern.hasPrefix("/") ? "/" : ""]
        for part in pattern.split(separator: "/") {
            var next: [String] = []
            for base in found {
                let prefix = base.isEmpty || base == "/" ? base : base + "/"
                if !part.contains("*"), !part.contains("?") {
                    next.append(prefix + part)
                    continue
                }
                let folder = base.isEmpty ? "." : base
                folders.append(folder)
                let names = Directory.names(in: folder) ?? []
                next += names.filter {
                    $0.hasPrefix(".") == part.hasPrefix(".") && matches($0, glob: String(part))
                }.map { prefix + $0 }
            }
            found = next
        }
        return found.filter { FileState(path: $0) != nil }
    }
}
