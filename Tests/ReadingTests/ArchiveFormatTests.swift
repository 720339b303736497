// SPDX-License-Identifier: Apache-2.0
// Every packing people hand in, made by the tools they use.

import Model
import Testing

@testable import Reading

struct ArchiveFormatTests {
    @Test(
        "A compressed log is read whole, whatever the tool's options",
        arguments: [
            ("gzip -c b.log > out", "gzip"), ("gzip -1nc b.log > out", "gzip"),
            ("xz -c b.log > out", "xz"), ("xz -9ec b.log > out", "xz"),
            ("xz -T2 --block-size=8192 --check=sha256 -c b.log > out", "xz"),
            ("xz --check=none -c b.log > out", "xz"),
            ("xz --x86 --lzma2 -c b.log > out", "xz"),
            ("zstd -c b.log > out", "zstd"), ("zstd -19 --no-check -c b.log > out", "zstd"),
            ("zstd --ultra -22 --long=27 -c b.log > out", "zstd"),
            ("zstd -c < b.log > out", "zstd"),
            ("bzip2 -c b.log > out", "bzip2"), ("bzip2 -1c b.log > out", "bzip2"),
            ("lz4 -c b.log > out", "lz4"), ("lz4 -9 -B4 -BD -BX -c b.log > out", "lz4"),
            ("lz4 -B4 --no-frame-crc --content-size -c b.log > out", "lz4"),
            ("lz4 -B5 -BD -c < b.log > out", "lz4"),
            ("gzip -c b.log | xz -c > out", "xz + gzip"),
            ("cp b.log out", ""),
        ])
    func compressedLog(command: String, format: String) throws {
        let packed = try ArchiveWorkshop.packed(command)
        for (piece, room) in [(65_536, 65_536), (1, 4096), (7, 65_536), (4096, 13)] {
            let reading = ArchiveReading(packed, piece: piece, room: room)
            #expect(reading.format == format)
            #expect(reading.losses == [])
            #expect(reading.files.map(\.name) == [""])
            #expect(reading.files[0].bytes == ArchiveSample.log, "pieces of \(piece) to \(room)")
        }
    }

    @Test(
        "Streams one behind the other are one log",
        arguments: ["gzip -c", "xz -c", "zstd -c", "bzip2 -c", "lz4 -c"])
    func concatenated(tool: String) throws {
        let command = ["a", "b", "c"].map { "\(tool) \($0).log >> out" }.joined(separator: "; ")
        let reading = ArchiveReading(try ArchiveWorkshop.packed(command), piece: 100)
        #expect(reading.losses == [])
        #expect(reading.files[0].bytes == ArchiveSample.files.flatMap(\.1))
    }

    @Test("Zeros that pad a stream are no damage", arguments: ["gzip -c", "xz -c", "bzip2 -c"])
    func padded(tool: String) throws {
        let packed = try ArchiveWorkshop.packed("\(tool) b.log > out; head -c 512 /dev/zero >> out")
        #expect(ArchiveReading(packed).losses == [])
    }

    @Test(
        "Bytes behind a stream that are none of it are a loss, and cost nothing before them",
        arguments: ["gzip -c", "xz -c", "zstd -c", "bzip2 -c", "lz4 -c"])
    func trailing(tool: String) throws {
        let packed = try ArchiveWorkshop.packed("\(tool) b.log > out; echo garbage >> out")
        let reading = ArchiveReading(packed)
        #expect(reading.losses.count == 1)
        #expect(reading.files[0].bytes == ArchiveSample.log)
    }

    @Test("Frames to skip are skipped", arguments: ["zstd -c", "lz4 -c"])
    func skippable(tool: String) throws {
        let frame = #"printf '\120\052\115\030\003\000\000\000abc'"#
        let packed = try ArchiveWorkshop.packed(
            "\(frame) > out; \(tool) b.log >> out; \(frame) >> out; \(tool) a.log >> out")
        let reading = ArchiveReading(packed)
        #expect(reading.losses == [])
        #expect(reading.files[0].bytes == ArchiveSample.log + ArchiveSample.files[0].1)
    }

    @Test("Nothing, compressed, is nothing", arguments: ["gzip", "xz", "zstd", "bzip2", "lz4"])
    func compressedNothing(tool: String) throws {
        let reading = ArchiveReading(try ArchiveWorkshop.packed("\(tool) -c < /dev/null > out"))
        #expect(reading.format == tool)
        #expect(reading.losses == [])
        #expect(reading.total == 0)
    }

    @Test(
        "Every kind of tar gives its files",
        arguments: [
            "--format=v7 -cf out", "--format=oldgnu -cf out", "--format=gnu -cf out",
            "--format=ustar -cf out", "--format=posix -cf out",
            "--format=posix --mtime=1999-12-31T23:59:59.5 -cf out",
            "-czf out", "-cJf out", "--zstd -cf out", "-cjf out", "-I lz4 -cf out",
            "-b 1 -cf out", "--label=outage -cf out",
        ])
    func tar(options: String) throws {
        let packed = try ArchiveWorkshop.packed("tar \(options) a.log b.log c.log")
        for (piece, room) in [(65_536, 65_536), (511, 100)] {
            let reading = ArchiveReading(packed, piece: piece, room: room)
            #expect(reading.losses == [])
            #expect(reading.format.hasSuffix("tar"))
            #expect(reading.files.map(\.name) == ["a.log", "b.log", "c.log"])
            #expect(reading.files.map(\.bytes) == ArchiveSample.files.map(\.1))
        }
    }

    @Test(
        "A tree with links, folders, devices and long names gives its files",
        arguments: ["gnu", "posix", "oldgnu"])
    func sosreport(format: String) throws {
        let long = "sos/" + String(repeating: "very-long-folder/", count: 20)
        let packed = try ArchiveWorkshop.packed(
            """
            mkdir -p sos/var/log/redis sos/proc \(long)
            cp a.log sos/var/log/messages; cp b.log sos/var/log/redis/redis.log
            cp c.log \(long)ünïcode.log; : > sos/proc/empty
            ln -s ../redis.log sos/var/log/redis/link; ln sos/var/log/messages sos/var/log/twin
            mkfifo sos/pipe
            tar --format=\(format) --sort=name -cJf out sos
            """)
        let reading = ArchiveReading(packed)
        #expect(reading.losses == [])
        #expect(reading.bytes("sos/var/log/messages") == ArchiveSample.files[0].1)
        #expect(reading.bytes("sos/var/log/redis/redis.log") == ArchiveSample.log)
        #expect(reading.bytes("\(long)ünïcode.log") == ArchiveSample.files[2].1)
        #expect(reading.bytes("sos/proc/empty") == [])
        #expect(reading.files.count == 4)
    }

    @Test(
        "Holes of a sparse log are left out",
        arguments: [
            "gnu", "posix --sparse-version=1.0",
            "posix --sparse-version=0.1", "posix --sparse-version=0.0",
        ])
    func sparse(format: String) throws {
        let packed = try ArchiveWorkshop.packed(
            """
            cp a.log s.log; truncate -s 3M s.log; cat c.log >> s.log; truncate -s 9M s.log
            for i in 1 2 3 4 5 6 7 8; do cat a.log >> s.log; truncate -s +4M s.log; done
            tar --format=\(format) -S -cf out s.log b.log
            """)
        let reading = ArchiveReading(packed)
        #expect(reading.losses == [])
        #expect(reading.files.map(\.name) == ["s.log", "b.log"])
        let lines = reading.files[0].bytes.filter { $0 != 0 }
        let a = ArchiveSample.files[0].1
        #expect(lines == a + ArchiveSample.files[2].1 + Array(repeatElement(a, count: 8).joined()))
        #expect(reading.files[1].bytes == ArchiveSample.log)
    }

    @Test("Tars one behind the other give all their files")
    func joinedTars() throws {
        let reading = ArchiveReading(
            try ArchiveWorkshop.packed("tar -cf out a.log; tar -c b.log >> out"))
        #expect(reading.files.map(\.name) == ["a.log", "b.log"])
        #expect(reading.losses == [])
    }

    @Test(
        "An archive without entries is no damage",
        arguments: [
            "tar -cf out -T /dev/null", "tar -czf out -T /dev/null",
            "printf 'PK\\005\\006' > out; head -c 18 /dev/zero >> out",
        ])
    func emptyArchive(command: String) throws {
        let reading = ArchiveReading(try ArchiveWorkshop.packed(command))
        #expect(reading.losses == [])
        #expect(reading.files.isEmpty)
    }

    @Test(
        "Every kind of zip gives its files",
        arguments: [
            "zip -q out.zip a.log b.log c.log", "zip -q0 out.zip a.log b.log c.log",
            "zip -qfd out.zip a.log b.log c.log", "zip -qfz out.zip a.log b.log c.log",
            "zip -qZ bzip2 out.zip a.log b.log c.log",
            "cat a.log > z.log; zip -q - a.log b.log c.log | cat > out.zip",
            "zip -q0fd out.zip a.log b.log c.log",
            "zip -qc out.zip a.log b.log c.log < /dev/null; echo note | zip -qz out.zip",
        ])
    func zip(command: String) throws {
        let packed = try ArchiveWorkshop.packed("\(command); mv out.zip out")
        for (piece, room) in [(65_536, 65_536), (3, 50)] {
            let reading = ArchiveReading(packed, piece: piece, room: room)
            #expect(reading.losses == [])
            #expect(reading.format == "zip")
            #expect(reading.files.map(\.name) == ["a.log", "b.log", "c.log"])
            #expect(reading.files.map(\.bytes) == ArchiveSample.files.map(\.1))
        }
    }

    @Test(
        "A zip that was written to a pipe gives its files",
        arguments: ["ZIP_STORED", "ZIP_DEFLATED", "ZIP_BZIP2"], ["False", "True"])
    func pipedZip(method: String, wide: String) throws {
        let program = """
            import sys, zipfile
            class Pipe:
                def write(self, b): return sys.stdout.buffer.write(b)
                def flush(self): sys.stdout.buffer.flush()
            with zipfile.ZipFile(Pipe(), 'w', zipfile.\(method)) as z:
                for n in ('a.log', 'b.log', 'c.log'):
                    i = zipfile.ZipInfo(n, (2026, 11, 22, 1, 2, 3))
                    i.compress_type = zipfile.\(method)
                    with z.open(i, 'w', force_zip64=\(wide)) as f:
                        f.write(open(n, 'rb').read() + b'PK\\x07\\x08 PK\\x07\\x08PK\\x03\\x04PK\\x07')
            """
        let packed = try ArchiveWorkshop.packed("python3 - > out <<'E'\n\(program)\nE")
        let tail = [UInt8]("PK\u{7}\u{8} PK\u{7}\u{8}PK\u{3}\u{4}PK\u{7}".utf8)
        for piece in [65_536, 5] {
            let reading = ArchiveReading(packed, piece: piece)
            #expect(reading.losses == [])
            #expect(reading.files.map(\.bytes) == ArchiveSample.files.map { $0.1 + tail })
        }
    }

    @Test("What a zip hides behind a password is a loss, and the rest is read")
    func encryptedZip() throws {
        let reading = ArchiveReading(
            try ArchiveWorkshop.packed(
                "zip -qP secret out.zip a.log; zip -q out.zip b.log; mv out.zip out"))
        #expect(reading.losses == ["zip entry is encrypted"])
        #expect(reading.bytes("b.log") == ArchiveSample.log)
    }

    @Test("Archives in archives are opened where they lie")
    func nested() throws {
        let packed = try ArchiveWorkshop.packed(
            """
            gzip -c a.log > a.log.gz; tar -cJf in.tar.xz b.log a.log.gz; zip -q mid.zip in.tar.xz c.log
            tar -cf out mid.zip c.log
            """)
        let reading = ArchiveReading(packed, piece: 1000)
        #expect(reading.losses == [])
        #expect(
            reading.files.map(\.name) == [
                "mid.zip/in.tar.xz/b.log", "mid.zip/in.tar.xz/a.log.gz", "mid.zip/c.log", "c.log",
            ])
        #expect(reading.bytes("mid.zip/in.tar.xz/b.log") == ArchiveSample.log)
        #expect(reading.bytes("mid.zip/in.tar.xz/a.log.gz") == ArchiveSample.files[0].1)
    }

    @Test(
        "How the bytes come in makes no difference",
        arguments: [
            "tar -cJf out a.log c.log", "tar --zstd -cf out a.log c.log",
            "zip -q0fd out.zip a.log c.log; mv out.zip out", "tar -I lz4 -cf out a.log c.log",
        ])
    func pieces(command: String) throws {
        let packed = try ArchiveWorkshop.packed(command)
        for size in 1...64 {
            let reading = ArchiveReading(packed, piece: size, room: 65 - size)
            #expect(reading.losses == [], "pieces of \(size)")
            #expect(
                reading.files.map(\.bytes) == [ArchiveSample.files[0].1, ArchiveSample.files[2].1])
        }
    }

    @Test("Entries say when they were written, where the archive knows the instant")
    func times() throws {
        let shop = try ArchiveWorkshop()
        try shop.run(
            """
            echo x > a.log; touch -d @1700000000 a.log; tar -cf t a.log; tar --format=posix -cf p a.log
            touch -d @0 b.log; tar -cf z b.log; zip -q zip a.log; zip -qX plain a.log
            """)
        for (name, seconds) in [
            ("t", 1_700_000_000), ("p", 1_700_000_000), ("z", nil), ("zip.zip", 1_700_000_000),
            ("plain.zip", nil),
        ] as [(String, Int64?)] {
            let entry = try ArchiveReader(path: shop.path + "/" + name).nextEntry()
            #expect(entry?.modifiedAt == seconds.map { Timestamp(seconds: $0) }, "\(name)")
        }
    }

    @Test("Text is not taken for an archive")
    func plainText() {
        for text in ["", "P", "PK", "BZ", "BZh9 is a magic", "1:M 22 Nov", "\u{1F}", "7z"] {
            #expect(ArchiveFormat.sniff([UInt8](text.utf8)) == nil || text == "BZh9")
        }
        #expect(ArchiveFormat.sniff(Array(ArchiveSample.log.prefix(1024))) == nil)
        #expect(ArchiveFormat.sniff([UInt8](repeating: 0, count: 4096)) == nil)
    }
}
