// SPDX-License-Identifier: Apache-2.0

internal import Model

/// What the commands print that a report asks for, where no file or program prints it so:
/// `forktopsy fact pid=1187 accounted=7544283136 accounted_largest=7518715904`.
///
/// Bytes and counts, by the names of the measures. None of them is 0 on a living server, so a 0 is
/// what a shell prints where the file could not be read. User ids may be 0, and a directory that is
/// not there has the mode `none`.
struct CommandFactsFormat: SnapshotFormat {
    static let name = "facts"
    static let openers = [opener]
    private static let opener = "forktopsy fact "

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        let text = line.text.trimmed
        guard text.hasPrefix(Self.opener) else { return false }
        var snapshot = sink.snapshot(Self.name, .process, at: line)
        var isDamaged = false
        for word in text.dropFirst(Self.opener.utf8.count).split(separator: " ") {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2, parts[0] == "directory_mode", Self.isMode(parts[1]) {
                snapshot.set(.directoryMode, parts[1], line)
                continue
            }
            if parts.count == 2, parts[0] == "process_groups",
                parts[1].split(separator: ",").allSatisfy({ UInt32($0) != nil })
            {
                snapshot.set(.processGroups, parts[1], line)
                continue
            }
            guard parts.count == 2, let number = Int64(parts[1]) else {
                isDamaged = true
                continue
            }
            if parts[0] == "pid", let pid = Int32(exactly: number) {
                snapshot.subject.pid = pid
            } else if parts[0] == "uid", number >= 0 {
                snapshot.set(.userID, number, line)
            } else if parts[0] == "directory_owner", number >= 0 {
                snapshot.set(.directoryOwner, number, line)
            } else if parts[0] == "directory_group", number >= 0 {
                snapshot.set(.directoryGroup, number, line)
            } else if let measure = Self.measures[String(parts[0])], number > 0 {
                snapshot.set(measure, number, line)
            } else {
                isDamaged = true
            }
        }
        if isDamaged {
            sink.note("line \(line.number): a fact is damaged or could not be read; not read")
        }
        sink.emit(snapshot)
        return true
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool { false }
    mutating func end(_ sink: inout SnapshotSink) {}

    private static func isMode(_ text: Substring) -> Bool {
        text == "none" || (1...4).contains(text.utf8.count) && Int(text, radix: 8) != nil
    }

    private static let measures: [String: Measure] = [
        "accounted": .accounted, "accounted_largest": .accountedLargest, "user_tasks": .userTasks,
        "open_files": .openFiles,
    ]
}
