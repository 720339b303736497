// SPDX-License-Identifier: Apache-2.0

/// A stretch of an input that is looked at as a whole, refilled as reading goes on.
///
/// Positions count from the window's start and stay valid while it grows; `advance(to:)` gives up
/// what lies before. At most `limit` bytes are ever held.
struct EntryWindow {
    private(set) var buffer: [UInt8]
    private var start = 0
    private var end = 0
    private(set) var isAtEnd = false
    /// Bytes of the input before the window.
    private(set) var offset: Int64 = 0
    /// Line feeds of the input before the window.
    private(set) var lines = 0
    /// What reading ended with, if not with the end of the input.
    private(set) var failure: ReadError?

    static let limit = 8 << 20

    init(blockSize: Int = 256 << 10) { buffer = [UInt8](repeating: 0, count: blockSize) }

    /// Bytes at hand.
    var count: Int { end - start }

    /// Reads more; false where there is no more, or no room.
    mutating func grow<Source: ByteSource & ~Copyable>(from source: inout Source) -> Bool {
        guard !isAtEnd, count < Self.limit else { return false }
        if start > 0, start * 2 >= buffer.count || end == buffer.count { compact() }
        if end == buffer.count { buffer.append(contentsOf: repeatElement(0, count: buffer.count)) }
        do throws(ReadError) {
            let got = try source.read(into: &buffer, at: end)
            if got == 0 { isAtEnd = true }
            end += got
            return got > 0
        } catch {
            failure = error
            isAtEnd = true
            return false
        }
    }

    /// Lends what is at hand.
    func withBytes<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        body(buffer.span.extracting(start..<end))
    }

    /// Gives up everything before `position`.
    mutating func advance(to position: Int, lines passed: Int) {
        start += position
        offset += Int64(position)
        lines += passed
    }

    private mutating func compact() {
        for i in 0..<count { buffer[i] = buffer[start + i] }
        end -= start
        start = 0
    }
}
