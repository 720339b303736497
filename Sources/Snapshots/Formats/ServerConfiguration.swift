// SPDX-License-Identifier: Apache-2.0

internal import Model

/// redis.conf, valkey.conf, keydb.conf: what a server is started with. What runs, CONFIG GET says.
///
/// Only the settings of `ServerSetting` are read; of the others nothing is kept, passwords least.
/// Source: redis 7.2.4, src/config.c (`loadServerConfigFromString`).
struct ServerConfigurationFormat: SnapshotFormat {
    static let name = "redis.conf"
    static let openers = [
        "# Redis configuration file", "# Valkey configuration file", "# KeyDB configuration file",
        "maxmemory", "appendonly ", "save ", "stop-writes-on-bgsave-error ",
        "client-output-buffer-limit ", "auto-aof-rewrite-", "repl-backlog-size ",
        "disable-thp ", "oom-score-adj ",
    ]
    static let hasHashComments = true

    static func isShown(in context: SnapshotContext) -> Bool {
        let path = context.path ?? (context.command.isEmpty ? context.inputPath : "")
        guard let file = path.split(separator: "/").last, file.contains(".conf") else {
            return false
        }
        let parts = path.lowercased()
        return !file.hasPrefix("sentinel") && !parts.contains("sysctl")
            && ["redis", "valkey", "keydb"].contains { parts.contains($0) }
            && !parts.contains("limits.d") && !parts.contains("systemd")
    }

    private var snapshot: Snapshot?
    private var saveRules: [String]?
    private var saveLine = 0
    private var limits: [String] = []
    private var limitsLine = 0
    /// Whether the text is a file's, not an excerpt that somebody pasted.
    private var isFile = false

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        snapshot = sink.snapshot(Self.name, .server, at: line)
        snapshot?.subject.pid = nil
        isFile = Self.isShown(in: sink.context) || line.text.hasPrefix("# ")
        if isFile { return take(line, &sink) }
        let words = ServerSetting.words(line.text)
        return Self.isDirective(words) && take(line, &sink)
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        let text = line.text.trimmed
        if text.isEmpty || text.hasPrefix("#") { return true }
        let words = ServerSetting.words(text)
        guard let name = words.first?.lowercased(), InfoField.isName(name), words.count >= 2 else {
            return isFile && !text.isEmpty && InfoField.isName(String(text))
        }
        guard isFile || Self.isDirective(words) else { return false }
        read(name, Array(words.dropFirst()), line, &sink)
        return true
    }

    mutating func end(_ sink: inout SnapshotSink) {
        guard var snapshot else { return }
        if let saveRules {
            let text = saveRules.joined(separator: " ")
            snapshot.values.append(SnapshotValue(.configSave, .text(text), line: saveLine))
        }
        if !limits.isEmpty {
            let text = limits.joined(separator: " ")
            snapshot.values.append(
                SnapshotValue(.configOutputBufferLimit, .text(text), line: limitsLine))
        }
        sink.emit(snapshot)
    }

    private mutating func read(
        _ name: String, _ values: [String], _ line: SnapshotLine, _ sink: inout SnapshotSink
    ) {
        switch name {
        case "include":
            sink.note("redis.conf, line \(line.number): the included file is not read from here")
        case "port":
            if let port = Int(values[0]), (1...65535).contains(port) {
                snapshot?.subject.port = port
            }
        case "save": readSave(values, line, &sink)
        case "client-output-buffer-limit":
            guard values.count % 4 == 0 else { return refuse(name, line, &sink) }
            limits += values
            limitsLine = line.number
        default:
            guard let setting = ServerSetting.all[name] else { return }
            guard values.count == 1, let quantity = setting.quantity(of: values[0]) else {
                return refuse(name, line, &sink)
            }
            snapshot?.values.append(SnapshotValue(setting.measure, quantity, line: line.number))
        }
    }

    /// Rules add up; `save ""` takes back those before it.
    private mutating func readSave(
        _ values: [String], _ line: SnapshotLine, _ sink: inout SnapshotSink
    ) {
        let numbers = values.flatMap { $0.split(separator: " ").map(String.init) }
        guard numbers.count % 2 == 0, numbers.allSatisfy({ Int64($0) != nil }) else {
            return refuse("save", line, &sink)
        }
        saveRules = numbers.isEmpty ? [] : (saveRules ?? []) + numbers
        saveLine = line.number
    }

    private func refuse(_ name: String, _ line: SnapshotLine, _ sink: inout SnapshotSink) {
        sink.note("redis.conf, line \(line.number): \(name) has no value it can have")
    }

    /// Whether a line by itself can only be a configuration's.
    private static func isDirective(_ words: [String]) -> Bool {
        guard words.count >= 2, let setting = ServerSetting.all[words[0]] else { return false }
        return setting.quantity(of: words.dropFirst().joined(separator: " ")) != nil
    }
}
