// SPDX-License-Identifier: Apache-2.0
// The unsafe corner of Live, first part: files. What is asked of the system, and nothing else.

internal import Glibc

/// Why something on the host could not be done, in the system's words.
package struct LiveError: Error, Sendable {
    /// errno(3).
    package var number: Int32
    package var reason: String

    init(_ number: Int32) {
        self.number = number
        reason = unsafe String(cString: strerror(number))
    }

    package init(reason: String) {
        number = 0
        self.reason = reason
    }

    package var isMissing: Bool { number == ENOENT || number == ENOTDIR }
}

/// What stat(2) says of a file, as far as following one needs it.
package struct FileState: Hashable, Sendable {
    package var device: UInt64
    package var inode: UInt64
    package var size: Int64
    /// Nanoseconds since 1970.
    package var modifiedAt: Int64
    package var isRegular: Bool
    package var isDirectory: Bool

    fileprivate init(_ info: stat) {
        device = UInt64(info.st_dev)
        inode = UInt64(info.st_ino)
        size = Int64(info.st_size)
        modifiedAt = Int64(info.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(info.st_mtim.tv_nsec)
        isRegular = info.st_mode & S_IFMT == S_IFREG
        isDirectory = info.st_mode & S_IFMT == S_IFDIR
    }

    /// `nil` where there is nothing at `path`, or no access to it.
    package init?(path: String) {
        var info = stat()
        guard unsafe stat(path, &info) == 0 else { return nil }
        self.init(info)
    }

    /// Whether it was last written before a moment. Some programs that pack a log keep only
    /// the seconds of its time.
    package func isWritten(before other: Int64) -> Bool {
        let second: Int64 = 1_000_000_000
        let isCoarse = modifiedAt % second == 0 || other % second == 0
        return isCoarse ? modifiedAt / second < other / second : modifiedAt < other
    }

    /// Whether it was last written at a moment, to the second.
    package func isOf(_ moment: Int64) -> Bool {
        modifiedAt / 1_000_000_000 == moment / 1_000_000_000
    }

    /// Whether it was last written at a moment, as exactly as both tell.
    package func isWritten(at moment: Int64) -> Bool {
        let second: Int64 = 1_000_000_000
        let isCoarse = modifiedAt % second == 0 || moment % second == 0
        return isCoarse ? isOf(moment) : modifiedAt == moment
    }

    /// Whether two states are of one file.
    package func isSameFile(as other: FileState) -> Bool {
        device == other.device && inode == other.inode
    }
}

/// A file opened for reading, closed when it goes out of scope. Reading leaves no trace: no lock,
/// and no position that anybody shares.
package struct OpenFile: ~Copyable {
    private let descriptor: Int32

    package init(path: String) throws(LiveError) {
        // A FIFO must not hold us up, nor a terminal become ours.
        let opened = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard opened >= 0 else { throw LiveError(errno) }
        descriptor = opened
    }

    deinit { close(descriptor) }

    package func state() throws(LiveError) -> FileState {
        var info = stat()
        guard unsafe fstat(descriptor, &info) == 0 else { throw LiveError(errno) }
        return FileState(info)
    }

    /// Fills `buffer` from its start with what stands at `offset`; returns how many bytes it was.
    package func read(into buffer: inout [UInt8], at offset: Int64) throws(LiveError) -> Int {
        var done = 0
        while done < buffer.count {
            let room = buffer.count - done
            let count = unsafe buffer.withUnsafeMutableBytes {
                unsafe pread(
                    descriptor, $0.baseAddress.map { unsafe $0 + done }, room,
                    off_t(offset) + done)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw LiveError(errno) }
            if count == 0 { break }
            done += count
        }
        return done
    }
}

/// A file of our own that grows at its end. Each `append` is one write(2); one that fails half way
/// is taken back.
package struct AppendFile: ~Copyable {
    private let descriptor: Int32
    package private(set) var size: Int64

    /// Opens or makes `path`, for this user alone. `isNew`: fails where it exists.
    package init(path: String, isNew: Bool = false) throws(LiveError) {
        let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (isNew ? O_EXCL : 0)
        descriptor = unsafe open(path, flags, 0o600)
        guard descriptor >= 0 else { throw LiveError(errno) }
        var info = stat()
        size = unsafe fstat(descriptor, &info) == 0 ? Int64(info.st_size) : 0
    }

    deinit { close(descriptor) }

    package mutating func append(_ bytes: [UInt8]) throws(LiveError) {
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe pwrite(
                    descriptor, $0.baseAddress.map { unsafe $0 + done }, bytes.count - done,
                    off_t(size) + done)
            }
            if count > 0 {
                done += count
            } else if errno != EINTR || count == 0 {
                let problem = count == 0 ? ENOSPC : errno
                _ = ftruncate(descriptor, off_t(size))
                throw LiveError(problem)
            }
        }
        size += Int64(bytes.count)
    }

    /// Writes over bytes that are there.
    package mutating func overwrite(_ bytes: [UInt8], at offset: Int64) throws(LiveError) {
        let end = size
        size = offset
        defer { size = end }
        try append(bytes)
    }

    /// Cuts the file at `size`.
    package mutating func cut(at size: Int64) throws(LiveError) {
        guard ftruncate(descriptor, off_t(size)) == 0 else { throw LiveError(errno) }
        self.size = size
    }

    /// Waits until what was written is on the disk.
    package func sync() { _ = fdatasync(descriptor) }
}

/// A lock on a directory that ends with the process, however it ends (flock(2)). It needs no
/// writing, so that a full or read-only disk does not keep anybody from it.
package struct DirectoryLock: ~Copyable {
    private let descriptor: Int32

    /// Throws with `isTaken` where another process has it.
    package init(path: String) throws(LiveError) {
        descriptor = try Self.locked(path)
    }

    private static func locked(_ path: String) throws(LiveError) -> Int32 {
        do throws(LiveError) {
            return try locked(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        } catch  where !error.isTaken && !error.isMissing {
            // Network file systems lock only what is open for writing: a file then.
            return try locked(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW)
        }
    }

    private static func locked(_ path: String, _ flags: Int32) throws(LiveError) -> Int32 {
        let descriptor = unsafe open(path, flags, 0o600)
        guard descriptor >= 0 else { throw LiveError(errno) }
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return descriptor }
        let problem = errno
        close(descriptor)
        throw LiveError(problem)
    }

    deinit { close(descriptor) }
}

extension LiveError {
    /// Another process holds the lock.
    package var isTaken: Bool { number == EWOULDBLOCK }
}

/// What is done to names.
package enum Directory {
    /// Makes a directory and those above it, for this user alone.
    package static func make(_ path: String) throws(LiveError) {
        if FileState(path: path)?.isDirectory ?? false { return }
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            try make(String(path[..<slash]))
        }
        guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else { throw LiveError(errno) }
    }

    package static func rename(_ from: String, to: String) throws(LiveError) {
        guard unsafe Glibc.rename(from, to) == 0 else { throw LiveError(errno) }
    }

    package static func remove(_ path: String) { unsafe _ = unlink(path) }

    /// Where a path leads, without links; `nil` where it leads nowhere.
    package static func resolved(_ path: String) -> String? {
        guard let real = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(real) }
        return unsafe String(cString: real)
    }

    /// The names in a directory, sorted by their bytes; `nil` where it cannot be read.
    package static func names(in path: String) -> [String]? {
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

    /// Where a symbolic link points; `nil` where the path is none.
    package static func linkTarget(_ path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = unsafe buffer.withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress else { return 0 }
            return unsafe readlink(path, base.assumingMemoryBound(to: CChar.self), bytes.count)
        }
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }

    /// Whether changes made on other hosts, or outside of this kernel's view, are not told by
    /// inotify: a network file system, or one in user space.
    package static func isRemote(_ path: String) -> Bool {
        guard let state = FileState(path: path), let table = readSmallFile("/proc/self/mountinfo")
        else { return false }
        let major = (state.device >> 8) & 0xFFF | (state.device >> 32) & 0xFFFF_F000
        let minor = state.device & 0xFF | (state.device >> 12) & 0xFFFF_FF00
        for line in String(decoding: table, as: UTF8.self).split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 3, fields[2] == "\(major):\(minor)",
                let dash = fields.firstIndex(of: "-"), dash + 1 < fields.count
            else { continue }
            let type = fields[dash + 1]
            return remoteTypes.contains(String(type)) || type.hasPrefix("fuse.")
        }
        return false
    }

    private static let remoteTypes: Set<String> = [
        "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse", "gfs2", "gpfs",
        "lustre", "ocfs2", "virtiofs", "vboxsf", "prl_fs",
    ]

    /// Lets the process have as many files open as its hard limit says.
    package static func raiseFileLimit() {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return
        }
        limit.rlim_cur = min(limit.rlim_max, 1 << 20)
        unsafe _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}

/// Writes a file whole or not at all, as far as readers see it.
package func replaceFile(
    _ path: String, with bytes: [UInt8], mode: UInt32 = 0o644
)
    throws(LiveError)
{
    let draft = "\(path).\(getpid()).tmp"
    let descriptor = unsafe open(
        draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode)
    guard descriptor >= 0 else { throw LiveError(errno) }
    defer { close(descriptor) }
    var done = 0
    while done < bytes.count {
        let count = unsafe bytes.withUnsafeBytes {
            unsafe write(
                descriptor, $0.baseAddress.map { unsafe $0 + done }, bytes.count - done)
        }
        if count > 0 {
            done += count
        } else if errno != EINTR || count == 0 {
            let problem = count == 0 ? ENOSPC : errno
            Directory.remove(draft)
            throw LiveError(problem)
        }
    }
    do throws(LiveError) {
        try Directory.rename(draft, to: path)
    } catch {
        Directory.remove(draft)
        throw error
    }
}

/// The whole of a small file, also of /proc; `nil` where it cannot be read or is larger.
package func readSmallFile(_ path: String, limit: Int = 4 << 20) -> [UInt8]? {
    guard let file = try? OpenFile(path: path) else { return nil }
    var out: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 8192)
    while out.count <= limit {
        guard let count = try? file.read(into: &block, at: Int64(out.count)) else { return nil }
        if count == 0 { return out }
        out.append(contentsOf: block[..<count])
    }
    return nil
}

/// Seconds since 1970, with fractions.
package func wallClock() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// The space on the file system of a path, for users without privileges (statvfs(3)).
package struct DiskSpace: Hashable, Sendable {
    /// Bytes.
    package var size: Int64
    package var available: Int64

    package init(size: Int64, available: Int64) {
        self.size = size
        self.available = available
    }

    /// `nil` where the path is not there or may not be asked.
    package init?(path: String) {
        var info = statvfs()
        guard unsafe statvfs(path, &info) == 0 else { return nil }
        size = Int64(clamping: info.f_blocks) &* Int64(clamping: info.f_frsize)
        available = Int64(clamping: info.f_bavail) &* Int64(clamping: info.f_frsize)
    }
}
