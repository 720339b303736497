// SPDX-License-Identifier: Apache-2.0
// Bytes that were flipped inside of records are damage; names in other encodings are not.

import Foundation
import Model
import TestSupport
import Testing

@testable import forktopsy

struct FlippedByteTests {
    private static let records = [
        "26720:M 22 Nov 2026 11:51:41.070 # Can't save in background: fork: Cannot allocate memory",
        "26720:M 22 Nov 2026 11:52:20.068 * 10 changes in 5 seconds. Saving...",
        "26720:M 22 Nov 2026 11:51:04.956 * Background saving terminated with success",
    ]

    private func damage(_ lines: [[UInt8]]) throws -> Damage {
        try withTemporaryFolder { folder in
            let path = folder + "/redis.log"
            try Data(lines.joined(separator: [0x0A]) + [0x0A]).write(
                to: URL(fileURLWithPath: path))
            return try Pipeline.extractions(of: [path])[0].facts.damage
        }
    }

    @Test(arguments: 0..<3, [0x80, 0x01] as [UInt8])
    func `A byte that was flipped anywhere in a record is damage`(
        record: Int, mask: UInt8
    ) throws {
        let whole = Self.records.map { Array($0.utf8) }
        for i in whole[record].indices {
            var lines = whole
            // To a byte above ASCII, or to a control character.
            lines[record][i] = mask == 0x80 ? lines[record][i] | 0x80 : 0x01
            try #expect(!damage(lines).isNone, "\(String(decoding: lines[record], as: UTF8.self))")
        }
    }

    @Test func `No process comes into being by a flipped byte of its number`() throws {
        for i in 0..<5 {
            for byte in [0x00, 0x01, 0xB6, 0xFF] as [UInt8] {
                var lines = Self.records.map { Array($0.utf8) }
                lines[2][i] = byte
                let pids = try withTemporaryFolder { folder in
                    let path = folder + "/redis.log"
                    try Data(lines.joined(separator: [0x0A])).write(to: URL(fileURLWithPath: path))
                    return try Pipeline.extractions(of: [path])[0].facts.processes.map(\.pid)
                }
                #expect(pids == [26720], "byte \(i) as \(byte)")
            }
        }
    }

    @Test(arguments: [
        Array("caf\u{E9}-\u{65E5}\u{672C}".utf8), [0x6B, 0xF6, 0x6E, 0x69, 0x67],  // Latin-1
    ])
    func `Names in any encoding are no damage`(name: [UInt8]) throws {
        let header = Array("7:M 22 Nov 2026 10:00:00.000 # ".utf8)
        let file =
            Array("Failed opening the RDB file ".utf8) + name
            + Array(" (in server root dir /data) for saving: Permission denied".utf8)
        try #expect(damage([header + file, header + name + Array(" hello ".utf8) + name]).isNone)
    }
}
