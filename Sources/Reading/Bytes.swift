// SPDX-License-Identifier: Apache-2.0
// The unsafe corner of the byte path: reading into a buffer, and finding a byte in it.

internal import Glibc
package import Model

/// The index of the first `byte` in `bytes` at or after `start`.
///
/// memchr(3) is four times as fast as a loop over a span; the pointer does not leave the closure,
/// and the range was checked against the span's bounds.
@inline(__always)
func firstIndex(of byte: UInt8, in bytes: Span<UInt8>, from start: Int, to end: Int) -> Int? {
    precondition(start >= 0 && end <= bytes.count)
    guard start < end else { return nil }
    return unsafe bytes.withUnsafeBufferPointer { buffer -> Int? in
        guard let base = buffer.baseAddress,
            let hit = unsafe memchr(base + start, Int32(byte), end - start)
        else { return nil }
        return unsafe UnsafeRawPointer(hit) - UnsafeRawPointer(base)
    }
}

/// Reads up to `limit` bytes from a descriptor into `buffer` at `position`; 0 at the end.
///
/// `buffer` is never written past its count: the length given to read(2) is clamped to it.
func readBytes(
    _ descriptor: Int32, into buffer: inout [UInt8], at position: Int, limit: Int
) throws(ReadError) -> Int {
    let room = min(limit, buffer.count - position)
    precondition(position >= 0 && room >= 0)
    while true {
        let count = unsafe buffer.withUnsafeMutableBytes { bytes in
            unsafe read(descriptor, bytes.baseAddress.map { unsafe $0 + position }, room)
        }
        if count >= 0 { return count }
        if errno != EINTR { throw ReadError(code: .unreadable, errno: errno) }
    }
}

/// Why an input could not be opened or read to its end.
package struct ReadError: Error, Sendable {
    package enum Code: Sendable { case notFound, unreadable, damaged }

    package var code: Code
    package var reason: String

    init(code: Code, errno: Int32) {
        self.code = errno == ENOENT ? .notFound : code
        self.reason = unsafe String(cString: strerror(errno))
    }

    init(code: Code, reason: String) {
        self.code = code
        self.reason = reason
    }
}

/// An open file, closed when it goes out of scope.
struct FileDescriptor: ~Copyable {
    let number: Int32
    private let owned: Bool

    /// Opens `path` for reading; `-` is standard input. A FIFO without a writer is not waited for
    /// but empty; one with a writer, as `<(command)` is, is read to its end.
    init(path: String) throws(ReadError) {
        if path == "-" {
            number = 0
            owned = false
            return
        }
        let opened = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard opened >= 0 else { throw ReadError(code: .unreadable, errno: errno) }
        _ = fcntl(opened, F_SETFL, fcntl(opened, F_GETFL) & ~O_NONBLOCK)
        number = opened
        owned = true
    }

    /// Takes over an open descriptor.
    init(adopting number: Int32) {
        self.number = number
        owned = true
    }

    /// Where the next read begins; `nil` for a pipe or a terminal.
    var place: Int? {
        let place = lseek(number, 0, SEEK_CUR)
        return place >= 0 ? place : nil
    }

    /// Whether the next read begins at `place`.
    func seek(to place: Int) -> Bool { lseek(number, place, SEEK_SET) == place }

    deinit { if owned { close(number) } }
}

/// What stat(2) says of a path.
package struct FileStatus: Sendable {
    package enum Kind: Sendable {
        case file, directory
        /// A device whose bytes never end: /dev/zero, /dev/urandom.
        case device
        case other
    }

    package var kind: Kind
    package var size: Int64
    /// When its content was last changed.
    package var modifiedAt: Timestamp
    package var device: UInt64
    package var inode: UInt64

    package init?(path: String) {
        var info = stat()
        guard unsafe stat(path, &info) == 0 else { return nil }
        switch info.st_mode & S_IFMT {
        case S_IFREG: kind = .file
        case S_IFDIR: kind = .directory
        case S_IFCHR where Self.mayBeEndless(info.st_rdev): kind = .device
        default: kind = .other
        }
        size = Int64(info.st_size)
        // Within what 64 bits of nanoseconds hold.
        let seconds = min(max(Int64(info.st_mtim.tv_sec), -9_000_000_000), 9_000_000_000)
        modifiedAt = Timestamp(
            nanoseconds: seconds * 1_000_000_000 + Int64(info.st_mtim.tv_nsec))
        device = UInt64(info.st_dev)
        inode = UInt64(info.st_ino)
    }

    /// Whether a character device is one of memory's (major 1: zero, random, full) and not null, which
    /// is minor 3 (Linux, Documentation/admin-guide/devices.txt).
    private static func mayBeEndless(_ number: dev_t) -> Bool {
        number >> 8 == 1 && number & 0xFF != 3
    }
}

/// Whether a path is a symbolic link.
func isLink(_ path: String) -> Bool {
    var info = stat()
    return unsafe lstat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFLNK
}

/// The path without links; `nil` where there is nothing.
func realPath(_ path: String) -> String? {
    guard let resolved = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
}

/// The names in a directory, sorted by their bytes; `nil` where it cannot be read.
package func directoryEntries(_ path: String) -> [String]? {
    guard let handle = unsafe opendir(path) else { return nil }
    defer { unsafe closedir(handle) }
    var names: [String] = []
    while let entry = unsafe readdir(handle) {
        let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
            unsafe field.withMemoryRebound(to: UInt8.self, capacity: 256) {
                unsafe String(decodingCString: $0, as: UTF8.self)
            }
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
}

extension [UInt8] {
    /// Appends bytes that are only lent, all at once.
    @inline(__always)
    mutating func append(copying bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }
}
