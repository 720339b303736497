// SPDX-License-Identifier: Apache-2.0

/// A gzip file of any number of members (RFC 1952).
///
/// ISA-L decodes where this host has it. What it refuses, or what ends before its time, is read
/// again with zlib from the start of the member on, so that of damaged data the same is told with
/// the one as with the other. So it takes only what can be read again.
struct GzipSource<Base: ByteSource & ~Copyable>: ByteSource, ~Copyable {
    private var source: Base
    private let zlib = ZlibCodec(.gzip)
    private let igzip: IgzipCodec?
    private var usesIgzip = false
    private var input: [UInt8]
    private var inputStart = 0
    private var inputEnd = 0
    /// Where the input behind `inputEnd` lies in the source.
    private var offset = 0
    private var member = 0
    /// How much of the member was given out, and how much of that zlib has yet to pass over.
    private var given = 0
    private var repeated = 0
    private var isBetweenMembers = true
    private var isFirst = true
    private var hasEnded = false
    private var isCorrupt = false

    init(_ source: consuming Base, igzip library: IgzipLibrary? = .system) {
        igzip = source.canRewind ? library.map { IgzipCodec($0) } : nil
        self.source = source
        input = [UInt8](repeating: 0, count: 65_536)
    }

    mutating func read(into buffer: inout [UInt8], at position: Int) throws(ReadError) -> Int {
        while !hasEnded {
            if isCorrupt {
                hasEnded = true
                throw ReadError(code: .damaged, reason: "gzip data is corrupt")
            }
            if try !fill() { return 0 }
            if isBetweenMembers, !beginMember() { continue }
            let produced = inflateSome(into: &buffer, at: position)
            if produced > 0 { return produced }
        }
        return 0
    }

    /// Makes sure that there is compressed input; false at a clean end.
    private mutating func fill() throws(ReadError) -> Bool {
        guard inputStart == inputEnd else { return true }
        inputStart = 0
        inputEnd = 0
        inputEnd = try source.read(into: &input, at: 0)
        if inputEnd == 0, startAgain() { inputEnd = try source.read(into: &input, at: 0) }
        offset += inputEnd
        if inputEnd > 0 { return true }
        hasEnded = true
        if isBetweenMembers, !isFirst { return false }
        throw ReadError(code: .damaged, reason: "gzip data ends before its end mark")
    }

    /// Skips the zeros that may pad the last member; false where only those are left.
    private mutating func beginMember() -> Bool {
        if !isFirst {
            while inputStart < inputEnd, input[inputStart] == 0 { inputStart += 1 }
            guard inputStart < inputEnd else { return false }
        }
        isFirst = false
        isBetweenMembers = false
        member = offset - (inputEnd - inputStart)
        given = 0
        usesIgzip = igzip != nil && hasPlainHeader
        if usesIgzip { igzip?.startFrame() } else { zlib.startFrame() }
        return true
    }

    /// Whether the header has nothing that only zlib checks: its own checksum, flags not known.
    private var hasPlainHeader: Bool {
        inputEnd - inputStart >= 4 && input[inputStart + 3] & 0b1110_0010 == 0
    }

    /// Goes back to the start of a member that ISA-L did not like, for zlib; false where zlib, too,
    /// has seen it, or where the source does not go back.
    private mutating func startAgain() -> Bool {
        guard usesIgzip, !isBetweenMembers, source.rewind(to: member) else { return false }
        usesIgzip = false
        zlib.startFrame()
        repeated = given
        offset = member
        inputStart = 0
        inputEnd = 0
        return true
    }

    private mutating func inflateSome(into buffer: inout [UInt8], at position: Int) -> Int {
        var codec: any Codec = zlib
        if usesIgzip, let igzip { codec = igzip }
        let step = codec.decode(
            input, inputStart..<inputEnd, isLast: false, into: &buffer, at: position)
        inputStart += step.consumed
        switch step.outcome {
        case .frameEnd: isBetweenMembers = true
        case .more: break
        case .corrupt:
            if startAgain() { return 0 }
            isCorrupt = true
        }
        return passOver(step.produced, of: &buffer, at: position)
    }

    /// Takes what was given out before from what zlib has put out.
    private mutating func passOver(
        _ produced: Int, of buffer: inout [UInt8], at position: Int
    ) -> Int {
        let count = min(produced, repeated)
        repeated -= count
        if count > 0 {
            for i in position..<position + produced - count { buffer[i] = buffer[i + count] }
        }
        given += produced - count
        return produced - count
    }
}
