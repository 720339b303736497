// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The host's memory in a kernel report: `Mem-Info:` and what follows it.
struct KernelMemory {
    var isOpen = false
    private var pages: [String: (number: Int64, line: Int)] = [:]
    private var bytes: [String: (number: Int64, line: Int)] = [:]
    /// The sum of `free:` over zones, in kB.
    private var zonesFree: Int64 = 0
    private var line = 0

    var isEmpty: Bool { !isOpen && pages.isEmpty && bytes.isEmpty }

    /// The size of a page, from what stands in pages and in kB.
    var pageSize: Int64? {
        guard let free = pages["free"]?.number, free > 0, zonesFree > 0 else { return nil }
        // The two were read one after the other.
        for size in [4, 16, 64] {
            let ratio = Double(zonesFree) / Double(free) / Double(size)
            if ratio > 0.9, ratio < 1.1 { return Int64(size) * 1024 }
        }
        return nil
    }

    /// Whether the line is one of the report's, which then is read.
    mutating func take(_ text: Substring, _ number: Int) -> Bool {
        if text.hasPrefix("Node ") { return takeNode(text) }
        if text.hasPrefix("lowmem_reserve[]:") || text.hasPrefix("Swap cache stats:") {
            return true
        }
        if text.hasPrefix("Free swap ") || text.hasPrefix("Total swap ") {
            return takeSwap(text, number)
        }
        let words = text.split(separator: " ")
        if words.count >= 2, words[1] == "pages" || words[1] == "total" {
            return takeTotal(words, number)
        }
        guard isOpen || text.hasPrefix("active_anon:") else { return false }
        return takeCounters(words, number)
    }

    private mutating func takeNode(_ text: Substring) -> Bool {
        for word in text.split(separator: " ").prefix(5) where word.hasPrefix("free:") {
            if word.hasSuffix("kB"), let kib = Int64(word.dropFirst(5).dropLast(2)) {
                zonesFree += kib
            }
        }
        return true
    }

    /// `Free swap  = 0kB`.
    private mutating func takeSwap(_ text: Substring, _ number: Int) -> Bool {
        let parts = text.split(separator: "=")
        guard parts.count == 2 else { return false }
        let value = parts[1].trimmed
        guard value.hasSuffix("kB"), let kib = Int64(value.dropLast(2)) else { return true }
        let name = text.hasPrefix("Free") ? "free swap" : "total swap"
        if bytes[name] == nil { bytes[name] = (Amounts.bytes(kib, times: 1024), number) }
        return true
    }

    /// `8248331 pages RAM`, `169427 pages reserved`, `27267 total pagecache pages`.
    private mutating func takeTotal(_ words: [Substring], _ number: Int) -> Bool {
        guard let count = Int64(words[0]), words.count >= 3 else { return false }
        let name = words[1...].joined(separator: " ")
        if ["pages RAM", "pages reserved"].contains(name), pages[name] == nil {
            pages[name] = (count, number)
        }
        return true
    }

    /// `active_anon:4355954 inactive_anon:3278865 isolated_anon:0`.
    private mutating func takeCounters(_ words: [Substring], _ number: Int) -> Bool {
        var found: [(String, Int64)] = []
        for word in words {
            let parts = word.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, InfoField.isName(String(parts[0])) else { return false }
            // The end of a line may be cut off.
            if let count = Int64(parts[1]) { found.append((String(parts[0]), count)) }
        }
        for (name, count) in found where pages[name] == nil { pages[name] = (count, number) }
        return !found.isEmpty
    }

    func emit(pageSize: Int64, at start: SnapshotLine, _ sink: inout SnapshotSink) {
        var snapshot = sink.snapshot(KernelReportFormat.name, .host, at: start)
        func set(_ measure: Measure, _ names: String...) {
            var sum: Int64 = 0
            var line = 0
            for name in names {
                guard let (number, at) = pages[name] else { return }
                let (total, isBeyond) = sum.addingReportingOverflow(number)
                guard !isBeyond else { return }
                sum = total
                line = at
            }
            snapshot.values.append(
                SnapshotValue(measure, .whole(Amounts.bytes(sum, times: pageSize)), line: line))
        }
        set(.physicalMemory, "pages RAM")
        if let ram = pages["pages RAM"], let reserved = pages["pages reserved"]?.number,
            ram.number >= reserved, reserved >= 0
        {
            let total = Amounts.bytes(ram.number - reserved, times: pageSize)
            snapshot.values.append(SnapshotValue(.memTotal, .whole(total), line: ram.line))
        }
        set(.memFree, "free")
        set(.active, "active_anon", "active_file")
        set(.inactive, "inactive_anon", "inactive_file")
        set(.dirty, "dirty")
        set(.writeback, "writeback")
        set(.mapped, "mapped")
        set(.shmem, "shmem")
        set(.slabReclaimable, "slab_reclaimable")
        set(.slabUnreclaimable, "slab_unreclaimable")
        set(.pageTables, "pagetables")
        if let (number, line) = bytes["total swap"] {
            snapshot.values.append(SnapshotValue(.swapTotal, .whole(number), line: line))
        }
        if let (number, line) = bytes["free swap"] {
            snapshot.values.append(SnapshotValue(.swapFree, .whole(number), line: line))
        }
        sink.emit(snapshot)
    }
}
