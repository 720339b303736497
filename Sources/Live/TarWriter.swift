// SPDX-License-Identifier: Apache-2.0

/// Writes a tar archive (POSIX.1-1988 ustar) to a file, entry by entry.
package struct TarWriter: ~Copyable {
    private var file: AppendFile
    private var entry: Entry?

    /// A file that is being added.
    private struct Entry {
        /// Where its header stands.
        var start: Int64
        var name: String
        var modifiedAt: Int64
    }

    /// Bytes written so far.
    package var size: Int64 { file.size }

    /// Makes the archive for this user alone; fails where the file exists.
    package init(path: String) throws(LiveError) { file = try AppendFile(path: path, isNew: true) }

    /// Adds a file. `modifiedAt` counts seconds since 1970. Names of more than 255 bytes are cut at
    /// their beginning.
    package mutating func add(
        name: String, modifiedAt: Int64, _ bytes: [UInt8]
    ) throws(LiveError) {
        try begin(name: name, modifiedAt: modifiedAt)
        try append(bytes)
        try end()
    }

    /// Begins a file whose size is not known yet.
    package mutating func begin(name: String, modifiedAt: Int64) throws(LiveError) {
        entry = Entry(start: file.size, name: name, modifiedAt: modifiedAt)
        try file.append(Self.header(name, size: 0, modifiedAt))
    }

    /// Adds bytes to the file that was begun.
    package mutating func append(_ bytes: [UInt8]) throws(LiveError) { try file.append(bytes) }

    /// Ends the file that was begun.
    package mutating func end() throws(LiveError) {
        guard let entry else { return }
        let size = Int(file.size - entry.start) - 512
        try file.append([UInt8](repeating: 0, count: (512 - size % 512) % 512))
        try file.overwrite(
            Self.header(entry.name, size: size, entry.modifiedAt), at: entry.start)
        self.entry = nil
    }

    /// Ends the archive.
    package mutating func finish() throws(LiveError) {
        try file.append([UInt8](repeating: 0, count: 1024))
        file.sync()
    }

    private static func header(_ name: String, size: Int, _ modifiedAt: Int64) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at start: Int, limit: Int) {
            for (i, byte) in text.utf8.prefix(limit).enumerated() { block[start + i] = byte }
        }
        func octal(_ value: Int64, _ width: Int) -> String {
            let digits = String(max(0, value), radix: 8)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let (prefix, rest) = split(name)
        put(rest, at: 0, limit: 100)
        put("0000600", at: 100, limit: 8)
        put("0000000", at: 108, limit: 8)
        put("0000000", at: 116, limit: 8)
        put(octal(Int64(size), 11), at: 124, limit: 12)
        put(octal(modifiedAt, 11), at: 136, limit: 12)
        put("        ", at: 148, limit: 8)
        block[156] = UInt8(ascii: "0")
        put("ustar\u{0}00", at: 257, limit: 8)
        put(prefix, at: 345, limit: 155)
        let sum = block.reduce(0) { $0 + Int64($1) }
        put(octal(sum, 6) + "\u{0} ", at: 148, limit: 8)
        return block
    }

    /// A name of up to 100 bytes, and up to 155 of the folders before it.
    private static func split(_ name: String) -> (prefix: String, rest: String) {
        let name = String(decoding: name.utf8.suffix(250), as: UTF8.self)
        guard name.utf8.count > 100 else { return ("", name) }
        var at = name.endIndex
        while let slash = name[..<at].lastIndex(of: "/") {
            let (prefix, rest) = (name[..<slash], name[name.index(after: slash)...])
            if rest.utf8.count > 100 { break }
            if prefix.utf8.count <= 155 { return (String(prefix), String(rest)) }
            at = slash
        }
        return ("", String(decoding: name.utf8.suffix(100), as: UTF8.self))
    }
}
