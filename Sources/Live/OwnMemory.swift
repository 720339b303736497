// SPDX-License-Identifier: Apache-2.0
// The unsafe corner of Live, fifth part: the memory of this process.

internal import Glibc

/// Memory of this process that it does not need any more.
package enum OwnMemory {
    /// Gives up what was only needed to start, or for one report: code that was run, and what the
    /// allocator holds. Code that is needed again comes from the page cache.
    ///
    /// Source: madvise(2), MADV_DONTNEED on a mapping of a file.
    package static func release() {
        for range in codeRanges {
            guard let start = unsafe UnsafeMutableRawPointer(bitPattern: range.lowerBound) else {
                continue
            }
            _ = unsafe madvise(start, range.count, Int32(MADV_DONTNEED))
        }
        trim()
    }

    /// Gives up what the allocator holds between pieces that are in use: a report leaves some megabytes
    /// of it, which the next one would not find again.
    ///
    /// Source: malloc_trim(3).
    package static func trim() {
        typealias Trim = @convention(c) (Int) -> Int32
        if let trim = function("malloc_trim", as: Trim.self) { _ = trim(0) }
    }

    /// Has large pieces of memory given back as soon as they are free, however large others were: what
    /// is learned from those would let the heap grow.
    ///
    /// Source: mallopt(3), M_MMAP_THRESHOLD and M_TRIM_THRESHOLD.
    package static func keepSmall() {
        typealias Set = @convention(c) (Int32, Int32) -> Int32
        guard let set = function("mallopt", as: Set.self) else { return }
        let (trimThreshold, mapThreshold): (Int32, Int32) = (-1, -3)
        _ = set(mapThreshold, 64 << 10)
        _ = set(trimThreshold, 128 << 10)
    }

    /// What only glibc has, and its module for Swift does not name.
    private static func function<Function>(_ name: String, as _: Function.Type) -> Function? {
        guard let found = unsafe dlsym(nil, name) else { return nil }
        return unsafe unsafeBitCast(found, to: Function.self)
    }

    /// Where files with code are mapped, which nobody writes to: no page of them differs from its file.
    private static var codeRanges: [Range<UInt>] {
        let maps = readSmallFile("/proc/self/maps") ?? []
        return maps.split(separator: 0x0A).compactMap { line in
            let words = String(decoding: line, as: UTF8.self).split(separator: " ")
            guard words.count >= 6, words[1] == "r-xp", words[5].hasPrefix("/") else { return nil }
            let ends = words[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
            return ends.count == 2 && ends[0] < ends[1] ? ends[0]..<ends[1] : nil
        }
    }
}
