// SPDX-License-Identifier: Apache-2.0

internal import Model

/// A setting of the server's configuration that is read. All others, passwords among them, are
/// passed over and never kept.
///
/// Source: redis 7.2.4, src/config.c, redis.conf.
struct ServerSetting: Sendable {
    enum Form: Sendable {
        /// `100mb`, or bytes.
        case size
        case whole
        case yesOrNo
        /// Pairs of seconds and changes; nothing where no rule is set.
        case saveRules
        /// One of these words.
        case words([String])
        case path
        /// `normal 0 0 0 replica 268435456 67108864 60 …`.
        case bufferLimits
        case fileName
    }

    let measure: Measure
    let form: Form

    /// By the name that CONFIG GET prints, in small letters.
    static let all: [String: ServerSetting] = {
        var out: [String: ServerSetting] = [:]
        for setting in list {
            var name = setting.measure.name[...]
            if name.hasPrefix("config.") { name = name.dropFirst(7) }
            out[String(name)] = setting
        }
        out["maxmemory-policy"] = ServerSetting(measure: .maxmemoryPolicy, form: .words(policies))
        return out
    }()

    private static let list: [ServerSetting] = [
        ServerSetting(measure: .maxmemory, form: .size),
        ServerSetting(measure: .configSave, form: .saveRules),
        ServerSetting(measure: .configAppendonly, form: .yesOrNo),
        ServerSetting(measure: .configDirectory, form: .path),
        ServerSetting(measure: .configFileName, form: .fileName),
        ServerSetting(measure: .configStopWrites, form: .yesOrNo),
        ServerSetting(
            measure: .configOOMScoreAdj, form: .words(["no", "yes", "relative", "absolute"])),
        ServerSetting(measure: .configDisableTHP, form: .yesOrNo),
        ServerSetting(measure: .configDisklessSync, form: .yesOrNo),
        ServerSetting(measure: .configOutputBufferLimit, form: .bufferLimits),
        ServerSetting(measure: .configBacklogSize, form: .size),
        ServerSetting(measure: .configRewritePercentage, form: .whole),
        ServerSetting(measure: .configRewriteMinimum, form: .size),
        ServerSetting(measure: .configActiveDefrag, form: .yesOrNo),
    ]

    private static let policies = [
        "noeviction", "allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru",
        "volatile-lfu", "volatile-random", "volatile-ttl", "allkeys-lrm", "volatile-lrm",
    ]

    /// The value as it is kept; nil where it is none that the setting can have.
    func quantity(of text: some StringProtocol) -> SnapshotValue.Quantity? {
        let value = String(text)
        switch form {
        case .size: return Self.size(value).map { .whole($0) }
        case .whole: return Int64(value).map { .whole($0) }
        case .yesOrNo: return ["yes", "no"].contains(value) ? .text(value) : nil
        case .words(let words): return words.contains(value) ? .text(value) : nil
        case .path: return value.hasPrefix("/") || value.hasPrefix(".") ? .text(value) : nil
        case .fileName:
            let isName = !value.isEmpty && !value.contains("/") && !value.contains(" ")
            return isName && ServerSetting.all[value] == nil ? .text(value) : nil
        case .saveRules:
            let numbers = value.split(separator: " ")
            let isRules = numbers.count % 2 == 0 && numbers.allSatisfy { Int64($0) != nil }
            return isRules ? .text(numbers.joined(separator: " ")) : nil
        case .bufferLimits:
            let words = value.split(separator: " ")
            let isLimits =
                words.count % 4 == 0 && !words.isEmpty
                && ["normal", "slave", "replica", "pubsub"].contains(words[0])
            return isLimits ? .text(value) : nil
        }
    }

    /// `1gb` is 1,024 MiB, `1g` a thousand million bytes. Source: redis 7.2.4, src/util.c (`memtoull`).
    static func size(_ text: String) -> Int64? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int64(digits) else { return nil }
        let unit: Int64
        switch text.dropFirst(digits.count).lowercased() {
        case "", "b": unit = 1
        case "k": unit = 1000
        case "kb": unit = 1024
        case "m": unit = 1_000_000
        case "mb": unit = 1 << 20
        case "g": unit = 1_000_000_000
        case "gb": unit = 1 << 30
        default: return nil
        }
        return Amounts.bytes(number, times: unit)
    }

    /// Words of a configuration line or a command, without the quotes around them.
    static func words(_ text: some StringProtocol) -> [String] {
        var words: [String] = []
        var word = ""
        var isOpen = false
        var quote: Character?
        for character in text {
            if let mark = quote {
                if character == mark { quote = nil } else { word.append(character) }
            } else if character == "\"" || character == "'" {
                quote = character
                isOpen = true
            } else if character == " " || character == "\t" {
                if isOpen { words.append(word) }
                word = ""
                isOpen = false
            } else {
                word.append(character)
                isOpen = true
            }
        }
        // A quotation that is not closed was cut.
        if isOpen, quote == nil { words.append(word) }
        return words
    }
}
