// SPDX-License-Identifier: Apache-2.0
internal import Foundation
internal import Generator

/// A problem that ends the run, in words for who started it.
struct BenchError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Appends blocks to a file.
struct FileWriter: ~Copyable {
    private let file: FileHandle

    init(_ path: String) throws {
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let file = FileHandle(forWritingAtPath: path)
        else { throw BenchError("cannot write \(path)") }
        self.file = file
    }

    func write(_ bytes: [UInt8]) throws { try file.write(contentsOf: bytes) }

    consuming func close() throws { try file.close() }
}

/// Makes inputs in one folder, each once.
struct InputFiles {
    let folder: String

    init(folder: String) throws {
        self.folder = folder
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
    }

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    func write(_ text: String, to name: String) throws -> String {
        try text.write(toFile: path(name), atomically: true, encoding: .utf8)
        return path(name)
    }

    /// The log of one server.
    func log(_ options: GeneratorOptions, server: Int = 0, name: String? = nil) throws -> Input {
        let name = name ?? "\(Self.name(options)).log"
        return try made(name) {
            let file = try FileWriter(path(name))
            var log = RedisLog(options, server: server)
            try log.write { try file.write($0) }
            try file.close()
            return log.truth
        }
    }

    /// A journal in export format; its entries as JSON lines lie beside it, under `json(of:)`.
    func journal(_ options: GeneratorOptions) throws -> Input {
        let name = "\(Self.name(options)).export"
        return try made(name) {
            let export = try FileWriter(path(name))
            let lines = try FileWriter(path(name) + ".jsonl")
            var journal = JournalExport(options)
            try journal.write {
                try export.write($0)
                try lines.write($1)
            }
            try export.close()
            try lines.close()
            return journal.truth
        }
    }

    func json(of journal: Input) -> Input {
        Input(path: journal.path + ".jsonl", truth: journal.truth)
    }

    /// The input as `program` packs it.
    func packed(_ input: Input, by program: [String], suffix: String) throws -> Input {
        let path = input.path + suffix
        if !FileManager.default.fileExists(atPath: path) {
            let temporary = path + ".part"
            let figures = try Launcher(folder: folder).run(
                Command("pack", program + [input.path]), output: temporary)
            guard figures.status == 0 else { throw BenchError("\(program[0]) failed") }
            try FileManager.default.moveItem(atPath: temporary, toPath: path)
        }
        return Input(path: path, truth: input.truth)
    }

    /// A folder of logs, each of a server of its own, in folders of `1000`.
    func logs(_ options: GeneratorOptions, count: Int) throws -> Input {
        let name = "\(Self.name(options))-files\(count)"
        return try made(name) {
            var whole = Truth()
            var part = options
            part.bytes = options.bytes / count
            for server in 0..<count {
                let below = "\(path(name))/\(server / 1000)"
                try FileManager.default.createDirectory(
                    atPath: below, withIntermediateDirectories: true)
                let file = try FileWriter("\(below)/redis-\(6379 + server).log")
                var log = RedisLog(part, server: server)
                try log.write { try file.write($0) }
                try file.close()
                whole = whole + log.truth
            }
            return whole
        }
    }

    func remove(_ input: Input) {
        for path in [input.path, input.path + ".truth.json", input.path + ".jsonl"] {
            try? FileManager.default.removeItem(atPath: path)
        }
    }

    private static func name(_ options: GeneratorOptions) -> String {
        "s\(options.seed)-\(options.bytes >> 10)K-i\(options.incidentRate)-a\(options.attempts)"
            + "-n\(options.instances)-p\(options.serverPercent)"
    }

    private func made(_ name: String, _ make: () throws -> Truth) throws -> Input {
        let note = path(name) + ".truth.json"
        if let data = FileManager.default.contents(atPath: note) {
            return Input(
                path: path(name), truth: try JSONDecoder().decode(Truth.self, from: data))
        }
        let truth = try make()
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try encoder.encode(truth).write(to: URL(fileURLWithPath: note))
        return Input(path: path(name), truth: truth)
    }
}

/// Something to analyse, and what is true about it.
struct Input {
    let path: String
    let truth: Truth

    var bytes: Int {
        (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
    }
}
