// SPDX-License-Identifier: Apache-2.0
// The unsafe corner of Model: a file of numbers, and copying borrowed bytes.

internal import Glibc

/// A temporary file without a name, written at its end and read anywhere.
///
/// `append` reads, and `read` writes, exactly the memory of an array of `BitwiseCopyable` items
/// while a closure lends it; no pointer outlives the call. Callers read only types of which every
/// sequence of bytes is a value (`UInt8`, `EventBlock.Entry`). That is all the unsafe code here.
@safe
struct SpillFile: ~Copyable {
    private let descriptor: Int32
    private(set) var size: Int64 = 0

    /// Makes the file in the first of `directories` that takes it; nobody else can open it.
    init(directories: [String]) throws(SpillError) {
        var reason = "no directory for it was given"
        for directory in directories {
            let path = "\(directory)/.forktopsy-\(getpid())-\(UInt64.random(in: 0 ... .max))"
            let opened = unsafe open(
                path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
            guard opened < 0 else {
                unsafe _ = unlink(path)
                descriptor = opened
                return
            }
            reason = "\(directory): \(SpillError.text(errno))"
        }
        throw SpillError(reason: "cannot make a temporary file (\(reason))")
    }

    deinit { close(descriptor) }

    /// Writes `items` at the end, and says where that was.
    mutating func append<Item: BitwiseCopyable>(_ items: [Item]) throws(SpillError) -> Int64 {
        let start = size
        let problem = unsafe items.withUnsafeBytes { bytes -> Int32 in
            var done = 0
            while done < bytes.count {
                let count = unsafe pwrite(
                    descriptor, bytes.baseAddress.map { unsafe $0 + done }, bytes.count - done,
                    off_t(start) + done)
                if count > 0 {
                    done += count
                } else if count == 0 || errno != EINTR {
                    return count == 0 ? ENOSPC : errno
                }
            }
            return 0
        }
        guard problem == 0 else {
            throw SpillError(
                reason: "cannot write the temporary file (\(SpillError.text(problem)))")
        }
        size += Int64(items.count * MemoryLayout<Item>.stride)
        return start
    }

    /// Reads `count` items that were written at `position`.
    func read<Item: BitwiseCopyable>(
        _ count: Int, at position: Int64
    ) throws(SpillError) -> [Item] {
        var problem: Int32 = 0
        let length = count * MemoryLayout<Item>.stride
        let items = unsafe [Item](unsafeUninitializedCapacity: count) { buffer, initialized in
            let bytes = UnsafeMutableRawBufferPointer(buffer)
            var done = 0
            while done < length, problem == 0 {
                let got = unsafe pread(
                    descriptor, bytes.baseAddress.map { unsafe $0 + done }, length - done,
                    off_t(position) + done)
                if got > 0 {
                    done += got
                } else if got == 0 || errno != EINTR {
                    problem = got == 0 ? EIO : errno
                }
            }
            initialized = problem == 0 ? count : 0
        }
        guard problem == 0 else {
            throw SpillError(reason: "cannot read the temporary file (\(SpillError.text(problem)))")
        }
        return items
    }
}

struct SpillError: Error {
    var reason: String

    static func text(_ number: Int32) -> String { unsafe String(cString: strerror(number)) }
}

extension [UInt8] {
    /// Appends bytes that are only lent, all at once.
    @inline(__always)
    mutating func append(copying bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }
}
