// SPDX-License-Identifier: Apache-2.0
// The unsafe corner of Model: a file of numbers, and copying borrowed bytes.

internal import Glibc

/// A temporary file without a name, written at its end and read anywhere.
///
/// What is appended waits until there is enough of it for a large write: in pieces of a block each, the
/// kernel needs more than twice as long. `append` reads, and `read` writes, exactly the memory of an
/// array of `BitwiseCopyable` items while a closure lends it; no pointer outlives the call. Callers
/// read only types of which every sequence of bytes is a value (`UInt8`, `EventBlock.Entry`). That is
/// all the unsafe code here.
@safe
struct SpillFile: ~Copyable {
    private let descriptor: Int32
    private(set) var size: Int64 = 0
    /// Bytes that are in the file; those behind them are in `waiting`.
    private var written: Int64 = 0
    private var waiting: [UInt8] = []

    /// Writes are of a multiple of so many bytes; fewer wait.
    private static let pieceSize = 64 << 10

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

    /// Writes `items` at the end, and says where that was. Where that fails, what was appended before
    /// is still there.
    mutating func append<Item: BitwiseCopyable>(_ items: [Item]) throws(SpillError) -> Int64 {
        let start = size
        let before = waiting.count
        unsafe items.withUnsafeBytes { unsafe waiting.append(contentsOf: $0) }
        if waiting.count >= Self.pieceSize {
            do throws(SpillError) {
                try write()
            } catch {
                waiting.removeLast(waiting.count - before)
                throw error
            }
        }
        size += Int64(items.count * MemoryLayout<Item>.stride)
        return start
    }

    /// Writes of what waits as much as makes whole pieces.
    private mutating func write() throws(SpillError) {
        let length = waiting.count / Self.pieceSize * Self.pieceSize
        let (descriptor, written) = (descriptor, written)
        let problem = unsafe waiting.withUnsafeBytes { bytes -> Int32 in
            var done = 0
            while done < length {
                let count = unsafe pwrite(
                    descriptor, bytes.baseAddress.map { unsafe $0 + done }, length - done,
                    off_t(written) + done)
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
        self.written += Int64(length)
        waiting.removeFirst(length)
    }

    /// Reads `count` items that were written at `position`.
    func read<Item: BitwiseCopyable>(
        _ count: Int, at position: Int64
    ) throws(SpillError) -> [Item] {
        var problem: Int32 = 0
        let length = count * MemoryLayout<Item>.stride
        let inFile = Int(max(0, min(Int64(length), written - position)))
        let items = unsafe [Item](unsafeUninitializedCapacity: count) { buffer, initialized in
            let bytes = UnsafeMutableRawBufferPointer(buffer)
            var done = 0
            while done < inFile, problem == 0 {
                let got = unsafe pread(
                    descriptor, bytes.baseAddress.map { unsafe $0 + done }, inFile - done,
                    off_t(position) + done)
                if got > 0 {
                    done += got
                } else if got == 0 || errno != EINTR {
                    problem = got == 0 ? EIO : errno
                }
            }
            let first = Int(position + Int64(inFile) - written)
            if problem == 0, inFile < length {
                if first < 0 || first + length - inFile > waiting.count {
                    problem = EIO
                } else {
                    let rest = waiting[first..<first + length - inFile]
                    unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[inFile..<length])
                        .copyBytes(from: rest)
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
