// SPDX-License-Identifier: Apache-2.0

/// Finds IP addresses and host names in one text and replaces them by pseudonyms.
struct AddressScanner {
    private let bytes: [UInt8]
    /// Addresses replaced by the last `redacted(_:)`.
    private(set) var count = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    /// The text with pseudonyms; `names` learns those it did not know.
    mutating func redacted(_ names: inout Pseudonyms) -> String {
        var ranges: [Range<Int>] = []
        var texts: [Int: String] = [:]
        var at = 0
        while at < bytes.count {
            guard let (range, kind) = address(at: at, known: names.words) else {
                at += 1
                continue
            }
            let text = String(decoding: bytes[range], as: UTF8.self)
            if !Address.isHarmless(text) {
                ranges.append(range)
                texts[range.lowerBound] = names.name(for: text, as: kind)
            }
            at = range.upperBound
        }
        count = ranges.count
        return replaced(bytes, ranges) { texts[$0.lowerBound] ?? "" }
    }

    private func address(at start: Int, known: [[UInt8]]) -> (Range<Int>, Pseudonyms.Kind)? {
        let before = start > 0 ? bytes[start - 1] : 0x20
        guard !before.isLetter, !before.isDigit else { return nil }
        if before != 0x2E, before != 0x3A || bytes[start] != 0x3A, let range = ip(at: start) {
            return (range, .addr)
        }
        if let range = hostName(at: start) { return (range, .host) }
        if let range = knownWord(at: start, known) { return (range, .host) }
        return nil
    }

    private func knownWord(at start: Int, _ known: [[UInt8]]) -> Range<Int>? {
        for word in known where start + word.count <= bytes.count {
            let range = start..<start + word.count
            guard bytes[range].elementsEqual(word, by: { $0.lowercased == $1.lowercased }) else {
                continue
            }
            guard range.upperBound < bytes.count else { return range }
            let after = bytes[range.upperBound]
            if !after.isLetter, !after.isDigit { return range }
        }
        return nil
    }
}

// MARK: - IP addresses

extension AddressScanner {
    private func ip(at start: Int) -> Range<Int>? {
        guard bytes[start].isHexDigit || bytes[start] == 0x3A else { return nil }
        var end =
            bytes[start...].firstIndex { !($0.isHexDigit || $0 == 0x3A || $0 == 0x2E) }
            ?? bytes.count
        guard end == bytes.count || !bytes[end].isLetter else { return ipv4(at: start) }
        while end > start + 2, bytes[end - 1] == 0x2E { end -= 1 }
        let text = String(decoding: bytes[start..<end], as: UTF8.self)
        if Address.isIPv6(text) { return start..<end }
        return ipv4(at: start)
    }

    private func ipv4(at start: Int) -> Range<Int>? {
        let end = bytes[start...].firstIndex { !($0.isDigit || $0 == 0x2E) } ?? bytes.count
        var stop = end
        while stop > start, bytes[stop - 1] == 0x2E { stop -= 1 }
        guard end == bytes.count || !bytes[end].isLetter else { return nil }
        return Address.isIPv4(String(decoding: bytes[start..<stop], as: UTF8.self))
            ? start..<stop : nil
    }
}

// MARK: - Host names

extension AddressScanner {
    private func hostName(at start: Int) -> Range<Int>? {
        guard bytes[start].isLetter || bytes[start].isDigit else { return nil }
        if start > 0, [0x2D, 0x2E, 0x5F].contains(bytes[start - 1]) { return nil }
        var end = bytes[start...].firstIndex { !$0.isHostByte } ?? bytes.count
        guard end == bytes.count || bytes[end] != 0x5F else { return nil }
        while end > start, !bytes[end - 1].isLetter, !bytes[end - 1].isDigit { end -= 1 }
        let name = String(decoding: bytes[start..<end], as: UTF8.self)
        if Address.isQualified(name) || Address.isCloudName(name) { return start..<end }
        return isNamedPeer(start..<end) ? start..<end : nil
    }

    /// A bare name before a port, after a word that announces a peer: `MASTER db-1:6379`.
    private func isNamedPeer(_ range: Range<Int>) -> Bool {
        guard bytes[range].contains(where: \.isLetter), range.upperBound + 2 < bytes.count,
            bytes[range.upperBound] == 0x3A, bytes[range.upperBound + 1].isDigit,
            bytes[range.upperBound + 2].isDigit, range.lowerBound > 1,
            bytes[range.lowerBound - 1] == 0x20
        else { return false }
        let before = bytes[..<(range.lowerBound - 1)]
        let wordStart = (before.lastIndex { $0 == 0x20 }).map { $0 + 1 } ?? 0
        let word = String(decoding: before[wordStart...], as: UTF8.self).lowercased()
        return ["master", "primary", "replica", "slave", "sentinel", "host", "to", "from", "-h"]
            .contains(word)
    }
}

/// What makes a text an address.
enum Address {
    static func isIP(_ text: String) -> Bool { isIPv4(text) || isIPv6(text) }

    static func isIPv4(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { (1...3).contains($0.utf8.count) && UInt8($0) != nil }
    }

    static func isIPv6(_ text: String) -> Bool {
        var groups = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard groups.count >= 3, text != "::" else { return false }
        if let last = groups.last, isIPv4(last) { groups.replaceLast(with: ["0", "0"]) }
        let isShort = text.contains("::")
        guard isShort ? groups.count <= 9 : groups.count == 8 else { return false }
        return groups.allSatisfy { $0.utf8.count <= 4 && $0.utf8.allSatisfy(\.isHexDigit) }
            && groups.filter(\.isEmpty).count <= (isShort ? 3 : 0)
            && groups.filter { !$0.isEmpty }.count >= 2
    }

    /// A name with dots that ends in what hosts' names end in, not in a file's extension.
    static func isQualified(_ name: String) -> Bool {
        let labels = name.lowercased().split(separator: ".", omittingEmptySubsequences: false)
        guard labels.count >= 2, labels.allSatisfy({ !$0.isEmpty }), let last = labels.last else {
            return false
        }
        return topLevels.contains(String(last))
    }

    /// `ip-10-0-0-17`, as clouds name their machines.
    static func isCloudName(_ name: String) -> Bool {
        name.hasPrefix("ip-")
            && isIPv4(name.dropFirst(3).split(separator: "-").joined(separator: "."))
    }

    /// Names that give nothing away: this machine, products, and the sites that messages cite.
    static func isHarmless(_ text: String) -> Bool {
        let text = text.lowercased()
        return publicNames.contains(text) || text.hasPrefix("127.")
    }

    private static let publicNames: Set<String> = [
        "localhost", "localhost.localdomain", "::1", "0.0.0.0", "redis", "valkey", "keydb",
        "sentinel", "server", "master", "primary", "replica", "host", "kernel", "systemd", "linux",
        "redis.io", "www.redis.io", "redis.com", "valkey.io", "keydb.dev", "docs.keydb.dev",
        "kernel.org", "www.kernel.org", "docs.kernel.org", "github.com", "man7.org",
        "redis-server", "valkey-server", "keydb-server",
    ]

    private static let topLevels: Set<String> = [
        "com", "net", "org", "io", "local", "internal", "lan", "corp", "home", "arpa", "example",
        "test", "invalid", "cloud", "dev", "app", "info", "biz", "edu", "gov", "mil", "svc",
        "localdomain", "intra", "co", "uk", "de", "fr", "nl", "eu", "us", "ca", "au", "ch", "at",
        "be", "se", "no", "fi", "dk", "pl", "cz", "it", "es", "pt", "jp", "cn", "kr", "br", "ru",
        "ua", "tr", "il", "za", "nz", "sg", "hk", "tw", "mx", "ar", "cl", "ie", "hu", "ro", "gr",
    ]
}

extension [String] {
    fileprivate mutating func replaceLast(with items: [String]) {
        removeLast()
        append(contentsOf: items)
    }
}
