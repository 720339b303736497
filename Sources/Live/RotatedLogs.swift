// SPDX-License-Identifier: Apache-2.0

internal import Model
internal import Synchronization

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
        let (folder, name) = split(path)
        let names = names(in: folder.isEmpty ? "/" : folder)
        let own = FileState(path: path)
        var out = parts(of: name, below: path.contains("/") ? folder + "/" : "", names, own)
        for place in names where oldFolders.contains(place) {
            let below = (path.contains("/") ? folder + "/" : "") + place
            out += parts(of: name, below: below + "/", Directory.names(in: below) ?? [], own)
        }
        return out.sorted { a, b in
            if b.state.isWritten(before: a.state.modifiedAt) { return true }
            if a.state.isWritten(before: b.state.modifiedAt) { return false }
            return isNewer(a.path, b.path)
        }
    }

    /// Folders beside a log into which its parts are moved: logrotate's `olddir`, which has no name of
    /// its own.
    private static let oldFolders: Set<String> = [
        "old", "archive", "archives", "archived", "rotated", "backup", "backups",
    ]

    /// The log that a part in such a folder is of, by the place where it would be; `nil` where the path
    /// lies in no such folder.
    package static func besideOldFolder(_ path: String) -> String? {
        let (folder, name) = split(path)
        let (parent, last) = split(folder)
        guard oldFolders.contains(last) else { return nil }
        return (folder.contains("/") ? parent + "/" : "") + name
    }

    /// A path's folder, `.` where it names none, and its last part.
    private static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        return (String(path[..<slash]), String(path[path.index(after: slash)...]))
    }

    /// Those of sorted names in the folder `prefix` that are parts of the log `name`.
    private static func parts(
        of name: String, below prefix: String, _ names: [String], _ own: FileState?
    ) -> [Sibling] {
        var out: [Sibling] = []
        let parts = candidates(for: name, among: names).filter { RotatedName.isPart($0, of: name) }
        let plain = Set(parts)
        for other in parts {
            let unpacked = RotatedName.withoutPacking(other)
            if unpacked != other, unpacked != name, plain.contains(unpacked) { continue }
            guard let state = FileState(path: prefix + other), state.isRegular, state.size > 0,
                !(own?.isSameFile(as: state) ?? false)
            else { continue }
            out.append(Sibling(path: prefix + other, state: state))
        }
        return out
    }

    /// The names in a directory that was looked at before and has not changed since.
    private struct Listing {
        var folder: String
        var state: FileState
        var names: [String]
    }

    private static let latest = Mutex<Listing?>(nil)

    /// The names in a directory, sorted by their bytes. Where many logs share one, it is listed once:
    /// until its time of modification changes, provided that it lay well back at the listing, since
    /// what happens within one tick of the kernel's clock shows no other time. File systems of
    /// other hosts have clocks of their own, and are listed each time.
    private static func names(in folder: String) -> [String] {
        let before = FileState(path: folder)
        let known = latest.withLock { latest in
            latest?.folder == folder && latest?.state == before ? latest?.names : nil
        }
        if let known { return known }
        let names = Directory.names(in: folder) ?? []
        if let before, before.modifiedAt < Int64((wallClock() - 2) * 1e9),
            names.count > 16, !Directory.isRemote(folder)
        {
            latest.withLock { $0 = Listing(folder: folder, state: before, names: names) }
        }
        return names
    }

    /// Those of sorted names that begin as a part of the log `name` must.
    private static func candidates(for name: String, among names: [String]) -> ArraySlice<String> {
        let stem = Array((name.lastIndex(of: ".").map { name[..<$0] } ?? name[...]).utf8)
        // Texts beyond ASCII may be equal and yet differ in their bytes.
        guard stem.allSatisfy({ $0 < 0x80 }) else { return names[...] }
        var (low, high) = (0, names.count)
        while low < high {
            let middle = (low + high) / 2
            if names[middle].utf8.lexicographicallyPrecedes(stem) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        let rest = names[low...]
        return rest.prefix { $0.utf8.starts(with: stem) }
    }

    /// Whether a part is packed in a way that nothing here reads, and that its bytes do not show.
    package static func isUnreadable(_ path: String) -> Bool {
        [".lzma", ".Z", ".br", ".lz", ".lzo", ".7z"].contains { path.hasSuffix($0) }
    }

    /// Whether a part is newer than another by the number or the date in its name.
    package static func isNewer(_ path: String, than other: String) -> Bool {
        let (x, y) = (RotatedName(path).age, RotatedName(other).age)
        return x > 0 && y > 0 && x < y
    }

    private static func isNewer(_ a: String, _ b: String) -> Bool {
        let (x, y) = (RotatedName(a).age, RotatedName(b).age)
        return x == y ? a < b : x < y
    }
}
