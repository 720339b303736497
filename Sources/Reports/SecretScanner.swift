// SPDX-License-Identifier: Apache-2.0

/// Finds passwords, tokens and keys in one text and replaces them.
///
/// It rather takes too much than too little. What it knows: configuration directives and `AUTH`
/// arguments in every quoting servers and clients print, ACL rules, arguments in crash reports,
/// credentials in URLs, `name=value` pairs with telling names, well-known token shapes, PEM keys.
struct SecretScanner {
    /// The text, with `\r`, `\n` and `\t` that are spelled out as white space of the same length.
    let bytes: [UInt8]
    /// The text as it stands.
    let original: [UInt8]
    var found: [Range<Int>] = []
    /// Secrets replaced by the last `redacted()`.
    private(set) var count = 0

    private let hidesPaths: Bool

    /// With `hidesPaths`, where certificates and keys lie is a secret too.
    init(_ text: String, hidesPaths: Bool = false) {
        original = Array(text.utf8)
        bytes = Self.withoutEscapes(original)
        self.hidesPaths = hidesPaths
    }

    /// The text with `Redaction.mark` in the place of each secret.
    mutating func redacted() -> String {
        found = []
        scanWords()
        scanURLs()
        scanPrivateKeys()
        let ranges = merged(found)
        count = ranges.count
        return replaced(original, ranges) { _ in Redaction.mark }
    }

    /// Whether a setting of that name holds a secret.
    static func isSecretName(_ name: String) -> Bool {
        let name = name.lowercased()
        return directives.contains(name) || hasSecretSuffix(name)
    }
}

/// `bytes` as text, with each of `ranges` (in order, apart) put differently.
func replaced(
    _ bytes: [UInt8], _ ranges: [Range<Int>], by replacement: (Range<Int>) -> String
) -> String {
    guard !ranges.isEmpty else { return String(decoding: bytes, as: UTF8.self) }
    var out: [UInt8] = []
    var at = 0
    for range in ranges {
        out += bytes[at..<range.lowerBound]
        out += replacement(range).utf8
        at = range.upperBound
    }
    return String(decoding: out + bytes[at...], as: UTF8.self)
}

private func merged(_ ranges: [Range<Int>]) -> [Range<Int>] {
    var out: [Range<Int>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) where !range.isEmpty {
        if let last = out.last, range.lowerBound <= last.upperBound {
            out[out.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
        } else {
            out.append(range)
        }
    }
    return out
}

// MARK: - Names

extension SecretScanner {
    /// Directives whose value follows after a space. Sources: redis 8.6.3 and valkey 9.1.2,
    /// redis.conf, src/config.c, src/sentinel.c.
    private static let directives: Set<String> = [
        "requirepass", "masterauth", "primaryauth", "auth-pass", "sentinel-pass",
        "tls-key-file-pass", "tls-client-key-file-pass", "redis-pass",
    ]

    /// Directives whose value is the path of a certificate or key. Source: redis 8.6.3, redis.conf.
    private static let paths: Set<String> = [
        "tls-cert-file", "tls-key-file", "tls-client-cert-file", "tls-client-key-file",
        "tls-ca-cert-file", "tls-ca-cert-dir", "tls-dh-params-file",
    ]

    private static let suffixes = [
        "password", "passwd", "passphrase", "pass", "pwd", "secret", "token", "apikey", "api_key",
        "api-key", "access_key", "access-key", "secret_key", "secret-key", "private_key",
        "auth_key", "auth", "authorization", "authenticate", "credential", "credentials",
        "sessionid", "session_id", "session-id",
    ]

    private static func hasSecretSuffix(_ name: String) -> Bool {
        suffixes.contains { name.hasSuffix($0) } && !name.hasSuffix("bypass")
            && !counters.contains { name.hasPrefix($0) }
    }

    /// Names of INFO that count commands, AUTH among them.
    private static let counters = ["cmdstat_", "latency_percentiles_usec_"]

    /// Words that follow such names in sentences and are no secrets.
    static let prose: Set<String> = [
        "to", "denied", "granted", "failed", "failure", "error", "required", "command", "called",
        "request", "password", "is", "was", "not", "and", "or", "for", "in", "with", "without",
        "from", "user", "has", "option", "directive", "must", "can", "should", "succeeded", "timed",
        "the", "a", "an", "of", "arguments", "if", "but", "are", "that", "which", "result", "reply",
        "environment", "variable", "missing", "needed", "unset", "empty", "set", "value", "correct",
        "wrong", "invalid", "pair", "file", "please", "via", "accepted", "rejected", "protected",
    ]

    private static let emptyValues: Set<String> = [
        "0", "1", "true", "false", "yes", "no", "null", "none", "on", "off", "nil", "(nil)",
    ]
}

// MARK: - Words

extension SecretScanner {
    private mutating func scanWords() {
        let isClient = Self.tools.contains { bytes.firstIndex(of: $0, from: 0) != nil }
        let text = String(decoding: bytes, as: UTF8.self)
        var inACL = false
        var at = 0
        while at < bytes.count {
            guard bytes[at].isNameByte else {
                if inACL { takeRule(at: at) }
                takeHash(at: at)
                takeCrypt(at: at)
                at += 1
                continue
            }
            let end = endOfWord(from: at)
            let word = String(decoding: bytes[at..<end], as: UTF8.self)
            inACL = inACL || ["user", "setuser"].contains(word.lowercased())
            if isClient, word == "-a" { takeValues(1, after: end, isProse: true) }
            if isClient, word.hasPrefix("-a"), Self.looksRandom(String(word.dropFirst(2))) {
                found.append(plainValue(at: at + 2))
            }
            takeOption(word, at: at, end: end, in: text)
            take(word, at..<end)
            at = end
        }
    }

    func endOfWord(from start: Int) -> Int {
        bytes[start...].firstIndex { !$0.isNameByte } ?? bytes.count
    }

    private mutating func take(_ word: String, _ range: Range<Int>) {
        let isFlag = word.hasPrefix("--")
        let name = String(word.lowercased().drop { $0 == "-" })
        switch name {
        case "auth", "auth2", "auth-pass": takeValues(2, after: range.upperBound, isProse: true)
        case "rename-command": takeSecondValue(after: range.upperBound)
        case "cookie", "set-cookie": takeCookies(after: range.upperBound)
        case "bearer": takeLongValue(after: range.upperBound)
        case "argv": takeArgument(after: range.upperBound)
        case let name where hidesPaths && Self.paths.contains(name):
            takeValues(1, after: range.upperBound, isProse: false)
        case let name where Self.directives.contains(name):
            takeValues(1, after: range.upperBound, isProse: true)
        default: break
        }
        if Self.hasSecretSuffix(name) {
            let isVariable = word.contains("_") && word == word.uppercased()
            takeAssigned(after: range.upperBound, orSpace: isFlag || isVariable, isProse: !isFlag)
            if ["password", "passwd", "passphrase"].contains(name) {
                takeSpoken(after: range.upperBound)
            }
        }
        takePart(of: word, at: range.lowerBound)
        if Self.isToken(word) { found.append(range) }
    }

    /// Values that follow as words of their own, quoted or not.
    mutating func takeValues(_ limit: Int, after end: Int, isProse: Bool) {
        var at = end
        for _ in 0..<limit {
            guard let start = startOfValue(after: at), let value = value(at: start) else { return }
            let text = String(decoding: bytes[value], as: UTF8.self).lowercased()
            let bare = String(text.prefix { $0.isLetter })
            let isWord = text.dropFirst(bare.count).allSatisfy { ".,:;?!)".contains($0) }
            let isQuoted = start != value.lowerBound
            if isProse, !isQuoted, isWord, Self.prose.contains(bare) { return }
            found.append(value)
            at = value.upperBound
        }
    }

    /// A value after `=` or `:`, or for a flag also after a space.
    private mutating func takeAssigned(after end: Int, orSpace: Bool, isProse: Bool) {
        var at = skipQuotes(from: end)
        if let key = endOfValueKey(from: at) { at = key }
        var isAfterSpace = false
        while at < bytes.count, bytes[at].isSpace { at += 1 }
        guard at < bytes.count else { return }
        if bytes[at] == UInt8(ascii: "=") || bytes[at] == UInt8(ascii: ":") {
            at += 1
        } else if let sign = endOfEncodedSign(at: at) {
            at = sign
        } else if !orSpace || at == end {
            return
        } else {
            isAfterSpace = true
        }
        while at < bytes.count, bytes[at].isSpace { at += 1 }
        guard let value = value(at: at) else { return }
        let text = String(decoding: bytes[value], as: UTF8.self).lowercased()
        guard !Self.emptyValues.contains(text) else { return }
        if isAfterSpace, isProse, Self.prose.contains(String(text.prefix { $0.isLetter })) {
            return
        }
        found.append(value)
        if ["bearer", "basic", "digest", "token"].contains(text) {
            takeValues(1, after: value.upperBound, isProse: false)
        }
    }

    private mutating func takeLongValue(after end: Int) {
        guard let start = startOfValue(after: end), let value = value(at: start), value.count >= 16
        else { return }
        found.append(value)
    }

    /// `argv[1]: '"…"'` in crash reports: everything but the command's name is data.
    private mutating func takeArgument(after end: Int) {
        guard end < bytes.count, bytes[end] == UInt8(ascii: "["),
            let close = bytes[end...].firstIndex(of: UInt8(ascii: "]")),
            let number = Int(String(decoding: bytes[end + 1..<close], as: UTF8.self)), number > 0,
            close + 1 < bytes.count, bytes[close + 1] == UInt8(ascii: ":")
        else { return }
        var start = close + 2
        while start < bytes.count, bytes[start].isSpace { start += 1 }
        let lineEnd = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
        found.append(start..<lineEnd)
    }
}

// MARK: - Values

extension SecretScanner {
    /// Where a value begins that stands after white space, commas and closing quotes, and on a
    /// line of its own perhaps after `2)` or `$6`, as clients and the protocol write it.
    func startOfValue(after end: Int) -> Int? {
        var at = skipQuotes(from: end)
        let start = at
        while at < bytes.count, bytes[at].isSpace || bytes[at] == UInt8(ascii: ",") { at += 1 }
        guard at > start, at < bytes.count else { return nil }
        guard bytes[start..<at].contains(0x0A) else { return at }
        var ahead = at
        if bytes[ahead] == UInt8(ascii: "$") { ahead += 1 }
        while ahead < bytes.count, bytes[ahead].isDigit { ahead += 1 }
        if ahead < bytes.count, bytes[ahead] == UInt8(ascii: ")") { ahead += 1 }
        guard ahead > at, ahead < bytes.count, bytes[ahead].isSpace else { return at }
        while ahead < bytes.count, bytes[ahead].isSpace { ahead += 1 }
        return ahead < bytes.count ? ahead : nil
    }

    /// Steps over quotes, escaped or not, that close a name.
    func skipQuotes(from start: Int) -> Int {
        var at = start
        while at < bytes.count, bytes[at].isQuote || bytes[at] == UInt8(ascii: "\\") { at += 1 }
        return at
    }

    /// The value that begins at `start`: what stands in its quotes, or up to white space.
    func value(at start: Int) -> Range<Int>? {
        guard start < bytes.count else { return nil }
        let open = skipQuotes(from: start)
        let range = open == start ? plainValue(at: start) : quotedValue(at: open)
        let text = String(decoding: bytes[range], as: UTF8.self)
        return range.isEmpty || text.hasPrefix(Redaction.mark) ? nil : range
    }

    func plainValue(at start: Int) -> Range<Int> {
        let isQuery = bytes[..<start].contains(UInt8(ascii: "?"))
        // An escape that is spelled out may be a part of the secret.
        let end = original[start...].firstIndex {
            $0.isSpace || $0.isQuote || (isQuery && $0 == UInt8(ascii: "&"))
        }
        return start..<(end ?? bytes.count)
    }

    private func quotedValue(at start: Int) -> Range<Int> {
        let quote = bytes[start - 1]
        guard quote.isQuote else { return plainValue(at: start) }
        // An escaped opening quote means that an escaped one closes.
        let isNested = start >= 2 && bytes[start - 2] == UInt8(ascii: "\\")
        var at = start
        while at < bytes.count {
            if bytes[at] == quote { return start..<at }
            if bytes[at] == UInt8(ascii: "\\") {
                if isNested, at + 1 < bytes.count, bytes[at + 1] == quote { return start..<at }
                at += 1
            }
            at += 1
        }
        return start..<bytes.count
    }
}

// MARK: - ACL rules, tokens, keys

extension SecretScanner {
    func isStart(_ at: Int) -> Bool {
        at == 0 || bytes[at - 1].isSpace || bytes[at - 1].isQuote
    }

    /// `>password` and `<password`, in a text that speaks of users.
    private mutating func takeRule(at: Int) {
        guard bytes[at] == UInt8(ascii: ">") || bytes[at] == UInt8(ascii: "<"), isStart(at),
            at + 1 < bytes.count, !bytes[at + 1].isSpace
        else { return }
        found.append(plainValue(at: at + 1))
    }

    /// `#` or `!` and the 64 digits of a password's SHA-256.
    private mutating func takeHash(at: Int) {
        guard bytes[at] == UInt8(ascii: "#") || bytes[at] == UInt8(ascii: "!") else { return }
        let end = bytes[(at + 1)...].firstIndex { !$0.isHexDigit } ?? bytes.count
        if end - at - 1 == 64 { found.append(at + 1..<end) }
    }

    private static let tokenPrefixes = [
        "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "xoxa-",
        "xoxs-", "AKIA", "ASIA", "eyJ", "sk-", "AIza", "hvs.", "npm_", "dop_v1_", "ya29.", "SG.",
    ]

    private static func isToken(_ word: String) -> Bool {
        word.utf8.count >= 16 && tokenPrefixes.contains { word.hasPrefix($0) }
    }

    private mutating func scanPrivateKeys() {
        let begin = Array("-----BEGIN ".utf8)
        let end = Array("-----END ".utf8)
        var at = 0
        while let start = bytes.firstIndex(of: begin, from: at) {
            let stop = bytes.firstIndex(of: end, from: start) ?? bytes.count
            let head = String(decoding: bytes[start..<min(start + 48, stop)], as: UTF8.self)
            if head.contains("PRIVATE KEY") { found.append(start..<stop) }
            at = stop
            if stop == bytes.count { return }
        }
    }
}
