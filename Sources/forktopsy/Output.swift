// SPDX-License-Identifier: Apache-2.0
// Where results go, and where extracts come from: reading and writing in large pieces.

internal import Glibc

/// Standard output, or a file that is written whole or not at all: beside its place first, then
/// renamed over it. A link is followed, a mode is kept; what is no regular file (a pipe, a device),
/// or names a descriptor of this process, is written to as it is. Text is collected and written in large pieces.
struct Output: ~Copyable {
    private let path: String?
    private let draft: String
    private let descriptor: Int32
    private var waiting = ""
    private var isFinished = false

    private static let pieceSize = 1 << 18

    /// `path` is `nil` for standard output.
    init(_ path: String?) throws(Failure) {
        let place = try path.map { named throws(Failure) in try Place(named) }
        self.path = path.map { place?.path ?? $0 }
        draft = place?.draft ?? ""
        descriptor = place?.descriptor ?? 1
    }

    /// Where a named output is written.
    private struct Place {
        var path: String
        var draft = ""
        var descriptor: Int32

        init(_ named: String) throws(Failure) {
            path = named
            if let own = Output.ownDescriptor(named) {
                // What a link of /proc names may have been deleted or replaced since it was opened.
                descriptor = dup(own)
                try check(named)
                return
            }
            var info = stat()
            let exists = unsafe stat(named, &info) == 0
            if !exists, unsafe lstat(named, &info) == 0 {
                throw Failure("cannot write \(named): what this link points to does not exist")
            }
            if exists { path = Output.resolved(named) }
            // A new file could take its place, but whoever made it read-only meant it to stay.
            if exists, unsafe faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) != 0 {
                throw Failure("cannot write \(named): \(Output.reason(errno))")
            }
            let isRegular = !exists || info.st_mode & S_IFMT == S_IFREG
            if isRegular { draft = "\(path).\(getpid()).tmp" }
            descriptor =
                isRegular
                ? unsafe open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
                : unsafe open(path, O_WRONLY | O_CLOEXEC)
            try check(named)
            if exists, isRegular { _ = fchmod(descriptor, info.st_mode & 0o7777) }
        }

        private func check(_ named: String) throws(Failure) {
            if descriptor < 0 { throw Failure("cannot write \(named): \(Output.reason(errno))") }
        }
    }

    /// The descriptor of this process that a path names: `/dev/stdout`, `/dev/fd/3`.
    private static func ownDescriptor(_ path: String) -> Int32? {
        switch path {
        case "/dev/stdout": return 1
        case "/dev/stderr": return 2
        default: break
        }
        for folder in ["/dev/fd/", "/proc/self/fd/"] where path.hasPrefix(folder) {
            return Int32(path.dropFirst(folder.count))
        }
        return nil
    }

    /// The path without links, so that the file itself is replaced and not a link to it.
    private static func resolved(_ path: String) -> String {
        guard let real = unsafe realpath(path, nil) else { return path }
        defer { unsafe free(real) }
        return unsafe String(cString: real)
    }

    deinit {
        guard path != nil else { return }
        close(descriptor)
        if !isFinished, !draft.isEmpty { unsafe _ = unlink(draft) }
    }

    mutating func write(_ text: String) throws(Failure) {
        waiting += text
        if waiting.utf8.count >= Self.pieceSize { try flush() }
    }

    /// Writes what is left and puts the file in its place.
    mutating func finish() throws(Failure) {
        try flush()
        guard let path, !draft.isEmpty else { return }
        guard fsync(descriptor) == 0, unsafe rename(draft, path) == 0 else {
            throw Failure("cannot write \(path): \(Self.reason(errno))")
        }
        isFinished = true
    }

    private mutating func flush() throws(Failure) {
        let problem = writeAll(waiting, to: descriptor)
        waiting.removeAll(keepingCapacity: true)
        guard let problem else { return }
        throw Failure(
            path.map { "cannot write \($0): \(problem)" }
                ?? "cannot write to standard output: \(problem)")
    }

    private static func reason(_ number: Int32) -> String {
        unsafe String(cString: strerror(number))
    }
}

/// Reads a file, or standard input for `-`, and lends each line without its line feed to `body`,
/// with its number from 1 and whether a line feed ended it.
func forEachLine(
    of path: String, limit: Int, _ body: (ArraySlice<UInt8>, Int, Bool) throws -> Void
) throws {
    let descriptor = path == "-" ? 0 : unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
    func failure() -> Failure { Failure("\(path): \(unsafe String(cString: strerror(errno)))") }
    guard descriptor >= 0 else { throw failure() }
    defer { if path != "-" { close(descriptor) } }
    var block = [UInt8](repeating: 0, count: 1 << 18)
    var pending: [UInt8] = []
    var number = 0
    while true {
        let count = unsafe block.withUnsafeMutableBytes {
            unsafe read(descriptor, $0.baseAddress, $0.count)
        }
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw failure() }
        if count == 0 { break }
        var start = 0
        while let feed = block[start..<count].firstIndex(of: 0x0A) {
            number += 1
            if pending.isEmpty {
                try body(block[start..<feed], number, true)
            } else {
                pending += block[start..<feed]
                try body(pending[...], number, true)
                pending.removeAll(keepingCapacity: true)
            }
            start = feed + 1
        }
        pending += block[start..<count]
        if pending.count > limit {
            throw Failure("\(path):\(number + 1): a line of more than \(limit >> 20) MiB")
        }
    }
    if !pending.isEmpty { try body(pending[...], number + 1, false) }
}
