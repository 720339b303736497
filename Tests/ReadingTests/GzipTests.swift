// SPDX-License-Identifier: Apache-2.0
// Compressed logs, whole and damaged: what can be read is read, and the rest is said to be missing.

import Model
import TestSupport
import Testing

@testable import Reading

/// A gzip member of stored blocks, so that each byte of it is known (RFC 1951, RFC 1952).
private func storedMember(_ bytes: [UInt8], block: Int = 65_535) -> [UInt8] {
    var out: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
    var start = 0
    repeat {
        let end = min(bytes.count, start + block)
        let length = UInt16(end - start)
        out += [end == bytes.count ? 1 : 0]
        out += [
            UInt8(length & 0xFF), UInt8(length >> 8), UInt8(~length & 0xFF), UInt8(~length >> 8),
        ]
        out += bytes[start..<end]
        start = end
    } while start < bytes.count
    for word in [crc32(bytes), UInt32(bytes.count)] {
        for shift in [0, 8, 16, 24] as [UInt32] {
            out.append(UInt8(truncatingIfNeeded: word >> shift))
        }
    }
    return out
}

private func crc32(_ bytes: [UInt8]) -> UInt32 {
    var crc: UInt32 = .max
    for byte in bytes {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return ~crc
}

private func inflated(
    _ bytes: [UInt8], sizes: [Int] = [.max], room: Int = 4096,
    igzip: IgzipLibrary? = .system
) -> (bytes: [UInt8], failure: ReadError?) {
    var source = GzipSource(PieceSource(bytes, sizes, canRewind: true), igzip: igzip)
    return everything(&source, room: room)
}

private let log = Array(
    (0..<40).map {
        "1:M 22 Nov 2024 10:15:02.\(100 + $0) * Background saving started by pid \($0 * 7919)\n"
    }
    .joined().utf8)

/// By gzip(1), with everything a real file has: a name, a time, dynamic Huffman codes.
private let compressedLog: [UInt8]? = {
    guard Tool.has(["gzip", "--version"]) else { return nil }
    return try? Tool.output(of: ["gzip", "-9c"], input: log)
}()

@Test(arguments: [[.max], [1], [2, 3, 5], [9, 1, 1]], [1, 7, 4096])
func piecesOfAnySizeInflateTheSame(sizes: [Int], room: Int) {
    for packed in [storedMember(log, block: 100), compressedLog ?? storedMember(log)] {
        let (bytes, failure) = inflated(packed, sizes: sizes, room: room)
        #expect(bytes == log)
        #expect(failure == nil)
    }
}

@Test(arguments: [0, 1, 2, 5])
func membersFollowEachOther(padding: Int) {
    let zeros = [UInt8](repeating: 0, count: padding)
    let packed =
        storedMember(Array("one\n".utf8)) + zeros + storedMember([]) + storedMember(log) + zeros
    for size in [.max, 1, 3] {
        let (bytes, failure) = inflated(packed, sizes: [size])
        #expect(bytes == Array("one\n".utf8) + log)
        #expect(failure == nil)
    }
}

@Test(arguments: [512, 70_000, 200_000])
func zerosBehindTheLastMemberAreNoDamage(count: Int) {
    // tar and tapes pad files; more than one input block of it, too.
    let (bytes, failure) = inflated(storedMember(log) + [UInt8](repeating: 0, count: count))
    #expect(bytes == log)
    #expect(failure == nil)
}

@Test func rubbishBehindTheLastMemberIsDamage() {
    let (bytes, failure) = inflated(storedMember(log) + Array("rubbish".utf8))
    #expect(bytes == log)
    #expect(failure?.code == .damaged)
}

@Test func aStoredFileCutAnywhereGivesAllBeforeTheCut() {
    let block = 64
    let packed = storedMember(log, block: block)
    for cut in 0..<packed.count {
        let (bytes, failure) = inflated(Array(packed[..<cut]))
        // 10 bytes of header; each block has 5 before its data.
        let data = max(0, cut - 10)
        let whole = data / (block + 5)
        let available = min(log.count, whole * block + max(0, data - whole * (block + 5) - 5))
        guard bytes == Array(log[..<available]), failure?.code == .damaged else {
            let why = String(describing: failure)
            Issue.record("cut at \(cut): \(bytes.count) of \(available) bytes, \(why)")
            return
        }
    }
}

@Test func aCompressedFileCutAnywhereGivesWhatItHolds() {
    let packed = compressedLog ?? storedMember(log)
    var longest = 0
    for cut in 0..<packed.count {
        let (bytes, failure) = inflated(Array(packed[..<cut]))
        #expect(failure?.code == .damaged)
        #expect(log.starts(with: bytes))
        // More input never gives less output.
        #expect(bytes.count >= longest)
        longest = bytes.count
        // Only the check sum and the length are missing.
        if cut >= packed.count - 8 { #expect(bytes == log) }
    }
}

@Test func aLargeFileCutAt300PlacesGivesWhatItHolds() throws {
    var dice = Seeded(300)
    let text = (0..<6000).map { i in
        "7:M 22 Nov 2024 10:15:02.\(100 + i % 900) * key \(dice.roll(0..<1_000_000)) of \(i)\n"
    }.joined()
    let plain = Array(text.utf8)
    let packed = try Tool.output(of: ["gzip", "-c"], input: plain) ?? storedMember(plain)
    for _ in 0..<300 {
        let cut = dice.roll(1..<packed.count)
        let (bytes, failure) = inflated(Array(packed[..<cut]), room: 65_536)
        #expect(failure?.code == .damaged)
        #expect(plain.starts(with: bytes))
        // Inflating lags behind by no more than the code tables of one block.
        #expect(bytes.count * packed.count >= (cut - 2048) * plain.count / 10 * 8)
    }
}

@Test func aFlippedBitIsNoticedOrHarmless() {
    let packed = compressedLog ?? storedMember(log)
    for place in packed.indices {
        for bit in 0..<8 {
            var damaged = packed
            damaged[place] ^= 1 << UInt8(bit)
            let (bytes, failure) = inflated(damaged)
            if failure == nil { #expect(bytes == log, "bit \(bit) of byte \(place)") }
        }
    }
}

@Test func rubbishNeverInflates() {
    for seed in 0..<300 {
        var dice = Seeded(seed)
        let rubbish = [0x1F, 0x8B, 8, 0] + (0..<dice.roll(0..<400)).map { _ in dice.byte() }
        #expect(inflated(rubbish).failure?.code == .damaged)
    }
}

@Test func damageIsCountedAndTheLinesBeforeItAreKept() throws {
    let packed = storedMember(log, block: 64)
    let (whole, all) = try readLog(packed)
    #expect(whole.damage.isNone && whole.records == 40 && whole.format == "gzip + redis 5.0+")
    for cut in [2, 10, 100, 1000, packed.count - 1] {
        let (facts, seen) = try readLog(Array(packed[..<cut]))
        #expect(facts.damage.archives == 1, "cut at \(cut)")
        #expect(facts.problems == ["gzip data ends before its end mark"])
        #expect(facts.lines == seen.count)
        #expect(seen.dropLast().map(\.text) == all.prefix(max(0, seen.count - 1)).map(\.text))
    }
}

@Test func damageTakesTheSameWithEitherDecoder() throws {
    let plain = Array(
        (0..<200).map { "\($0 * 7919 % 1000) \(String(decoding: log, as: UTF8.self))" }
            .joined().utf8)
    let packed = try Tool.output(of: ["gzip", "-c"], input: plain) ?? storedMember(plain)
    let files = [packed, packed + [0, 0] + storedMember(log) + packed]
    for seed in 0..<400 {
        var dice = Seeded(seed)
        var file = files[seed % files.count]
        if seed % 5 == 0 { file.removeLast(dice.roll(0..<file.count)) }
        for _ in 0..<(file.isEmpty ? 0 : dice.roll(0..<4)) {
            // The header and the code tables are as likely as all the rest.
            let end = dice.roll(0..<2) == 0 ? min(200, file.count) : file.count
            file[dice.roll(0..<end)] ^= 1 << UInt8(dice.roll(0..<8))
        }
        for sizes in [[Int.max], [4096], [3, 1000]] {
            let zlib = inflated(file, sizes: sizes, room: 1 << 20, igzip: nil)
            let igzip = inflated(file, sizes: sizes, room: 1 << 20)
            let isSame = igzip.bytes == zlib.bytes || isLate(igzip.bytes, zlib.bytes, sizes)
            #expect(isSame, "seed \(seed), pieces of \(sizes)")
            #expect(igzip.failure?.reason == zlib.failure?.reason, "seed \(seed)")
        }
    }
}

/// Where a piece ends just behind the damage, ISA-L has given out up to 80 bytes more by then.
private func isLate(_ igzip: [UInt8], _ zlib: [UInt8], _ sizes: [Int]) -> Bool {
    sizes != [.max] && igzip.starts(with: zlib) && igzip.count - zlib.count <= 80
}

@Test func aLibraryThatIsMissingTakesNothingAway() {
    #expect(IgzipLibrary(["libforktopsy-none.so.0"]) == nil)
    #expect(inflated(compressedLog ?? storedMember(log), igzip: nil).bytes == log)
    // A pipe gives its bytes once.
    var pipe = GzipSource(PieceSource(compressedLog ?? storedMember(log)))
    #expect(everything(&pipe).bytes == log)
}
