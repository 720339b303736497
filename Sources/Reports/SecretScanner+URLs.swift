// SPDX-License-Identifier: Apache-2.0

// MARK: - URLs

extension SecretScanner {
    /// `scheme://user:password@host`, and the same without a scheme.
    mutating func scanURLs() {
        let marker = Array("://".utf8)
        var at = 0
        while let colon = bytes.firstIndex(of: marker, from: at) {
            let start = colon + marker.count
            let end = endOfURL(from: start)
            if let sign = endOfCredentials(in: start..<end) { found.append(start..<sign) }
            at = max(end, start)
        }
        scanBareCredentials()
    }

    private func endOfURL(from start: Int) -> Int {
        bytes[start...].firstIndex {
            $0.isSpace || $0.isQuote || $0 == UInt8(ascii: "<") || $0 == UInt8(ascii: ">")
        } ?? bytes.count
    }

    /// The `@` that ends them; it may stand behind a slash, where a password has one.
    private func endOfCredentials(in range: Range<Int>) -> Int? {
        guard let sign = bytes[range].lastIndex(of: UInt8(ascii: "@")) else { return nil }
        let authorityEnd =
            bytes[range].firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") }
            ?? range.upperBound
        if sign < authorityEnd { return sign }
        if let inAuthority = bytes[range.lowerBound..<authorityEnd].lastIndex(of: UInt8(ascii: "@"))
        {
            return inAuthority
        }
        guard let colon = bytes[range.lowerBound..<authorityEnd].firstIndex(of: UInt8(ascii: ":"))
        else { return nil }
        let isPort = bytes[colon + 1..<authorityEnd].allSatisfy(\.isDigit)
        return isPort ? nil : sign
    }

    /// `user:password@host` alone; not a cluster's `address:port@busport`.
    private mutating func scanBareCredentials() {
        for sign in bytes.indices where bytes[sign] == UInt8(ascii: "@") {
            let end = endOfURL(from: sign)
            let busPort = bytes[(sign + 1)..<end].prefix { $0.isDigit }
            let isBus =
                !busPort.isEmpty && (busPort.endIndex == end || bytes[busPort.endIndex] == 0x2C)
            guard sign + 1 < end, !isBus else { continue }
            let start = bytes[..<sign].lastIndex { $0.isSpace || $0.isQuote } ?? -1
            let token = start + 1..<sign
            guard !String(decoding: bytes[token], as: UTF8.self).contains("://"),
                let colon = bytes[token].firstIndex(of: UInt8(ascii: ":")),
                colon > token.lowerBound,
                colon + 1 < sign
            else { continue }
            found.append(colon + 1..<sign)
        }
    }
}
