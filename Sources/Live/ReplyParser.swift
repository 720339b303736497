// SPDX-License-Identifier: Apache-2.0

/// What a server answers: the part of RESP2 that the commands asked here are answered with.
///
/// Source: redis 7.2.4, deps/hiredis/read.c; redis.io, "Redis serialization protocol".
package enum Reply: Hashable, Sendable {
    case text(String)
    case error(String)
    case number(Int64)
    case list([Reply])
    case none
}

/// Takes answers apart as their bytes come in. Lengths are not believed before the bytes are there.
package struct ReplyParser: Sendable {
    package var bytes: [UInt8] = []

    package init() {}

    package enum Outcome: Hashable, Sendable {
        case reply(Reply)
        case needMore
        case bad
    }

    /// Lists within lists that are followed.
    private static let depth = 8
    private static let textLimit = 16 << 20
    private static let listLimit = 1 << 16

    /// The next whole answer, which is taken off.
    package mutating func next() -> Outcome {
        var at = 0
        switch parse(&at, depth: 0) {
        case .reply(let reply):
            bytes.removeFirst(at)
            return .reply(reply)
        case let other: return other
        }
    }

    private func parse(_ at: inout Int, depth: Int) -> Outcome {
        guard let line = line(&at) else {
            return bytes.count - at > 1 << 16 ? .bad : .needMore
        }
        guard let kind = line.first else { return .bad }
        let text = String(decoding: line.dropFirst(), as: UTF8.self)
        switch kind {
        case UInt8(ascii: "+"): return .reply(.text(text))
        case UInt8(ascii: "-"): return .reply(.error(text))
        case UInt8(ascii: ":"): return Int64(text).map { .reply(.number($0)) } ?? .bad
        case UInt8(ascii: "$"):
            guard let length = Int(text), length <= Self.textLimit else { return .bad }
            if length < 0 { return .reply(.none) }
            guard bytes.count >= at + length + 2 else { return .needMore }
            defer { at += length + 2 }
            return .reply(.text(String(decoding: bytes[at..<at + length], as: UTF8.self)))
        case UInt8(ascii: "*"):
            guard let count = Int(text), count <= Self.listLimit, depth < Self.depth else {
                return .bad
            }
            return list(max(0, count), &at, depth: depth)
        default: return .bad
        }
    }

    private func list(_ count: Int, _ at: inout Int, depth: Int) -> Outcome {
        var items: [Reply] = []
        for _ in 0..<count {
            switch parse(&at, depth: depth + 1) {
            case .reply(let reply): items.append(reply)
            case let other: return other
            }
        }
        return .reply(.list(items))
    }

    private func line(_ at: inout Int) -> ArraySlice<UInt8>? {
        guard at < bytes.count, let end = bytes[at...].firstIndex(of: 0x0D),
            end + 1 < bytes.count
        else { return nil }
        defer { at = end + 2 }
        return bytes[at..<end]
    }
}
