// SPDX-License-Identifier: Apache-2.0

import Foundation
import Model
import Testing

@testable import Snapshots

/// A file of `Samples/server`: real but for those with `constructed` in their names.
struct ServerSample: CustomTestStringConvertible {
    let name: String

    var testDescription: String { name }

    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Samples/server")

    static let all: [ServerSample] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.contains(".") && !$0.hasPrefix("sosreport") }.sorted()
            .map(ServerSample.init)
    }()

    func bytes() throws -> [UInt8] {
        try [UInt8](Data(contentsOf: Self.folder.appending(path: name)))
    }

    func text() throws -> String { String(decoding: try bytes(), as: UTF8.self) }

    func read() throws -> [Snapshot] { Self.read(try bytes(), path: name).snapshots }

    /// Reads lines as the program does: those of a kernel log apart from the others.
    static func read(
        _ bytes: [UInt8], path: String
    ) -> (snapshots: [Snapshot], problems: [String]) {
        var reader = SnapshotReader(path: path)
        var out: [Snapshot] = []
        var offset = 0
        let isKernelLog = path.contains("dmesg")
        for (i, slice) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
            .enumerated()
        {
            var line = Array(slice)
            let length = line.count
            if line.last == 0x0D { line.removeLast() }
            if isKernelLog, line.first == 0x5B, let end = line.firstIndex(of: 0x5D) {
                let stamp = Stamp(
                    form: .uptime, precision: .microsecond, nanoseconds: Int64(i) * 1000)
                let message = Array(line[(end + 1)...].drop { $0 == 0x20 })
                out += reader.take(
                    kernelMessage: message.span, stamp: stamp, stream: 0, host: nil,
                    number: i + 1, offset: Int64(offset))
            } else {
                out += reader.take(
                    line.span, inner: line.span, number: i + 1, offset: Int64(offset))
            }
            offset += length + 1
        }
        out += reader.finish()
        return (out, reader.problems)
    }
}
