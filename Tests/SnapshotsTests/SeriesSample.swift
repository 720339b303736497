// SPDX-License-Identifier: Apache-2.0

import Foundation
import Model
import Testing

@testable import Snapshots

/// A file of `Samples/series`, all real: what the tools of Debian 12 and of a lab wrote.
struct SeriesSample: CustomTestStringConvertible, Sendable {
    let name: String

    var testDescription: String { name }

    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Samples/series")

    static let all: [SeriesSample] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.contains(".") }.sorted().map(SeriesSample.init)
    }()

    func text() throws -> String {
        String(
            decoding: try Data(contentsOf: Self.folder.appending(path: name)), as: UTF8.self)
    }

    func read() throws -> (snapshots: [Snapshot], problems: [String]) {
        Self.read(try text(), path: name)
    }

    /// Cuts a text into lines as the program does, whatever ends them.
    static func read(
        _ text: String, path: String
    ) -> (snapshots: [Snapshot], problems: [String]) {
        var reader = SnapshotReader(path: path)
        var out: [Snapshot] = []
        var offset = 0
        let lines = Array(text.utf8).split(separator: 0x0A, omittingEmptySubsequences: false)
        for (i, slice) in lines.enumerated() {
            var line = Array(slice)
            if line.last == 0x0D { line.removeLast() }
            out += reader.take(
                line.span, inner: line.span, number: i + 1, offset: Int64(offset))
            offset += slice.count + 1
        }
        out += reader.finish()
        return (out, reader.problems)
    }
}

/// The snapshots of a sample.
func series(_ name: String) throws -> [Snapshot] { try SeriesSample(name: name).read().snapshots }

extension Snapshot {
    /// Its time as a date and a clock, in the zone it is written in.
    var clock: String {
        CivilTime(timestamp: Timestamp(nanoseconds: stamp.nanoseconds)).date + " "
            + CivilTime(timestamp: Timestamp(nanoseconds: stamp.nanoseconds)).clockToSecond
    }
}
