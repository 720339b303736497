// SPDX-License-Identifier: Apache-2.0

internal import Model

/// journalctl that was asked for the kernel's lines of some minutes, and has none: for a kill of
/// those minutes the silence is what was asked for.
///
/// Only a command that names both ends in UTC, and filters by nothing else, says for which time. The same
/// is printed where there is no journal, where it does not reach back so far, or to a user who may not read
/// the system's; so a kernel line of before has to stand below it.
/// Source: systemd 252, src/journal/journalctl.c, `-- No entries --`.
struct QuietKernelLogFormat: SnapshotFormat {
    static let name = "journalctl"
    static let openers = ["-- No entries --"]

    /// What is told of once a kernel line of before is seen.
    private var pending: (snapshot: Snapshot, from: Stamp)?

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        let words = sink.context.command
        guard sink.context.program == "journalctl", sink.context.filters.isEmpty,
            words.contains(where: { ["_TRANSPORT=kernel", "-k", "--dmesg"].contains($0) }),
            let from = Self.time(after: "--since", words),
            let until = Self.time(after: "--until", words), from < until,
            words.dropFirst().allSatisfy({ Self.isNeutral($0) || $0 == from || $0 == until }),
            let first = Self.stamp(from), let last = Self.stamp(until)
        else { return false }
        var snapshot = sink.snapshot(Self.name, .host, at: line)
        // It tells of the time from then on, whenever it was asked.
        (snapshot.stamp, snapshot.timeBasis) = (first, .inFormat)
        snapshot.set(.kernelQuietFrom, first.nanoseconds / 1_000_000_000, line)
        snapshot.set(.kernelQuietUntil, last.nanoseconds / 1_000_000_000, line)
        pending = (snapshot, first)
        return true
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        guard let pending, let time = TimeText(line.text[...]), time.stamp.form == .zoned,
            time.stamp.nanoseconds <= pending.from.nanoseconds,
            time.rest.prefixWords(2).last == "kernel:"
        else { return false }
        sink.emit(pending.snapshot)
        self.pending = nil
        return false
    }

    mutating func end(_ sink: inout SnapshotSink) {}

    private static func isNeutral(_ word: String) -> Bool {
        [
            "--utc", "-o", "short", "short-iso", "short-iso-precise", "short-precise", "short-full",
            "--no-pager", "-q", "-k", "--dmesg", "_TRANSPORT=kernel", "--since", "--until",
        ].contains(word)
    }

    /// `2026-11-22 12:19:36 UTC` behind an option.
    private static func time(after option: String, _ words: [String]) -> String? {
        words.firstIndex(of: option).flatMap { words.dropFirst($0 + 1).first }
    }

    private static func stamp(_ text: String) -> Stamp? {
        guard text.hasSuffix(" UTC"), let time = TimeText(text[...]), time.stamp.form == .zoned,
            time.rest.isEmpty
        else { return nil }
        return time.stamp
    }
}
