// SPDX-License-Identifier: Apache-2.0
// What collect must never pass on, and what it says of the rest.

import Foundation
import Reports
import TestSupport
import Testing

@testable import forktopsy

struct CollectTests {
    private static let refusal =
        "7:M 22 Nov 2026 10:00:00.000 # Can't save in background: fork: Cannot allocate memory\n"
    private static let key =
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\n"
        + "c2VjcmV0a2V5bWF0ZXJpYWw=\n-----END PRIVATE KEY-----\n"

    /// Makes files, collects them, and gives what the archive holds and what tar says of it.
    private func collected(
        _ files: [String: Data], _ more: [String] = []
    ) throws -> (bytes: Data, manifest: String, names: [String]) {
        try withTemporaryFolder { folder in
            for (name, bytes) in files {
                let path = folder + "/in/" + name
                try FileManager.default.createDirectory(
                    atPath: (path as NSString).deletingLastPathComponent,
                    withIntermediateDirectories: true)
                try bytes.write(to: URL(fileURLWithPath: path))
            }
            let archive = folder + "/all.tar"
            let run = try Program.run(
                ["collect", "-o", archive, "--no-server", "--max-time", "20"] + more
                    + [folder + "/in"])
            #expect(run.status == 0)
            let tar = Process()
            tar.executableURL = URL(fileURLWithPath: "/bin/tar")
            tar.arguments = ["-C", folder, "-xf", archive]
            try tar.run()
            tar.waitUntilExit()
            #expect(tar.terminationStatus == 0)
            let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String }
            let manifest = names?.first { $0.hasSuffix("MANIFEST.txt") } ?? ""
            return (
                try Data(contentsOf: URL(fileURLWithPath: archive)),
                try String(contentsOfFile: folder + "/" + manifest, encoding: .utf8),
                (names ?? []).filter { $0.hasPrefix("forktopsy-") }
            )
        }
    }

    @Test func `Keys are left out, also from the middle of a log`() throws {
        let log = Self.refusal + Self.key + Self.refusal
        let found = try collected([
            "redis.log": Data(log.utf8), "tls/server.key": Data(Self.key.utf8),
            "tls/other": Data(Self.key.utf8), "users.acl": Data("user a on >hunter2\n".utf8),
        ])
        for secret in ["MIIEvQIBADAN", "c2VjcmV0a2V5", "hunter2"] {
            #expect(found.bytes.range(of: Data(secret.utf8)) == nil)
        }
        #expect(found.manifest.contains("server.key: holds keys or passwords"))
        #expect(found.manifest.contains("tls/other: holds keys or passwords"))
        #expect(!found.names.contains { $0.hasSuffix("server.key") })
        #expect(
            String(decoding: found.bytes, as: UTF8.self).components(
                separatedBy: "Can't save in background"
            ).count == 3)
    }

    @Test func `Secrets are hidden in packed logs and beside bytes that are no text`() throws {
        let line = "7:M 22 Nov 2026 10:00:01.000 # requirepass hunter2hunter2\n"
        var broken = Data([0xFF, 0xFE, 0x20])
        broken.append(Data(line.utf8))
        let packed = try gzipped(Data((Self.refusal + line).utf8))
        let found = try collected(["redis.log": broken, "redis.log.1.gz": packed])
        #expect(found.bytes.range(of: Data("hunter2".utf8)) == nil)
        #expect(found.names.contains { $0.hasSuffix("redis.log.1") })
        #expect(found.bytes.range(of: Data("Can't save in background".utf8)) != nil)
    }

    @Test func `Of a log over the limit the end is taken, and what is missing is listed`() throws {
        var text = ""
        while text.utf8.count < 3 << 20 { text += "a line of no meaning, long enough to count\n" }
        let found = try collected(
            ["redis.log": Data((text + Self.refusal).utf8)], ["--max-size", "2"])
        #expect(found.bytes.count < 5 << 20)
        #expect(found.bytes.range(of: Data("Can't save in background".utf8)) != nil)
        #expect(found.manifest.contains("are left out"))
    }

    private func gzipped(_ data: Data) throws -> Data {
        try withTemporaryFolder { folder in
            try data.write(to: URL(fileURLWithPath: folder + "/x"))
            let gzip = Process()
            gzip.executableURL = URL(fileURLWithPath: "/bin/gzip")
            gzip.arguments = [folder + "/x"]
            try gzip.run()
            gzip.waitUntilExit()
            return try Data(contentsOf: URL(fileURLWithPath: folder + "/x.gz"))
        }
    }

    /// The filter's output of a text given in pieces.
    private func filtered(_ bytes: [UInt8], pieces: Int, isJournal: Bool = false) -> [UInt8] {
        var filter = SecretFilter(mode: .secrets, isJournal: isJournal)
        var out: [UInt8] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            out += filter.take(Array(rest.prefix(pieces)).span)
            rest = rest.dropFirst(pieces)
        }
        return out + filter.finish()
    }

    @Test(arguments: [1, 2, 3, 7, 64, 4096])
    func `A value behind its length keeps a true length when a secret is taken out`(
        pieces: Int
    ) throws {
        func entry(_ value: String) -> [UInt8] {
            var out = Array("PRIORITY=6\nMESSAGE\n".utf8)
            let length = UInt64(value.utf8.count)
            out += (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
            return out + Array(value.utf8) + Array("\n_PID=7\n\n".utf8)
        }
        let plain = entry("two lines\nand no secret")
        #expect(filtered(plain, pieces: pieces, isJournal: true) == plain)
        let secret = entry("two lines\nrequirepass hunter2hunter2")
        let shown = filtered(secret, pieces: pieces, isJournal: true)
        #expect(shown == entry("two lines\nrequirepass [redacted]"))
    }

    @Test(arguments: [1, 5, 33, 4096])
    func `A line that only names a key takes nothing with it`(pieces: Int) {
        let text =
            "-----BEGIN RSA PRIVATE KEY-----\n" + Self.refusal + "-----END RSA PRIVATE KEY-----\n"
        let shown = String(decoding: filtered(Array(text.utf8), pieces: pieces), as: UTF8.self)
        #expect(shown.contains(Self.refusal))
    }
}
