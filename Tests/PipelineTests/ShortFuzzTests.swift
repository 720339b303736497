// SPDX-License-Identifier: Apache-2.0
// The fuzz targets of `make fuzz`, for a short time and without libFuzzer: inputs of the project, each
// changed a few times by a die. FORKTOPSY_FUZZ_RUNS takes more rounds, FORKTOPSY_FUZZ_SEED others.

import Foundation
import TestSupport
import Testing

@testable import forktopsy

@Suite("A short fuzz of every reader", .serialized) struct ShortFuzzTests {
    /// What must hold stands in the targets as preconditions: what breaks it ends the run here. The
    /// last input stays in a file, whose name is printed before it is tried.
    @Test(arguments: FuzzTarget.allCases)
    func holds(_ target: FuzzTarget) throws {
        let environment = ProcessInfo.processInfo.environment
        let rounds = environment["FORKTOPSY_FUZZ_RUNS"].flatMap { Int($0) } ?? 30
        let seed = environment["FORKTOPSY_FUZZ_SEED"].flatMap { Int($0) } ?? 1
        let seeds = try Seeds.of(target)
        try #require(seeds.count > 1, "nothing to begin with")
        var mutator = Mutator(seed: seed)
        for _ in 0..<rounds {
            let input = mutator.changed(seeds)
            // Where a target ends the process, the die says which input it was.
            target.run(input)
            mutator.tried += 1
        }
        #expect(mutator.tried == rounds)
        #expect(mutator.changes > rounds / 2, "inputs were not changed")
    }

    @Test func theDieIsTheSameForEveryRun() throws {
        let seeds = try Seeds.of(.log)
        var (one, other) = (Mutator(seed: 7), Mutator(seed: 7))
        for _ in 0..<20 { #expect(one.changed(seeds) == other.changed(seeds)) }
    }
}

/// Inputs that a target's reader understands, at most 4 KiB of each, as `scripts/fuzz` takes them.
private enum Seeds {
    static func of(_ target: FuzzTarget) throws -> [[UInt8]] {
        switch target {
        case .log:
            return try files(Samples.paths.filter { !$0.hasSuffix(".gz") })
                + files(inFolder: "Tests/ReadingTests/Samples")
        case .snapshot: return try files(inFolder: "Tests/SnapshotsTests/Samples")
        case .archive: return try packed()
        case .extract: return try extracts()
        case .state: return try stored()
        case .pattern: return try files(inFolder: "Patterns")
        case .reply:
            return [
                "+OK\r\n-ERR x\r\n:42\r\n$3\r\nabc\r\n$-1\r\n", "*2\r\n$1\r\na\r\n*1\r\n:1\r\n",
            ]
            .map { Array($0.utf8) }
        case .json:
            return try Samples.paths.prefix(20).map {
                Array(Pipeline.report(try Pipeline.extractions(of: [$0])).utf8.prefix(4096))
            } + [Array(#"{"a":[1,-2.5e3,null,true,"\u00e9\n"],"b":{}}"#.utf8)]
        }
    }

    private static func files(_ paths: [String]) throws -> [[UInt8]] {
        try paths.sorted().map { path in
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            defer { try? file.close() }
            return [UInt8](try file.read(upToCount: 4096) ?? Data())
        }
    }

    private static func files(inFolder folder: String) throws -> [[UInt8]] {
        let root = Checkout.path + "/" + folder
        let names = try FileManager.default.subpathsOfDirectory(atPath: root)
        return try files(
            names.map { root + "/" + $0 }.filter { path in
                let attributes = try FileManager.default.attributesOfItem(atPath: path)
                return attributes[.type] as? FileAttributeType == .typeRegular
            })
    }

    private static func packed() throws -> [[UInt8]] {
        let inputs = Samples.root + "/rotation-create/inputs"
        return try ["-c", "-cz", "-cJ", "--zstd -c", "-cj"].compactMap { options in
            let words = options.split(separator: " ").map(String.init)
            return try Tool.output(of: ["tar", "-C", inputs] + words + ["."])
        }
    }

    /// What `tail` stores of a sample, whole, and its batches without their checksums.
    private static func stored() throws -> [[UInt8]] {
        try withTemporaryFolder { folder in
            let log = Samples.root + "/strict-overcommit-save-rule/inputs/redis-server.log"
            let run = try Program.run(
                ["tail", "--quiet", "--no-server", "--no-samples", "--state", folder]
                    + ["--until-idle", "0.2", "--tz", "UTC", log])
            #expect(run.status == 1, "\(run.errors)")
            let state = try Data(contentsOf: URL(fileURLWithPath: folder + "/events.state"))
            let batches = state.split(separator: 0x0A).dropFirst(2).joined(separator: [0x0A])
            return [Array(state), Array(batches)]
        }
    }

    /// What `extract` prints for some samples.
    private static func extracts() throws -> [[UInt8]] {
        try Samples.paths.filter { !$0.hasSuffix(".gz") }.prefix(30).map { path in
            try Pipeline.extractions(of: [path]).flatMap { Pipeline.lines($0) }
                .joined(separator: "\n")
        }.map { Array($0.utf8.prefix(16_384)) }
    }
}

/// Changes inputs as a fuzzer does that sees nothing of the program.
private struct Mutator {
    private var die: Seeded
    private(set) var changes = 0
    var tried = 0

    init(seed: Int) { die = Seeded(seed) }

    /// Numbers at which arithmetic breaks, and what separates records of one kind or another.
    private static let words: [[UInt8]] = [
        "9223372036854775807", "-1", "18446744073709551616", "0", "1e308", "\n", "\r\n", "\0",
        "\u{1B}[31m",
        "\"", "}", "]", "MESSAGE\n", "29 Feb 2027 24:60:61.999", "%", "\u{202E}", "$1000000000\r\n",
    ].map { Array($0.utf8) }

    mutating func changed(_ seeds: [[UInt8]]) -> [UInt8] {
        var bytes = seeds[die.roll(0..<seeds.count)]
        for _ in 0..<die.roll(1..<8) where !bytes.isEmpty {
            let at = die.roll(0..<bytes.count)
            let end = min(bytes.count, at + die.roll(1..<64))
            changes += 1
            switch die.roll(0..<7) {
            case 0: bytes[at] ^= 1 << UInt8(die.roll(0..<8))
            case 1: bytes[at] = die.byte()
            case 2: bytes.removeSubrange(at..<end)
            case 3: bytes.insert(contentsOf: bytes[at..<end], at: die.roll(0..<bytes.count))
            case 4: bytes.insert(contentsOf: Self.words[die.roll(0..<Self.words.count)], at: at)
            case 5:
                // A part of another input behind what came before.
                let other = seeds[die.roll(0..<seeds.count)]
                if !other.isEmpty {
                    bytes.replaceSubrange(at..., with: other[die.roll(0..<other.count)...])
                }
            default: bytes.removeSubrange(at...)
            }
        }
        return Array(bytes.prefix(16_384))
    }
}
