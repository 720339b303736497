// SPDX-License-Identifier: Apache-2.0
// Archives that were cut, corrupted or made to do harm.

import Foundation
import TestSupport
import Testing

@testable import Reading

struct ArchiveDamageTests {
    /// A way to pack, and how many bytes of the log may be lost behind the last one that a decoder
    /// can know of: a block for those that code by the block, a few symbols for the others.
    struct Cut: Sendable, CustomTestStringConvertible {
        var command: String
        var loss: Int
        var testDescription: String { command }
    }

    private static let logs = "a.log b.log c.log"

    @Test(
        "A cut anywhere leaves what came before it",
        arguments: [
            Cut(command: "tar -cf out \(logs)", loss: 0),
            Cut(command: "zip -q0 out.zip \(logs); mv out.zip out", loss: 0),
            Cut(command: "zip -q out.zip \(logs); mv out.zip out", loss: 1000),
            Cut(command: "zip -qfd out.zip \(logs); mv out.zip out", loss: 1000),
            Cut(command: "gzip -c b.log > out", loss: 1000),
            Cut(command: "xz -c b.log > out", loss: 4000),
            Cut(command: "lz4 -c b.log > out", loss: 1000),
            Cut(command: "zstd -c b.log > out", loss: 131_072),
            Cut(command: "bzip2 -1c b.log > out", loss: 100_000),
            Cut(command: "tar -czf out \(logs)", loss: 1000),
            Cut(command: "tar -cJf out \(logs)", loss: 4000),
            Cut(command: "tar -I lz4 -cf out \(logs)", loss: 1000),
            Cut(command: "tar --zstd -cf out \(logs)", loss: 131_072),
            Cut(command: "gzip -c b.log > b.gz; tar -cf out a.log b.gz c.log", loss: 30_000),
        ])
    func cut(_ row: Cut) throws {
        let packed = try ArchiveWorkshop.packed(row.command)
        let whole = ArchiveReading(packed)
        #expect(whole.losses == [])
        var before = 0
        for place in 1...1000 {
            let length = packed.count * place / 1001
            let reading = ArchiveReading(Array(packed[..<length]))
            // Too little for the first header of a tar leaves its format unknown.
            let isKnown = reading.format == whole.format
            for (i, file) in reading.files.enumerated() where isKnown {
                #expect(file.name == whole.files[i].name)
                #expect(whole.files[i].bytes.starts(with: file.bytes), "cut at \(length)")
            }
            // The less is cut, the more there is.
            #expect(reading.total >= before || !isKnown, "cut at \(length)")
            if isKnown { before = reading.total }
            // Blocks of zeros pad a tar; nothing is lost with them.
            let isWhole = reading.total == whole.total && whole.format == "tar"
            #expect(
                reading.losses.count == 1 || isWhole || !isKnown && length < 262,
                "cut at \(length): \(reading.losses)")
            let due = isKnown ? lowerBound(whole, packed.count, length, row) : 0
            #expect(reading.total >= due, "cut at \(length): \(reading.total) of \(due)")
        }
    }

    /// What must be there: the log is alike throughout, so bytes out go with bytes in.
    private func lowerBound(_ whole: ArchiveReading, _ size: Int, _ length: Int, _ row: Cut) -> Int
    {
        if row.loss == 0 {
            // Stored: all but headers, of which there are at most as many as in the end.
            return max(0, length - (size - whole.total))
        }
        return whole.total * length / size * 9 / 10 - row.loss - whole.total / 20
    }

    @Test("A cut zlib, as far as the log goes, gives what zlib gives")
    func cutLikeZlib() throws {
        let shop = try ArchiveWorkshop()
        try shop.write("b.log", ArchiveSample.log)
        try shop.run("gzip -c b.log > b.gz; xz -c b.log > b.xz")
        for (name, tool) in [("b.gz", "gzip"), ("b.xz", "xz")] {
            let packed = try shop.bytes(name)
            for place in 1...12 {
                let length = packed.count * place / 13
                try shop.write("cut", Array(packed[..<length]))
                try shop.run("\(tool) -dc < cut > out || true")
                let there = try shop.bytes("out").count
                #expect(
                    ArchiveReading(Array(packed[..<length])).total >= there, "\(name) at \(length)")
            }
        }
    }

    @Test(
        "Corrupt bytes never crash, hang or go unnoticed where a checksum covers them",
        arguments: [
            "gzip -c b.log > out", "xz -c b.log > out", "zstd -c b.log > out",
            "bzip2 -c b.log > out", "lz4 -c b.log > out", "lz4 -B4 -BD -BX -c b.log > out",
            "zip -q out.zip \(logs); mv out.zip out", "zip -q0fd out.zip \(logs); mv out.zip out",
            "tar -cf out \(logs)", "tar -cJf out \(logs)", "tar --format=posix -S -cf out \(logs)",
        ])
    func flipped(command: String) throws {
        let packed = try ArchiveWorkshop.packed(command)
        let whole = ArchiveReading(packed).files.map(\.bytes)
        var random = Seeded(42)
        for _ in 0..<400 {
            var bytes = packed
            for _ in 0...random.roll(0..<3) {
                bytes[random.roll(0..<bytes.count)] ^= UInt8(1 + random.roll(0..<255))
            }
            let reading = ArchiveReading(bytes)
            guard !command.contains("tar -cf"), !command.contains("posix") else { continue }
            // Single streams and zip entries are covered by checksums, their names are not.
            let isSame = reading.files.map(\.bytes) == whole
            #expect(isSame || !reading.losses.isEmpty || reading.format.isEmpty)
        }
    }

    @Test("A corrupt entry of a zip costs that entry")
    func corruptZipEntry() throws {
        for options in ["-q", "-q0", "-qfd"] {
            var packed = try ArchiveWorkshop.packed(
                "zip \(options) out.zip \(Self.logs); mv out.zip out")
            packed[200] ^= 0xFF
            let reading = ArchiveReading(packed)
            #expect(reading.losses.count >= 1)
            #expect(reading.bytes("b.log") == ArchiveSample.log, "\(options)")
            #expect(reading.bytes("c.log") == ArchiveSample.files[2].1, "\(options)")
        }
    }

    @Test("A corrupt header of a tar costs that entry")
    func corruptTarHeader() throws {
        var packed = try ArchiveWorkshop.packed("tar -cf out \(Self.logs)")
        let second = 512 + (ArchiveSample.files[0].1.count + 511) / 512 * 512
        packed[second + 5] ^= 0xFF
        let reading = ArchiveReading(packed)
        #expect(reading.losses == ["tar has a header that is corrupt"])
        #expect(reading.files.map(\.name) == ["a.log", "c.log"])
        #expect(reading.files.map(\.bytes) == [ArchiveSample.files[0].1, ArchiveSample.files[2].1])
    }

    @Test("What fails below is told as it is, after what came before it")
    func failingPull() throws {
        let failure = ReadError(code: .unreadable, reason: "Input/output error")
        for command in ["gzip -c b.log > out", "tar -cJf out b.log", "cp b.log out"] {
            let packed = try ArchiveWorkshop.packed(command)
            let reading = ArchiveReading(Array(packed[..<(packed.count / 2)]), failure: failure)
            #expect(reading.losses == ["Input/output error"])
            #expect(reading.total > ArchiveSample.log.count / 3)
        }
    }

    // MARK: - Harm

    @Test(
        "A bomb is stopped, and said to be one",
        arguments: ["gzip -9c", "xz -c", "zstd -c", "bzip2 -c"])
    func bomb(tool: String) throws {
        let packed = try ArchiveWorkshop.packed("head -c 30000000 /dev/zero | \(tool) > out")
        var limits = ArchiveLimits()
        limits.bytesFreeOfRatio = 1 << 20
        limits.ratio = 500
        let reading = ArchiveReading(packed, limits: limits)
        #expect(reading.losses == ["expands to more than 500 times its size; not read further"])
        #expect(reading.total < 25_000_000)
        limits = ArchiveLimits()
        limits.bytes = 5_000_000
        #expect(
            ArchiveReading(packed, limits: limits).losses
                == ["expands to more than 5000000 bytes; not read further"])
    }

    @Test("A bomb in a zip is stopped")
    func zipBomb() throws {
        let packed = try ArchiveWorkshop.packed(
            "head -c 30000000 /dev/zero > z; zip -q out.zip a.log z c.log; mv out.zip out")
        var limits = ArchiveLimits()
        limits.bytes = 5_000_000
        let reading = ArchiveReading(packed, limits: limits)
        #expect(reading.losses == ["expands to more than 5000000 bytes; not read further"])
        #expect(reading.bytes("a.log") == ArchiveSample.files[0].1)
    }

    @Test("Too many entries end an archive")
    func manyEntries() throws {
        var limits = ArchiveLimits()
        limits.entries = 10
        let packed = try ArchiveWorkshop.packed(
            "for i in $(seq 30); do : > f$i; done; tar -czf out f*")
        let reading = ArchiveReading(packed, limits: limits)
        #expect(reading.files.count == 10)
        #expect(reading.losses == ["holds more than 10 entries; not read further"])
    }

    @Test("Archives that lie too deep are not opened, and the rest is read")
    func tooDeep() throws {
        let packed = try ArchiveWorkshop.packed(
            "tar -cf 1 a.log; tar -cf 2 1; tar -cf 3 2; tar -cf out 3 b.log")
        let reading = ArchiveReading(packed)
        #expect(reading.losses == ["3/2/1: lies in more than 2 archives; not opened"])
        #expect(reading.files.map(\.name) == ["b.log"])
    }

    @Test("Names are printable, and harmless as they are used for nothing else")
    func hostileNames() throws {
        let program = """
            import tarfile, io
            t = tarfile.open('out', 'w')
            for n in ('../../etc/passwd', '/etc/shadow', 'a\\x1b[2Jb', 'x\\ny', '\\u202eflipped', 'n' * 9000):
                i = tarfile.TarInfo(n); i.size = 2; t.addfile(i, io.BytesIO(b'x\\n'))
            t.close()
            """
        let reading = ArchiveReading(try ArchiveWorkshop.packed("python3 - <<'E'\n\(program)\nE"))
        #expect(
            reading.files.map(\.name).dropLast() == [
                "../../etc/passwd", "/etc/shadow", "a\\u{1b}[2Jb", "x\\u{a}y", "\\u{202e}flipped",
            ])
        #expect(reading.files.last?.name.count == 4096)
    }

    @Test("A header that claims any size is taken for what is there")
    func hugeSizes() throws {
        let packed = try ArchiveWorkshop.packed("tar -cf out a.log")
        for field in ["77777777777\0", "\u{0}"] {
            var bytes = packed
            var size = [UInt8](field.utf8)
            if size.count == 1 {
                size =
                    [0x80] + [UInt8](repeating: 0, count: 3) + [0x7F]
                    + [UInt8](repeating: 0xFF, count: 7)
            }
            bytes.replaceSubrange(124..<136, with: size)
            var sum = 0
            for (i, byte) in bytes[..<512].enumerated() {
                sum += (148..<156).contains(i) ? 32 : Int(byte)
            }
            let octal = String(sum, radix: 8)
            let digits = String(repeating: "0", count: 6 - octal.count) + octal + "\0 "
            bytes.replaceSubrange(148..<156, with: [UInt8](digits.utf8))
            let reading = ArchiveReading(bytes)
            #expect(reading.losses == ["tar ends in the middle of an entry"])
            #expect(reading.bytes("a.log")?.starts(with: ArchiveSample.files[0].1) == true)
        }
    }

    @Test("Any bytes behind any magic are read to some end")
    func noise() {
        let magics: [[UInt8]] = [
            [0x1F, 0x8B, 8, 0], [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], [0x28, 0xB5, 0x2F, 0xFD],
            [0x42, 0x5A, 0x68, 0x39, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59], [0x04, 0x22, 0x4D, 0x18],
            [0x50, 0x4B, 3, 4], [0x50, 0x4B, 5, 6], [0x50, 0x2A, 0x4D, 0x18],
            [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C],
        ]
        var random = Seeded(7)
        for magic in magics {
            for _ in 0..<300 {
                let tail = (0..<random.roll(0..<600)).map { _ in
                    UInt8(random.roll(0..<4) == 0 ? 0 : random.roll(0..<256))
                }
                _ = ArchiveReading(magic + tail, piece: 1 + random.roll(0..<64))
            }
        }
    }

    // MARK: - The host

    @Test(
        "Without a library, its format says what to install, and the others are read",
        arguments: [("xz", "liblzma5"), ("zstd", "libzstd1"), ("bzip2", "libbz2-1.0")])
    func missingLibrary(tool: String, package: String) throws {
        let packed = try ArchiveWorkshop.packed("\(tool) -c b.log > b; tar -czf out a.log b c.log")
        let reading = ArchiveReading(packed, libraries: .none)
        #expect(reading.files.map(\.name) == ["a.log", "c.log"])
        #expect(reading.losses.count == 1)
        #expect(reading.losses[0].contains(package))
        #expect(ArchiveLibraries.none.missing.count == 3)
        #expect(ArchiveLibraries.system.missing == [])
    }

    @Test("Paths that are no file fail at once", .timeLimit(.minutes(1)))
    func oddPaths() throws {
        let shop = try ArchiveWorkshop()
        try shop.run("mkfifo pipe; mkdir folder; : > empty")
        #expect(ArchiveReading(path: shop.path + "/pipe").total == 0)
        #expect(ArchiveReading(path: shop.path + "/folder").losses == ["is a directory"])
        #expect(ArchiveReading(path: shop.path + "/none").losses.count == 1)
        #expect(ArchiveReading(path: shop.path + "/empty").losses == [])
    }

    @Test("7z is named, not misread")
    func sevenZip() {
        let reading = ArchiveReading([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C, 0, 4])
        #expect(reading.losses == ["7z archives are not read; unpack it first"])
    }

    @Test("Sums of xxHash are those of the specification")
    func xxHash() {
        for (text, sum) in [
            ("", 0x02CC_5D05), ("a", 0x550D_7456), ("abc", 0x32D1_53FF),
            ("Nobody inspects the spammish repetition", 0xE229_3B2F),
        ] as [(String, UInt32)] {
            let bytes = [UInt8](text.utf8)
            var whole = XXHash32()
            whole.add(bytes, 0..<bytes.count)
            #expect(whole.value == sum)
            var pieces = XXHash32()
            for i in 0..<bytes.count { pieces.add(bytes, i..<i + 1) }
            #expect(pieces.value == sum)
        }
    }
}
