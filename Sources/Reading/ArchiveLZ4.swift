// SPDX-License-Identifier: Apache-2.0

/// Decodes LZ4 frames (`doc/lz4_Frame_format.md` and `lz4_Block_format.md`, lz4 1.9.4).
///
/// Our own, because liblz4 gives out whole blocks only, and `lz4` makes them of 4 MiB: of a log
/// that was cut it would give nothing.
final class LZ4Codec: Codec {
    private enum Part { case magic, descriptor, blockSize, block(isPlain: Bool), end, skipped }

    private static let historySize = 65_536

    private var part = Part.magic
    private var gathered: [UInt8] = []
    private var wanted = 4
    private var hasBlockChecksums = false
    private var hasContentChecksum = false
    private var checksum = XXHash32()
    private var blockLimit = 0

    /// History, then what was decoded: `given..<filled` is still to be put out.
    private var output: [UInt8] = []
    private var given = 0
    private var filled = 0
    private var isComplete = false
    private var failure: String?

    func startFrame() {
        expect(.magic, 4)
        isComplete = false
        given = 0
        filled = 0
    }

    func decode(
        _ input: [UInt8], _ range: Range<Int>, isLast: Bool, into buffer: inout [UInt8],
        at position: Int
    ) -> CodecStep {
        var step = CodecStep()
        while given == filled, !isComplete, failure == nil {
            let taken = gather(input, (range.lowerBound + step.consumed)..<range.upperBound)
            step.consumed += taken
            if gathered.count == wanted {
                takePart()
            } else if step.consumed == range.count {
                if isLast { decodeCutBlock() }
                break
            }
        }
        step.produced = give(&buffer, position)
        if given == filled {
            if let failure { step.outcome = .corrupt(failure) }
            if isComplete { step.outcome = .frameEnd }
        }
        return step
    }

    private func give(_ buffer: inout [UInt8], _ position: Int) -> Int {
        let count = min(filled - given, buffer.count - position)
        buffer.replaceSubrange(position..<position + count, with: output[given..<given + count])
        given += count
        return count
    }

    private func gather(_ input: [UInt8], _ range: Range<Int>) -> Int {
        let count = min(wanted - gathered.count, range.count)
        if case .skipped = part {
            wanted -= count
        } else {
            gathered.append(contentsOf: input[range.lowerBound..<range.lowerBound + count])
        }
        return count
    }

    private func expect(_ next: Part, _ count: Int) {
        part = next
        wanted = count
        gathered.removeAll(keepingCapacity: true)
    }

    // MARK: - The frame

    private func takePart() {
        switch part {
        case .magic: takeMagic()
        case .descriptor: takeDescriptor()
        case .blockSize: takeBlockSize()
        case .block(let isPlain): takeBlock(isPlain)
        case .end: takeEnd()
        case .skipped: isComplete = true
        }
    }

    private func number(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    private func takeMagic() {
        if gathered.count == 8 {
            expect(.skipped, Int(number(gathered[4..<8])))
        } else if ArchiveFormat.startsSkippableFrame(gathered) {
            wanted = 8
        } else if gathered == [0x04, 0x22, 0x4D, 0x18] {
            expect(.descriptor, 3)
        } else {
            failure = "is corrupt"
        }
    }

    private func takeDescriptor() {
        let flags = gathered[0]
        let length = 3 + (flags & 0x08 != 0 ? 8 : 0) + (flags & 0x01 != 0 ? 4 : 0)
        if gathered.count < length {
            wanted = length
            return
        }
        var sum = XXHash32()
        sum.add(gathered, 0..<length - 1)
        let size = Int(gathered[1] >> 4 & 7)
        guard flags >> 6 == 1, size >= 4,
            UInt8(truncatingIfNeeded: sum.value >> 8) == gathered[length - 1]
        else {
            failure = "is corrupt"
            return
        }
        guard flags & 0x01 == 0 else {
            failure = "needs a dictionary"
            return
        }
        hasBlockChecksums = flags & 0x10 != 0
        hasContentChecksum = flags & 0x04 != 0
        checksum = XXHash32()
        blockLimit = 1 << (8 + 2 * size)
        output = [UInt8](repeating: 0, count: Self.historySize + blockLimit)
        expect(.blockSize, 4)
    }

    private func takeBlockSize() {
        let size = number(gathered[0..<4])
        let length = Int(size & 0x7FFF_FFFF)
        if size == 0 {
            expect(.end, hasContentChecksum ? 4 : 0)
        } else if length > blockLimit {
            failure = "is corrupt"
        } else {
            expect(.block(isPlain: size >> 31 == 1), length + (hasBlockChecksums ? 4 : 0))
        }
    }

    private func takeEnd() {
        if hasContentChecksum, number(gathered[0..<4]) != checksum.value {
            failure = "does not match its checksum"
        }
        isComplete = failure == nil
    }

    // MARK: - Blocks

    private func takeBlock(_ isPlain: Bool) {
        let length = gathered.count - (hasBlockChecksums ? 4 : 0)
        if hasBlockChecksums {
            var sum = XXHash32()
            sum.add(gathered, 0..<length)
            if sum.value != number(gathered[length...]) { failure = "does not match its checksum" }
        }
        if !decodeBlock(length, isPlain) { failure = failure ?? "is corrupt" }
        checksum.add(output, given..<filled)
        expect(.blockSize, 4)
    }

    /// Gives what a block holds up to where the file was cut.
    private func decodeCutBlock() {
        guard case .block(let isPlain) = part, !gathered.isEmpty else { return }
        _ = decodeBlock(gathered.count, isPlain)
        failure = "ends before its end mark"
    }

    /// Decodes the first `length` gathered bytes behind the history, as far as they make sense.
    private func decodeBlock(_ length: Int, _ isPlain: Bool) -> Bool {
        keepHistory()
        guard isPlain else { return decodeSequences(length) }
        output.replaceSubrange(filled..<filled + length, with: gathered[0..<length])
        filled += length
        return true
    }

    private func keepHistory() {
        let kept = min(filled, Self.historySize)
        if filled > kept {
            output.replaceSubrange(0..<kept, with: Array(output[(filled - kept)..<filled]))
        }
        filled = kept
        given = kept
    }

    private func decodeSequences(_ length: Int) -> Bool {
        let limit = filled + blockLimit
        // Taken out of `self` while they are worked on, so that nothing is copied.
        let packed = gathered
        var unpacked: [UInt8] = []
        swap(&unpacked, &output)
        let isWhole = Self.decode(packed.span, length, &unpacked, &filled, limit)
        swap(&unpacked, &output)
        return isWhole
    }

    /// Decodes sequences to `output[end...]`; false where they make no sense or are cut.
    private static func decode(
        _ source: Span<UInt8>, _ length: Int, _ output: inout [UInt8], _ end: inout Int,
        _ limit: Int
    ) -> Bool {
        var out = output.mutableSpan
        var at = 0
        while at < length {
            let token = source[at]
            at += 1
            var literals = Int(token >> 4)
            guard extend(&literals, source, &at, length) else { return false }
            let whole = min(literals, length - at, limit - end)
            for i in 0..<whole { out[end + i] = source[at + i] }
            end += whole
            at += whole
            if whole < literals { return false }
            if at == length { return true }
            guard at + 2 <= length else { return false }
            let offset = Int(source[at]) | Int(source[at + 1]) << 8
            at += 2
            var match = Int(token & 15)
            guard extend(&match, source, &at, length), offset > 0, offset <= end,
                end + match + 4 <= limit
            else { return false }
            for i in end..<end + match + 4 { out[i] = out[i - offset] }
            end += match + 4
        }
        return length > 0
    }

    /// Adds the bytes that continue a length of 15.
    private static func extend(
        _ value: inout Int, _ source: Span<UInt8>, _ at: inout Int, _ length: Int
    ) -> Bool {
        guard value == 15 else { return true }
        while at < length {
            let more = source[at]
            at += 1
            value += Int(more)
            if more < 255 { return true }
        }
        return false
    }
}

/// The checksum of LZ4 frames (xxHash 0.8, `doc/xxhash_spec.md`, XXH32 with seed 0).
struct XXHash32 {
    private static let primes: [UInt32] = [
        2_654_435_761, 2_246_822_519, 3_266_489_917, 668_265_263, 374_761_393,
    ]

    private var a = primes[0] &+ primes[1]
    private var b = primes[1]
    private var c: UInt32 = 0
    private var d = 0 &- primes[0]
    private var total = 0
    private var rest: [UInt8] = []

    mutating func add(_ bytes: [UInt8], _ range: Range<Int>) {
        total += range.count
        var at = range.lowerBound
        if !rest.isEmpty {
            let taken = min(16 - rest.count, range.count)
            rest.append(contentsOf: bytes[at..<at + taken])
            at += taken
            guard rest.count == 16 else { return }
            let full = rest
            addStripes(full.span, 0, 16)
            rest.removeAll()
        }
        let whole = at + (range.upperBound - at) / 16 * 16
        addStripes(bytes.span, at, whole)
        rest.append(contentsOf: bytes[whole..<range.upperBound])
    }

    private mutating func addStripes(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) {
        let (first, second) = (Self.primes[0], Self.primes[1])
        func word(_ i: Int) -> UInt32 {
            UInt32(bytes[i]) | UInt32(bytes[i + 1]) << 8 | UInt32(bytes[i + 2]) << 16
                | UInt32(bytes[i + 3]) << 24
        }
        var at = start
        while at < end {
            a = Self.rotate(a &+ word(at) &* second, 13) &* first
            b = Self.rotate(b &+ word(at + 4) &* second, 13) &* first
            c = Self.rotate(c &+ word(at + 8) &* second, 13) &* first
            d = Self.rotate(d &+ word(at + 12) &* second, 13) &* first
            at += 16
        }
    }

    var value: UInt32 {
        let p = Self.primes
        var hash =
            total >= 16
            ? Self.rotate(a, 1) &+ Self.rotate(b, 7) &+ Self.rotate(c, 12) &+ Self.rotate(d, 18)
            : p[4]
        hash = hash &+ UInt32(truncatingIfNeeded: total)
        var at = 0
        while at + 4 <= rest.count {
            let word = (0..<4).reduce(UInt32(0)) { $0 | UInt32(rest[at + $1]) << UInt32(8 * $1) }
            hash = Self.rotate(hash &+ word &* p[2], 17) &* p[3]
            at += 4
        }
        for byte in rest[at...] { hash = Self.rotate(hash &+ UInt32(byte) &* p[4], 11) &* p[0] }
        hash = (hash ^ hash >> 15) &* p[1]
        hash = (hash ^ hash >> 13) &* p[2]
        return hash ^ hash >> 16
    }

    private static func rotate(_ value: UInt32, _ by: UInt32) -> UInt32 {
        value << by | value >> (32 - by)
    }
}
