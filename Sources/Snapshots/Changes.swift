// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Commands that change what snapshots show: `sysctl -w vm.overcommit_memory=1`.
///
/// A change is a snapshot of its own, marked as such. The command says what was meant; whether it
/// took effect only a later reading shows.
enum Changes {
    static func read(_ words: [String], _ line: SnapshotLine, _ sink: inout SnapshotSink) {
        if sink.context.isClient { return readConfigSet(words, line, &sink) }
        guard sink.context.program == "sysctl" else { return }
        let settings = words.filter {
            $0.contains("=") && $0.hasPrefix("vm.") || $0.hasPrefix("kernel.")
        }
        var snapshot = sink.snapshot("command", .host, at: line)
        snapshot.isChange = true
        for setting in settings {
            let parts = setting.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let number = Int64(parts[1].trimmed),
                let measure = SysctlNames.measure(parts[0].trimmed)
            else { continue }
            snapshot.set(measure, SysctlNames.value(number, measure), line)
        }
        guard !snapshot.values.isEmpty else { return }
        snapshot.set(.commandRun, words.joined(separator: " "), line)
        sink.emit(snapshot)
    }
}

extension Changes {
    /// `CONFIG SET maxmemory 4gb save ""`. Other words of the command may hold a password; they are
    /// not kept.
    private static func readConfigSet(
        _ words: [String], _ line: SnapshotLine, _ sink: inout SnapshotSink
    ) {
        let words = ServerSetting.words(words.joined(separator: " "))
        guard
            let at = words.indices.dropLast().first(where: {
                words[$0].lowercased() == "config" && words[$0 + 1].lowercased() == "set"
            })
        else { return }
        var snapshot = sink.snapshot("command", .server, at: line)
        snapshot.isChange = true
        var command = "CONFIG SET"
        var i = at + 2
        while i + 1 < words.count {
            let name = words[i].lowercased()
            if let setting = ServerSetting.all[name],
                let quantity = setting.quantity(of: words[i + 1])
            {
                snapshot.values.append(SnapshotValue(setting.measure, quantity, line: line.number))
                let isWord = !words[i + 1].isEmpty && !words[i + 1].contains(" ")
                command += " \(name) " + (isWord ? words[i + 1] : "\"\(words[i + 1])\"")
            }
            i += 2
        }
        guard !snapshot.values.isEmpty else { return }
        snapshot.set(.commandRun, command, line)
        sink.emit(snapshot)
    }
}

/// The sysctl settings that matter here.
enum SysctlNames {
    /// By the name that sysctl(8) prints, also with slashes.
    static func measure(_ name: Substring) -> Measure? {
        let dotted = String(name.map { $0 == "/" ? "." : $0 })
        return all[dotted]
    }

    /// The value in the measure's unit: names that end in `_kbytes` are written in KiB.
    static func value(_ number: Int64, _ measure: Measure) -> Int64 {
        measure.unit == .bytes && measure.name.hasSuffix("_kbytes")
            ? Amounts.bytes(number, times: 1024) : number
    }

    private static let all: [String: Measure] = Dictionary(
        uniqueKeysWithValues: [
            .overcommitMemory, .overcommitRatio, .overcommitKbytes, .adminReserve, .userReserve,
            .minFree, .swappiness, .maxMapCount, .panicOnOOM, .pidMax, .threadsMax, .somaxconn,
        ].map { ($0.name, $0) })
}
