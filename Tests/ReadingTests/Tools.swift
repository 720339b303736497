// SPDX-License-Identifier: Apache-2.0
// Bytes from nowhere, files that vanish and all else that reading is tried with.

import Foundation
import Model

@testable import Reading

// MARK: - Reading

/// A line as the reader lent it, copied.
struct Seen {
    var line: Int
    var offset: Int64
    var classified: ClassifiedLine
    var text: String
    var message: String

    var header: RecordHeader { classified.header }
    var isRecord: Bool { classified.isRecord }
}

/// Reads `bytes` as the file `name`.
func readLog(
    _ bytes: [UInt8], name: String = "redis.log"
) throws -> (facts: InputFacts, seen: [Seen]) {
    let folder = FileManager.default.temporaryDirectory
    let file = folder.appendingPathComponent("forktopsy-\(UUID().uuidString)")
    try Data(bytes).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    return try readFile(file.path, name: name)
}

func readFile(_ path: String, name: String) throws -> (facts: InputFacts, seen: [Seen]) {
    var seen: [Seen] = []
    var facts: [InputFacts] = []
    try InputReader.read(path: path, name: name) { _, run in
        facts.append(
            run { place, line, message, _ in
                seen.append(
                    Seen(
                        line: place.line, offset: place.offset, classified: place.classified,
                        text: line.text(0..<line.count), message: message.text(0..<message.count)))
            })
    }
    return (facts.first ?? InputFacts(path: name), seen)
}

func readLog(_ text: String, name: String = "redis.log") throws -> (facts: InputFacts, seen: [Seen])
{
    try readLog(Array(text.utf8), name: name)
}

/// What the classifier makes of one line alone.
func classify(_ line: [UInt8]) -> ClassifiedLine {
    var classifier = LineClassifier()
    return classifier.classify(line.span)
}

extension ClassifiedLine {
    /// The message as patterns see it.
    func message(of line: [UInt8]) -> [UInt8] {
        isEscaped ? decodedMessage(of: line.span) : Array(line[message])
    }
}

// MARK: - Sources of bytes

/// Bytes that come in pieces of given sizes, the last size for all that is left.
struct PieceSource: ByteSource {
    private let bytes: [UInt8]
    private var sizes: [Int]
    private var position = 0
    /// What is thrown in place of the end.
    var failure: ReadError?
    let canRewind: Bool

    init(_ bytes: [UInt8], _ sizes: [Int] = [.max], canRewind: Bool = false) {
        self.bytes = bytes
        self.sizes = sizes.reversed()
        self.canRewind = canRewind
    }

    mutating func rewind(to offset: Int) -> Bool {
        position = offset
        return canRewind
    }

    mutating func read(into buffer: inout [UInt8], at place: Int) throws(ReadError) -> Int {
        if position == bytes.count, let failure { throw failure }
        let size = sizes.count > 1 ? sizes.removeLast() : sizes[0]
        let count = min(size, bytes.count - position, buffer.count - place)
        precondition(count > 0 || position == bytes.count, "a source was given no room")
        // By memcpy: a test build copies slices byte by byte.
        unsafe buffer.withUnsafeMutableBytes { to in
            unsafe bytes.withUnsafeBytes { from in
                unsafe UnsafeMutableRawBufferPointer(rebasing: to[place..<place + count])
                    .copyMemory(
                        from: UnsafeRawBufferPointer(rebasing: from[position..<position + count]))
            }
        }
        position += count
        return count
    }
}

/// All that a source gives, and what it ends with.
func everything<Source: ByteSource & ~Copyable>(
    _ source: inout Source, room: Int = 4096
) -> (bytes: [UInt8], failure: ReadError?) {
    var out: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: room)
    while true {
        do throws(ReadError) {
            let count = try source.read(into: &buffer, at: 0)
            if count == 0 { return (out, nil) }
            out.append(contentsOf: buffer[..<count])
        } catch {
            return (out, error)
        }
    }
}
