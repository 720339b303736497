// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// A server's log made of what servers write all day: clients, figures, saves; and, where it is
/// asked for, records that look nearly like those.
struct OrdinaryLog {
    private var random: Seeded
    /// One line in so many is odd; 0 for none.
    var oddity = 0
    /// Messages of which most lines hold one, now and then damaged; empty for those of a quiet server.
    var messages: [String] = []
    /// Lines of saves so far.
    private(set) var routineLines = 0
    private var clock = 36_000_000
    private var child = 20_000
    private var pending: [String] = []
    private var pid = 1187

    init(seed: Int) { random = Seeded(seed) }

    /// Writes lines to a file that is gone afterwards. `body` gets its path, and how many lines are
    /// those of saves.
    mutating func withFile(lines count: Int, _ body: (String, Int) throws -> Void) throws {
        var bytes: [UInt8] = []
        for _ in 0..<count {
            bytes += line()
            bytes.append(0x0A)
        }
        try withTemporaryFolder { folder in
            let path = folder + "/redis.log"
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            try body(path, routineLines)
        }
    }

    private mutating func pick(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }

    private mutating func line() -> [UInt8] {
        clock += pick(400)
        if oddity > 0, pick(oddity) == 0 { return oddLine() }
        if !messages.isEmpty, pick(4) > 0 { return exampleLine() }
        if let next = pending.first {
            pending.removeFirst()
            routineLines += 1
            let isChilds = next.hasPrefix("C")
            return Array(
                record(
                    String(next.dropFirst()), pid: isChilds ? child : pid,
                    role: isChilds ? "C" : "M"
                )
                .utf8)
        }
        if pick(100) == 0 {
            child += 1
            pending = [
                "M10000 changes in 60 seconds. Saving...",
                "MBackground saving started by pid \(child)", "CDB saved on disk",
                "CFork CoW for RDB: current \(pick(90)) MB, peak \(90 + pick(9)) MB, average 4 MB",
                "MBackground saving terminated with success",
            ]
        }
        return Array(record(chatter(), level: pick(3) == 0 ? "*" : "-").utf8)
    }

    /// A record with one of `messages`, whole or not.
    private mutating func exampleLine() -> [UInt8] {
        var message = Array(messages[pick(messages.count)].utf8)
        let digit = message.indices.first { message[$0] &- 0x30 < 10 }
        switch pick(12) {
        case 0: message.append(contentsOf: " x".utf8)
        case 1: message.removeLast(min(message.count, 1 + pick(3)))
        case 2: message.insert(0x20, at: pick(message.count + 1))
        case 3: message.insert(0x37, at: pick(message.count + 1))
        case 4: if let digit { message[digit] = 0x78 }
        case 5: if let digit { message.remove(at: digit) }
        case 6: message.insert(contentsOf: "::1:6379 ".utf8, at: pick(message.count + 1))
        case 7: if let digit { message.insert(contentsOf: "&''".utf8, at: digit) }
        default: break
        }
        let isChilds = pick(5) == 0
        let level = ["*", "#", "-", "."][pick(4)]
        return Array(
            record("", pid: isChilds ? child : pid, role: isChilds ? "C" : "M", level: level).utf8)
            + message
    }

    private mutating func chatter() -> String {
        let address = "10.\(pick(4)).\(pick(250)).\(pick(250)):\(20_000 + pick(40_000))"
        switch pick(4) {
        case 0: return "Accepted \(address)"
        case 1: return "Client closed connection id=\(pick(9_999_999)) addr=\(address) fd=8 db=0"
        case 2: return "DB 0: \(pick(9999)) keys (\(pick(99)) volatile) in 16384 slots HT."
        default: return "\(pick(999)) clients connected (1 replicas), \(pick(999_999)) bytes in use"
        }
    }

    private func record(
        _ message: String, pid: Int? = nil, role: String = "M", level: String = "*"
    ) -> String {
        "\(pid ?? self.pid):\(role) \(stamp) \(level) \(message)"
    }

    private var stamp: String {
        func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
        let seconds = clock / 1000
        let ms = clock % 1000
        return "\(two(1 + seconds / 86_400 % 28)) Jan 2025 \(two(seconds / 3600 % 24)):"
            + "\(two(seconds / 60 % 60)):\(two(seconds % 60))."
            + "\(ms < 100 ? "0" : "")\(ms < 10 ? "0" : "")\(ms)"
    }

    /// Warnings: whole, as copying leaves them, and with another record behind them.
    private mutating func warning() -> String {
        let refused = "Can't save in background: fork: Cannot allocate memory"
        switch pick(8) {
        case 0: return "Can''t save in background: fork: Cannot allocate memory"
        case 1: return "Can&#39;t save in background: fork: Cannot allocate memory"
        case 2: return refused + "\(pid):M \(stamp) * DB saved on disk"
        case 3: return refused + "\u{1B}[0m"
        case 4: return "could not fork, Cannot allocate memory, sorry"
        case 5: return "Background saving error"
        case 6: return "nothing that anybody knows"
        default: return refused
        }
    }

    /// Messages with texts that patterns look for anywhere.
    private mutating func telling() -> String {
        switch pick(5) {
        case 0: return "900 changes in 60 seconds. Saving..."
        case 1: return "900 changes in 60 seconds. Saving...\u{7F}"
        case 2: return "9 changes in 60 \(pid):M \(stamp) * 1 changes in 2 seconds. Saving..."
        case 3: return "a b: changes in :x seconds"
        default: return "not 7 changes in 60 seconds. Saving... []"
        }
    }

    private mutating func oddLine() -> [UInt8] {
        let plain = record(chatter())
        switch pick(24) {
        case 0: return Array((plain + " \(record("Accepted 1.2.3.4:5"))").utf8)
        case 1: return Array((plain + "\(record("DB saved on disk"))").utf8)
        case 2: return Array(plain.utf8) + [0x0D]
        case 3: return Array(plain.utf8) + [0x20, 0x20]
        case 4: return Array(plain.utf8) + Array("\\n".utf8)
        case 5:
            clock -= pick(8_000_000)
            return Array(record(chatter()).utf8)
        case 6:
            clock += 60_000 * pick(2000)
            return Array(record(chatter()).utf8)
        case 7:
            return Array(
                record("Can't save in background: fork: Cannot allocate memory", level: "#").utf8)
        case 8: return Array(record("mymaster voted for 0123456789 7").utf8)
        case 9:
            return Array(
                record(
                    "eviction-del: 7 latency spikes (average 3ms, mean deviation 1ms, period 3.0 sec). Worst all time event 9ms."
                ).utf8)
        case 10:
            var bytes = Array(plain.utf8)
            bytes[pick(bytes.count)] = UInt8(pick(256))
            return bytes.map { $0 == 0x0A ? 0x0B : $0 }
        case 11: return Array(plain.utf8.prefix(pick(plain.utf8.count)))
        case 12: return []
        case 13: return Array("not a record at all, total 3".utf8)
        case 14:
            pid += 1 + pick(3)
            return Array(record("Ready to accept connections").utf8)
        case 15: return Array(record(chatter(), pid: 88_000 + pick(9), role: "C").utf8)
        case 16: return Array(record(chatter(), pid: 77, role: "S").utf8)
        case 17: return Array(record(chatter(), pid: 76, role: "X").utf8)
        case 18: return Array("\(pid):77:M \(stamp) * \(chatter())".utf8)
        case 19: return Array(record(String(repeating: "x", count: 900 + pick(200))).utf8)
        case 20:
            return Array(
                record(
                    "Client id=4 addr=10.0.0.1:7 flags=S omem=3 scheduled to be closed ASAP for overcoming of output buffer limits.",
                    level: "-"
                ).utf8)
        case 21: return Array(record(warning(), level: "#").utf8)
        case 22: return Array(record(telling(), pid: pick(2) == 0 ? 88_001 : pid, role: "C").utf8)
        default:
            return Array(
                "\(pid):signal-handler (1735725600) Received SIGTERM scheduling shutdown...".utf8)
        }
    }
}
