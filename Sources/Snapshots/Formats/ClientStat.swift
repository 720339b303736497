// SPDX-License-Identifier: Apache-2.0

internal import Model

/// `redis-cli --stat`: a row a second, memory in two decimals of its unit, no times.
///
/// Source: redis 7.2.4, src/redis-cli.c (`statMode`). The last column says what child runs; where
/// none does the row ends in blanks.
struct ClientStatFormat: SnapshotFormat {
    static let name = "redis-cli --stat"
    static let openers = ["------- data ------ ", "keys       mem      clients"]

    private var hasRow = false

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        Self.isHeader(line.text)
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        if Self.isHeader(line.text) { return true }
        let words = line.words
        guard words.count >= 6, let keys = Int64(words[0]), Amounts.human(words[1]) != nil,
            let clients = Int64(words[2]), Int64(words[3]) != nil, Int64(words[4]) != nil
        else { return false }
        var snapshot = sink.snapshot(Self.name, .server, at: line)
        if hasRow {
            // How far apart rows are is not written.
            snapshot.stamp = .none
            snapshot.timeBasis = .none
        }
        hasRow = true
        snapshot.set(.keys, keys, line)
        if let used = Self.used(words[1]) { snapshot.set(.usedMemory, used, line) }
        snapshot.set(.connectedClients, clients, line)
        setChild(line, Array(words.dropFirst(5)), &snapshot)
        sink.emit(snapshot)
        return true
    }

    mutating func end(_ sink: inout SnapshotSink) {}

    private func setChild(_ line: SnapshotLine, _ words: [Substring], _ snapshot: inout Snapshot) {
        // `(+1)`, the connections, and the child.
        guard words.count >= 2, words[0].hasPrefix("(+"), words[0].hasSuffix(")") else { return }
        let child = words.dropFirst(2)
        if child.isEmpty {
            guard line.text.utf8.count >= Self.childColumn else { return }
            snapshot.set(.saveInProgress, Int64(0), line)
            snapshot.set(.rewriteInProgress, Int64(0), line)
        }
        if child.contains("SAVE") { snapshot.set(.saveInProgress, Int64(1), line) }
        if child.contains("AOF") { snapshot.set(.rewriteInProgress, Int64(1), line) }
    }

    /// Where the last column begins: as wide as the heading above it.
    private static let childColumn = 68

    private static func isHeader(_ text: String) -> Bool {
        text.trimmed.hasPrefix("------- data ------ ")
            || text.hasPrefix("keys       mem      clients")
    }

    /// `18.71M`, cut by redis-cli to two decimals.
    private static func used(_ word: Substring) -> Int64? {
        guard let unit = word.last, "BKMGT".contains(unit) else { return nil }
        return Amounts.human(word)
    }
}
