// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The file in which `tail` keeps what it has read and understood: batches, each of which counts
/// whole or not at all.
///
/// A batch is one line `batch LENGTH CHECKSUM`, then LENGTH bytes of lines. It holds events
/// together with the places up to which the logs were read for them, so that after a kill at any
/// instant neither is there without the other. What was cut off at the end was never there.
package struct StateLog: ~Copyable {
    private let path: String
    private let report: (String) -> Void
    /// What was there; `nil` is the file where it could not be opened for writing yet.
    private var reading: Reading
    private var file: AppendFile?
    /// Why nothing can be written; `nil` where it can.
    package private(set) var problem: LiveError?
    /// Bytes of the file.
    package private(set) var size: Int64 = 0

    static let magic = "forktopsy state 1\n"

    /// What reading a state file came to.
    package struct Reading: Sendable {
        /// Bytes that are whole.
        package var length: Int64 = 0
        /// The batch at the end was cut off: the run before was killed while it wrote.
        package var isCut = false
        /// Something is there that no run of this program has written.
        package var problem: String?
    }

    /// Opens the state in `directory`, and lends each batch to `body`. Where nothing can be written
    /// there it is tried again with each batch.
    package init(
        directory: String, report: @escaping (String) -> Void, _ body: ([UInt8]) -> Void
    ) throws(LiveError) {
        path = directory + "/events.state"
        self.report = report
        switch FileState(path: path)?.isRegular {
        case nil: reading = Reading()
        case false?: reading = Reading(problem: "no file, and so no state of forktopsy tail")
        case true?: reading = try Self.read(path, body)
        }
        do throws(LiveError) {
            try open()
        } catch {
            problem = error
        }
    }

    /// Opens the file for writing and cuts off what is not whole. A file that is no state is set
    /// aside first, under a name that `report` gets.
    private mutating func open() throws(LiveError) {
        if let found = reading.problem {
            let aside = Self.freeName(path + ".damaged")
            if reading.length > 0 {
                // What stands before the damage is whole; a copy of all stays for people.
                try Self.copy(path, to: aside, length: nil)
            } else {
                try Directory.rename(path, to: aside)
            }
            report("\(path): \(found); set aside as \(aside)")
            reading.problem = nil
        }
        var opened = try AppendFile(path: path)
        if reading.length < opened.size { try opened.cut(at: reading.length) }
        if reading.length == 0 { try opened.append(Array(Self.magic.utf8)) }
        size = opened.size
        file = consume opened
        problem = nil
    }

    /// Appends a batch, which counts whole or not at all. Its pieces need not lie side by side in
    /// memory: a storm's are some megabytes.
    package mutating func append(_ payload: [[UInt8]]) throws(LiveError) {
        if file == nil { try open() }
        try file?.append(batch: payload)
        size = file?.size ?? 0
    }

    package mutating func sync() { file?.sync() }

    /// Puts a file of other batches in the place of this one. `write` gets a way to add a batch.
    /// `isSynced`: the disk itself has it before; without that it outlives a kill, not a power failure.
    package mutating func replace(
        isSynced: Bool = true,
        _ write: ((_ batch: [[UInt8]]) throws(LiveError) -> Void) throws(LiveError) -> Void
    ) throws(LiveError) {
        let draft = path + ".new"
        var next = try AppendFile.fresh(draft, Self.magic)
        do throws(LiveError) {
            try write { batch throws(LiveError) in try next.append(batch: batch) }
            if isSynced { next.sync() }
            try Directory.rename(draft, to: path)
        } catch {
            Directory.remove(draft)
            throw error
        }
        size = next.size
        file = consume next
    }

    // MARK: - Reading

    /// Lends each whole batch of a state file to `body`. Takes no lock: a run that writes only adds.
    package static func read(
        _ path: String, _ body: ([UInt8]) -> Void
    ) throws(LiveError) -> Reading {
        let file = try OpenFile(path: path)
        var reading = Reading()
        var head = [UInt8](repeating: 0, count: magic.utf8.count)
        let got = try file.read(into: &head, at: 0)
        guard head[..<got].elementsEqual(magic.utf8.prefix(got)) else {
            reading.problem = "not a state of forktopsy tail"
            return reading
        }
        guard got == head.count else {
            reading.isCut = true
            return reading
        }
        var offset = Int64(got)
        reading.length = offset
        while true {
            var line = [UInt8](repeating: 0, count: 64)
            let count = try file.read(into: &line, at: offset)
            if count == 0 { return reading }
            guard let feed = line[..<count].firstIndex(of: 0x0A) else {
                if count < line.count { reading.isCut = true } else { reading.problem = damaged }
                return reading
            }
            guard let (length, check) = header(line[..<feed]) else {
                reading.problem = damaged
                return reading
            }
            let start = offset + Int64(feed) + 1
            guard try Int64(length) <= file.state().size - start else {
                reading.isCut = true
                return reading
            }
            var payload = [UInt8](repeating: 0, count: length)
            guard try file.read(into: &payload, at: start) == length else {
                reading.isCut = true
                return reading
            }
            guard FileMark.hash(payload) == check else {
                reading.problem = damaged
                return reading
            }
            body(payload)
            offset = start + Int64(length)
            reading.length = offset
        }
    }

    private static let damaged = "damaged"
    private static let batchLimit = 1 << 30

    private static func header(_ line: ArraySlice<UInt8>) -> (Int, UInt64)? {
        let parts = String(decoding: line, as: UTF8.self).split(separator: " ")
        guard parts.count == 3, parts[0] == "batch", let length = Int(parts[1]),
            (0...batchLimit).contains(length), let check = UInt64(parts[2], radix: 16)
        else { return nil }
        return (length, check)
    }

    private static func freeName(_ base: String) -> String {
        (1...1000).lazy.map { "\(base)-\($0)" }.first { FileState(path: $0) == nil } ?? base
    }

    private static func copy(_ from: String, to: String, length: Int64?) throws(LiveError) {
        let source = try OpenFile(path: from)
        var target = try AppendFile(path: to)
        var block = [UInt8](repeating: 0, count: 1 << 18)
        var offset: Int64 = 0
        while case let count = try source.read(into: &block, at: offset), count > 0 {
            try target.append(Array(block[..<count]))
            offset += Int64(count)
        }
    }
}

extension AppendFile {
    fileprivate static func fresh(_ path: String, _ text: String) throws(LiveError) -> AppendFile {
        Directory.remove(path)
        var file = try AppendFile(path: path, isNew: true)
        try file.append(Array(text.utf8))
        return file
    }
}

extension AppendFile {
    /// Appends a batch behind the line that tells its length and checksum: all of it, or nothing.
    fileprivate mutating func append(batch: [[UInt8]]) throws(LiveError) {
        let before = size
        var hash = FNV1a()
        for piece in batch { for byte in piece { hash.combine(byte) } }
        let length = batch.reduce(0) { $0 + $1.count }
        try append(Array("batch \(length) \(String(hash.value, radix: 16))\n".utf8))
        do throws(LiveError) {
            for piece in batch { try append(piece) }
        } catch {
            try? cut(at: before)
            throw error
        }
    }
}
