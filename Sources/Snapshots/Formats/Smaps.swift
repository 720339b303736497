// SPDX-License-Identifier: Apache-2.0

internal import Model

/// `/proc/PID/smaps` and `smaps_rollup`.
///
/// smaps says for each mapping whether a fork has to account it: `ac` among the VmFlags. Mappings
/// with `dc` are not copied by fork and not accounted then. The sums are given only where every
/// mapping up to the stack was read whole: with one missing they would be too low.
/// Source: Linux v6.6, fs/proc/task_mmu.c (`show_smap_vma_flags`), kernel/fork.c (`dup_mmap`).
struct SmapsFormat: SnapshotFormat {
    static let name = "smaps"
    /// Of addresses where programs usually begin; and of a reading whose begin is missing.
    static let openers = ["00", "10", "2aa", "3f", "55", "56", "7f", "aaaa", "ffff", "Size:"]

    static func isShown(in context: SnapshotContext) -> Bool {
        guard let path = context.path else { return false }
        return path.hasSuffix("/smaps") || path.hasSuffix("/smaps_rollup")
    }

    private struct Mapping {
        var name: Substring
        var size: Int64
        var flags: [Substring]?
    }

    private var snapshot: Snapshot?
    private var start: SnapshotLine?
    private var isRollup = false
    private var last = ""
    private var mapping: Mapping?
    private var count: Int64 = 0
    private var accounted: Int64 = 0
    private var largest: Int64 = 0
    private var unaccounted: Int64 = 0
    private var isWhole = true
    private var hasStack = false
    /// The page that x86-64 maps above all others: behind it nothing is missing.
    private var hasVsyscall = false

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        guard let header = Self.header(line.text) else {
            guard let (name, value) = line.split(at: ":"), name == "Size",
                Amounts.kernel(value, for: .vmSize) != nil
            else { return false }
            // Its header is missing.
            start = line
            snapshot = sink.snapshot(Self.name, .process, at: line)
            isWhole = false
            return true
        }
        isRollup = header.name == "[rollup]"
        start = line
        snapshot = sink.snapshot(isRollup ? "smaps_rollup" : Self.name, .process, at: line)
        if !isRollup { open(header, line) }
        last = line.text
        return true
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        if line.text == last, isRollup || Self.header(line.text) != nil { return true }
        if let header = Self.header(line.text) {
            guard !isRollup, header.name != "[rollup]" else { return false }
            close()
            open(header, line)
            last = line.text
            return true
        }
        guard let (name, value) = line.split(at: ":"), !name.contains(" ") else { return false }
        last = line.text
        if isRollup { return takeRollup(name, value, line, &sink) }
        switch name {
        case "VmFlags":
            if mapping == nil || mapping?.flags != nil { isWhole = false }
            mapping?.flags = value.split(separator: " ")
        case "Size":
            // A header is missing, or this line says something else than the header.
            if mapping?.flags != nil || Amounts.kernel(value, for: .vmSize) != mapping?.size {
                isWhole = false
            }
        default:
            guard !value.isEmpty, name.utf8.count < 24 else { return false }
        }
        return true
    }

    mutating func end(_ sink: inout SnapshotSink) {
        guard var snapshot, let start else { return }
        if isRollup {
            sink.emit(snapshot)
            return
        }
        close()
        guard isWhole, hasStack else {
            sink.note(
                "line \(start.number): smaps is not whole; its sums would be too low; not read")
            return
        }
        if hasVsyscall { snapshot.set(.mappings, count, start) }
        snapshot.set(.accounted, accounted, start)
        snapshot.set(.accountedLargest, largest, start)
        snapshot.set(.unaccounted, unaccounted, start)
        sink.emit(snapshot)
    }

    // MARK: - Mappings

    private mutating func open(_ header: (size: Int64, name: Substring), _ line: SnapshotLine) {
        mapping = Mapping(name: header.name, size: header.size)
    }

    private mutating func close() {
        guard let mapping else { return }
        self.mapping = nil
        guard let flags = mapping.flags else {
            // `[vsyscall]` has its flags as well; nothing lacks them but what was cut.
            isWhole = false
            return
        }
        count += 1
        // A stack is accounted and grows downwards; otherwise its line was cut.
        if mapping.name == "[stack]", flags.contains("ac") { hasStack = true }
        if mapping.name == "[vsyscall]" { hasVsyscall = true }
        if flags.contains("ac"), !flags.contains("dc") {
            accounted += mapping.size
            largest = max(largest, mapping.size)
        } else if flags.contains("nr"), flags.contains("wr"), !flags.contains("sh") {
            unaccounted += mapping.size
        }
    }

    /// `55ac794d7000-55ac794d9000 r--p 00000000 fe:00 253911   /usr/bin/cat`: size and name.
    private static func header(_ text: String) -> (size: Int64, name: Substring)? {
        let words = text.split(separator: " ", maxSplits: 5)
        guard words.count >= 5, words[1].utf8.count == 4, words[3].contains(":"),
            words[1].utf8.allSatisfy({ "rwxsp-".utf8.contains($0) })
        else { return nil }
        let ends = words[0].split(separator: "-")
        guard ends.count == 2, let low = UInt64(ends[0], radix: 16),
            let high = UInt64(ends[1], radix: 16), high > low, high - low < 1 << 60
        else { return nil }
        return (Int64(high - low), words.count > 5 ? words[5].trimmed : "")
    }

    // MARK: - Rollup

    private mutating func takeRollup(
        _ name: Substring, _ value: Substring, _ line: SnapshotLine, _ sink: inout SnapshotSink
    ) -> Bool {
        guard let measure = Self.rollup[String(name)] else { return Amounts.kernel(value) != nil }
        guard let number = Amounts.kernel(value, for: measure) else {
            sink.note("line \(line.number): \(name) of smaps_rollup is damaged; not read")
            return true
        }
        if snapshot?.value(measure) != nil { return false }
        snapshot?.set(measure, number, line)
        return true
    }

    private static let rollup: [String: Measure] = [
        "Rss": .vmRSS, "Pss": .pss, "Shared_Clean": .sharedClean, "Shared_Dirty": .sharedDirty,
        "Private_Clean": .privateClean, "Private_Dirty": .privateDirty,
        "AnonHugePages": .processAnonHugePages, "Swap": .vmSwap,
    ]
}
