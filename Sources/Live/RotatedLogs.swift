// SPDX-License-Identifier: Apache-2.0

/// What rotation has made of a log: the files beside it that carry its name and more.
package enum RotatedLogs {
    /// A file beside a log.
    package struct Sibling: Hashable, Sendable {
        package var path: String
        package var state: FileState
    }

    /// The rotated parts of the log at `path`, the newest first: other files than the one that has
    /// the name now, even where that is a link to one of them. Where a part is there plain and
    /// packed, packing is not done yet, and the plain one counts.
    ///
    /// By the last writing, which copying and compressing keep; of those written at one moment the
    /// smaller number, or the later date, is newer.
    package static func siblings(of path: String) -> [Sibling] {
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { String(path[..<$0]) } ?? "."
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        let prefix = slash == nil ? "" : (folder.isEmpty ? "/" : folder + "/")
        let names = Directory.names(in: folder.isEmpty ? "/" : folder) ?? []
        var out: [Sibling] = []
        let own = FileState(path: path)
        let plain = Set(names)
        for other in names where isPart(other, of: name) {
            let unpacked = withoutPacking(other)
            if unpacked != other, unpacked != name, plain.contains(unpacked) { continue }
            guard let state = FileState(path: prefix + other), state.isRegular, state.size > 0,
                !(own?.isSameFile(as: state) ?? false)
            else { continue }
            out.append(Sibling(path: prefix + other, state: state))
        }
        return out.sorted { a, b in
            if a.state.modifiedAt != b.state.modifiedAt {
                return a.state.modifiedAt > b.state.modifiedAt
            }
            return isNewer(a.path, b.path)
        }
    }

    /// Whether a name is another's with what rotation puts behind it (`redis.log.2.gz`,
    /// `redis.log-20261122`, `redis.log.old`) or into it (`redis-20261122.log`, logrotate's
    /// `extension`).
    static func isPart(_ other: String, of name: String) -> Bool {
        guard other != name else { return false }
        let plain = withoutPacking(other)
        if plain != name, plain.hasPrefix(name) {
            let mark = plain.dropFirst(name.count)
            return mark.first == "." || mark.first == "-" || mark.first == "_" || mark.first == "~"
        }
        if plain == name { return true }
        guard let dot = name.lastIndex(of: "."), plain.hasSuffix(name[dot...]),
            plain.hasPrefix(name[..<dot])
        else { return false }
        let middle = plain.dropFirst(name[..<dot].count).dropLast(name[dot...].count)
        return middle.count > 1 && (middle.first == "-" || middle.first == ".")
            && middle.dropFirst().allSatisfy { $0.isNumber || $0 == "-" || $0 == "_" }
    }

    static func withoutPacking(_ name: String) -> String {
        for suffix in [".gz", ".zst", ".xz", ".bz2", ".lz4"] where name.hasSuffix(suffix) {
            return String(name.dropLast(suffix.count))
        }
        return name
    }

    package static func isPacked(_ path: String) -> Bool { withoutPacking(path) != path }

    private static func isNewer(_ a: String, _ b: String) -> Bool {
        let (x, y) = (withoutPacking(a), withoutPacking(b))
        guard let m = lastNumber(x), let n = lastNumber(y), m != n else { return a < b }
        // Dates grow, places in a row do not.
        return m.description.count >= 6 || n.description.count >= 6 ? m > n : m < n
    }

    private static func lastNumber(_ text: String) -> Int? {
        let digits = text.reversed().drop { !$0.isNumber }.prefix { $0.isNumber }
        return Int(String(digits.reversed()))
    }
}
