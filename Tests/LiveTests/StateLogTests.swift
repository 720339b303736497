// SPDX-License-Identifier: Apache-2.0
// Batches are whole or not there; what is damaged or foreign is set aside.

import Foundation
import Live
import TestSupport
import Testing

struct StateLogTests {
    private static let batches = [
        "first\n", "second\nof two lines\n", String(repeating: "x", count: 9000),
    ]

    /// The batch in three pieces, the second of them empty.
    private static func pieces(of batch: String) -> [[UInt8]] {
        let bytes = Array(batch.utf8)
        return [Array(bytes.prefix(4)), [], Array(bytes.dropFirst(4))]
    }

    private func written(in folder: String) throws -> Data {
        var log = try StateLog(directory: folder, report: { _ in }) { _ in }
        for batch in Self.batches { try log.append(Self.pieces(of: batch)) }
        return try Data(contentsOf: URL(fileURLWithPath: folder + "/events.state"))
    }

    private func read(_ folder: String) throws -> (batches: [String], reports: [String]) {
        var batches: [String] = []
        var reports: [String] = []
        _ = try StateLog(directory: folder, report: { reports.append($0) }) {
            batches.append(String(decoding: $0, as: UTF8.self))
        }
        return (batches, reports)
    }

    @Test func `What was written is read back`() throws {
        try withTemporaryFolder { folder in
            _ = try written(in: folder)
            let found = try read(folder)
            #expect(found.batches == Self.batches)
            #expect(found.reports.isEmpty)
        }
    }

    @Test func `Cut at any byte, whole batches remain and more can be added`() throws {
        try withTemporaryFolder { folder in
            let whole = try written(in: folder)
            let path = folder + "/events.state"
            for length in stride(from: 0, through: whole.count, by: 7) {
                try whole.prefix(length).write(to: URL(fileURLWithPath: path))
                let found = try read(folder)
                #expect(Self.batches.starts(with: found.batches))
                #expect(found.reports.isEmpty)
                var log = try StateLog(directory: folder, report: { _ in }) { _ in }
                try log.append([Array("more".utf8)])
                try #expect(read(folder).batches == found.batches + ["more"])
            }
        }
    }

    @Test(arguments: 0..<40)
    func `A flipped byte is reported, and nothing behind it is believed`(seed: Int) throws {
        try withTemporaryFolder { folder in
            var bytes = try written(in: folder)
            var random = Seeded(seed)
            let at = Int.random(in: 0..<bytes.count, using: &random)
            bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            try bytes.write(to: URL(fileURLWithPath: folder + "/events.state"))
            let found = try read(folder)
            #expect(Self.batches.starts(with: found.batches) && found.batches.count < 3)
            // A length that now lies behind the end looks like a batch that was cut off.
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(found.reports.isEmpty || names.contains("events.state.damaged-1"))
        }
    }

    @Test func `A foreign file is set aside`() throws {
        try withTemporaryFolder { folder in
            try Data("not ours\n".utf8).write(to: URL(fileURLWithPath: folder + "/events.state"))
            let found = try read(folder)
            #expect(found.batches.isEmpty && found.reports.count == 1)
            let aside = try Data(
                contentsOf: URL(fileURLWithPath: folder + "/events.state.damaged-1"))
            #expect(String(decoding: aside, as: UTF8.self) == "not ours\n")
        }
    }

    @Test func `What is no file is set aside`() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/events.state"
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: false)
            var reports: [String] = []
            var log = try StateLog(directory: folder, report: { reports.append($0) }) { _ in }
            try log.append([Array("kept".utf8)])
            #expect(log.problem == nil && reports.count == 1)
            _ = consume log
            #expect(try read(folder).batches == ["kept"])
        }
    }

    @Test func `A second lock is refused`() throws {
        try withTemporaryFolder { folder in
            let first = try DirectoryLock(path: folder)
            #expect(throws: LiveError.self) { _ = try DirectoryLock(path: folder) }
            _ = consume first
        }
    }

    /// Something that is no file in the place of the state keeps it from being written, also for
    /// the superuser.
    @Test func `A state that cannot be written is tried again with each batch`() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/events.state"
            try FileManager.default.createSymbolicLink(
                atPath: path, withDestinationPath: folder + "/elsewhere")
            var log = try StateLog(directory: folder, report: { _ in }) { _ in }
            #expect(log.problem != nil)
            #expect(throws: LiveError.self) { try log.append([Array("lost".utf8)]) }
            try FileManager.default.removeItem(atPath: path)
            try log.append([Array("kept".utf8)])
            #expect(log.problem == nil)
            _ = consume log
            #expect(try read(folder).batches == ["kept"])
        }
    }
}
