// SPDX-License-Identifier: Apache-2.0

/// A log's path, and what rotation and packing have put behind it or into it: the one place that knows
/// (logrotate(8): `rotate`, `dateext`, `dateformat`, `dateyesterday`, `extension`; docker and kubelet
/// number and date theirs as well).
package struct RotatedName: Hashable, Sendable {
    /// What stands in a name for the time or the turn of a rotation.
    package enum Mark: Hashable, Sendable {
        /// None: the log itself.
        case none
        /// Its place in the row, 1 for the newest (`redis.log.1`), or a word (`redis.log.old`: 1).
        case place(Int)
        /// A date and time, as a number of 14 digits (`20261122000000`).
        case date(Int)
        /// Seconds since 1970.
        case seconds(Int)
    }

    /// The path of the log that this is a part of; the path itself, without packing, where it is none.
    package let log: String
    package let mark: Mark
    /// Whether the name alone does not show it: `redis.1.log` may be the first server's log or a part
    /// of `redis.log`.
    package let isVague: Bool

    package init(_ path: String) {
        let plain = Self.withoutPacking(path)
        let name = Array(plain.utf8)
        let start = (name.lastIndex(of: UInt8(ascii: "/")) ?? -1) + 1
        if let (end, mark) = Self.behind(name[start...]) {
            log = String(decoding: name[..<end], as: UTF8.self)
            (self.mark, isVague) = (mark, false)
        } else if let (end, mark, dot) = Self.inside(name[start...]) {
            log = String(decoding: name[..<end] + name[dot...], as: UTF8.self)
            self.mark = mark
            if case .place = mark { isVague = true } else { isVague = false }
        } else {
            (log, mark, isVague) = (plain, .none, false)
        }
    }

    /// Whether this file is a rotated part, or a packed copy, of the log at `path`.
    package static func isPart(_ other: String, of path: String) -> Bool {
        other != path && RotatedName(other).log == path
    }

    /// The path that the log has if this part lies in a folder below the log's (logrotate's `olddir`).
    package var logAbove: String? {
        guard let slash = log.lastIndex(of: "/") else { return nil }
        let above = log[..<slash].lastIndex(of: "/").map { log[...$0] } ?? ""
        return String(above + log[log.index(after: slash)...])
    }

    /// How old a part is among those of its log: 0 for the log itself, more for older ones. Dates and
    /// places in a row are not compared with each other.
    package var age: Int {
        switch mark {
        case .none: 0
        case .place(let place): place
        case .date(let date): 100_000_000_000_000 - date
        case .seconds(let seconds): 100_000_000_000_000 - seconds
        }
    }

    /// The year that the name tells, of a part that is named for the day of its rotation.
    package var year: Int? {
        if case .date(let date) = mark { date / 10_000_000_000 } else { nil }
    }

    // MARK: - Packing

    private static let packings = [
        ".gz", ".zst", ".xz", ".bz2", ".lz4", ".lzma", ".Z", ".zip", ".br",
    ]

    /// A path without the suffixes of packing programs.
    package static func withoutPacking(_ path: String) -> String {
        var path = path[...]
        while let suffix = packings.first(where: path.hasSuffix) {
            path = path.dropLast(suffix.count)
        }
        return String(path)
    }

    package static func isPacked(_ path: String) -> Bool {
        packings.contains { path.hasSuffix($0) }
    }

    // MARK: - Marks

    private typealias Name = ArraySlice<UInt8>
    private static let separators = Set(".-_".utf8)
    private static let words: [[UInt8]] = ["old", "bak", "backup", "prev"].map { Array($0.utf8) }

    /// The mark at the end of a name, and where the log's own name ends.
    private static func behind(_ name: Name) -> (end: Int, Mark)? {
        if name.last == UInt8(ascii: "~"), name.count > 1 { return (name.endIndex - 1, .place(1)) }
        for i in name.indices.dropFirst() where separators.contains(name[i]) {
            let rest = name[(i + 1)...]
            if words.contains(where: rest.elementsEqual) { return (i, .place(1)) }
            guard let mark = mark(rest) else { continue }
            if case .place = mark, !isRow(name[..<i], name[i]) { continue }
            return (i, mark)
        }
        return nil
    }

    /// The mark before the extension of a name (logrotate's `extension`), where the log's own name ends
    /// before it, and where the extension begins.
    private static func inside(_ name: Name) -> (end: Int, Mark, dot: Int)? {
        guard let dot = name.lastIndex(of: UInt8(ascii: ".")), dot > name.startIndex,
            (1...5).contains(name.endIndex - dot - 1),
            name[(dot + 1)...].allSatisfy({ $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A })
        else { return nil }
        let base = name[..<dot]
        for i in base.indices.dropFirst() where separators.contains(base[i]) {
            guard let mark = mark(base[(i + 1)...]) else { continue }
            if case .place = mark, base[i] != UInt8(ascii: ".") || !isRow(base[..<i], base[i]) {
                continue
            }
            return (i, mark, dot)
        }
        return nil
    }

    /// Whether a small number behind a name is its place in a row: `redis.log.1`, and behind `-` only
    /// where the log's own extension stands before it, since `redis-1` is a server. No part of an IPv4
    /// address is.
    private static func isRow(_ before: Name, _ separator: UInt8) -> Bool {
        if separator != UInt8(ascii: ".") { return before.hasSuffix(".log") }
        guard let dot = before.lastIndex(of: UInt8(ascii: ".")) else { return true }
        return !before[(dot + 1)...].allSatisfy(isDigit) || dot + 1 == before.endIndex
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    /// What a text of digits says: a place in a row, a date with or without a time, or seconds since
    /// 1970, which may stand behind a date. Other numbers tell servers apart: `redis-6380.log`.
    private static func mark(_ text: Name) -> Mark? {
        guard let first = text.first, isDigit(first), let last = text.last,
            isDigit(last) || last == UInt8(ascii: "Z")
        else { return nil }
        let marks = Set("-_:TZ".utf8)
        let digits = text.filter(isDigit)
        guard text.allSatisfy({ isDigit($0) || marks.contains($0) }), digits.count <= 18 else {
            return nil
        }
        if digits.count == text.count, digits.count <= 3 { return number(digits).map(Mark.place) }
        guard digits.count >= 8 else { return nil }
        if let day = number(digits.prefix(8)), isDay(day), isDated(text) {
            let time = digits.dropFirst(8)
            if time.count == 10 { return number(time).map(Mark.seconds) }
            guard time.count <= 6, time.count % 2 == 0 else { return nil }
            let padded = time + [UInt8](repeating: 0x30, count: 6 - time.count)
            return number(padded).map { .date(day * 1_000_000 + $0) }
        }
        guard digits.count == 10, text.count == 10, digits.first == UInt8(ascii: "1") else {
            return nil
        }
        return number(digits).map(Mark.seconds)
    }

    /// Whether the separators stand where a date has them: `20261122…` or `2026-11-22…`.
    private static func isDated(_ text: Name) -> Bool {
        let separators = text.prefix(8).enumerated().filter { !isDigit($1) }.map(\.offset)
        return separators.isEmpty || separators == [4, 7]
    }

    /// Whether a number is a day, as `YYYYMMDD`.
    private static func isDay(_ day: Int) -> Bool {
        (1990...2199).contains(day / 10_000) && (1...12).contains(day / 100 % 100)
            && (1...31).contains(day % 100)
    }

    private static func number(_ digits: some Sequence<UInt8>) -> Int? {
        Int(String(decoding: Array(digits), as: UTF8.self))
    }
}

extension ArraySlice<UInt8> {
    fileprivate func hasSuffix(_ text: String) -> Bool {
        suffix(text.utf8.count).elementsEqual(text.utf8)
    }
}
