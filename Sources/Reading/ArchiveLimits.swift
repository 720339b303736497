// SPDX-License-Identifier: Apache-2.0

/// What an archive may cost, so that a hostile one ends early and says so.
struct ArchiveLimits: Sendable {
    /// Entries, those of archives inside of it included.
    var entries = 100_000
    /// Bytes that come out of all decompression together.
    var bytes: Int64 = 64 << 30
    /// How many bytes may come out for each byte of the file, once `bytesFreeOfRatio` came out.
    var ratio: Int64 = 1_000
    var bytesFreeOfRatio: Int64 = 1 << 30
    /// How many archives may lie in each other.
    var depth = 3

    static let standard = ArchiveLimits()
}

/// What was spent of the limits. A class: an archive and those inside of it share one.
final class ArchiveBudget {
    let limits: ArchiveLimits
    private var bytesRead: Int64 = 0
    private var bytesMade: Int64 = 0
    private var entries = 0

    init(_ limits: ArchiveLimits) { self.limits = limits }

    /// Counts bytes that were read from the file itself.
    func noteRead(_ count: Int) { bytesRead += Int64(count) }

    /// Counts bytes that a decoder made.
    func noteMade(_ count: Int) throws(ReadError) {
        bytesMade += Int64(count)
        if bytesMade > limits.bytes {
            throw ReadError(
                code: .damaged,
                reason: "expands to more than \(limits.bytes) bytes; not read further")
        }
        if bytesMade > limits.bytesFreeOfRatio, bytesMade / limits.ratio > bytesRead {
            throw ReadError(
                code: .damaged,
                reason: "expands to more than \(limits.ratio) times its size; not read further")
        }
    }

    func noteEntry() throws(ReadError) {
        entries += 1
        if entries > limits.entries {
            throw ReadError(
                code: .damaged,
                reason: "holds more than \(limits.entries) entries; not read further")
        }
    }
}
