// SPDX-License-Identifier: Apache-2.0

/// Keeps of `/proc/PID/smaps`, which comes in pieces, the lines that say where a mapping lies and
/// which flags it has. The figures between them go by.
///
/// Source: Linux v6.6, fs/proc/task_mmu.c, `show_smap`: a header, then `Name:   figure kB` lines, of
/// which the last is `VmFlags:`.
struct MappingLines {
    /// The lines that were kept, each with its line feed.
    private(set) var kept: [UInt8] = []
    private var line: [UInt8] = []

    private static let flags = Array("VmFlags:".utf8)

    mutating func take(_ bytes: ArraySlice<UInt8>) {
        var rest = bytes
        while let feed = rest.firstIndex(of: 0x0A) {
            line += rest[...feed]
            if Self.isWanted(line) { kept += line }
            line.removeAll(keepingCapacity: true)
            rest = rest[(feed + 1)...]
        }
        line += rest
    }

    /// Figures begin with a capital letter, headers with an address in small hexadecimal digits.
    private static func isWanted(_ line: [UInt8]) -> Bool {
        guard let first = line.first else { return false }
        return !(UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first) || line.starts(with: flags)
    }
}
