// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Keeps one OOM kill that stands in several copies of a kernel log from counting more than once,
/// whatever time each copy gives it: none, a whole second (`dmesg -T`), or microseconds.
///
/// A process dies once. Its id, name and exact memory make the same line the same kill. Of several
/// lines the one counts whose time fits what the servers' logs say; of those, the one with the finest
/// stamp; of those in one input, the first.
struct KillTwins {
    private struct Copy {
        var input: Int
        var line: Int
        var isDated: Bool
        /// Dated when the victim was not there (`MisdatedKills`).
        var isMisdated: Bool
        var precision: Double
        var path: String

        func isBetter(than other: Copy) -> Bool {
            if isDated != other.isDated { return isDated }
            if isMisdated != other.isMisdated { return !isMisdated }
            if precision != other.precision { return precision < other.precision }
            if input == other.input { return line < other.line }
            return path.utf8.lexicographicallyPrecedes(other.path.utf8)
        }
    }

    private var best: [String: Copy] = [:]

    init(_ sources: [SourceEvents], patterns: [PatternInfo], misdated: MisdatedKills) {
        for (input, source) in sources.enumerated()
        where source.log.patterns.contains(where: { patterns[$0].kind == .oom_victim }) {
            source.log.forEachHeader { i, pattern, header in
                guard patterns[pattern].kind == .oom_victim else { return }
                let event = source.log.event(at: i, input: input, patterns: patterns)
                guard let key = event.kill else { return }
                let copy = Copy(
                    input: input, line: source.log.line(at: i),
                    isDated: source.log.instant(at: i) != nil && !header.stamp.isBorrowed,
                    isMisdated: misdated.contains(event),
                    precision: header.stamp.precision.seconds, path: source.facts.path)
                if best[key].map({ copy.isBetter(than: $0) }) ?? true { best[key] = copy }
            }
        }
    }

    /// Whether another line tells of the same kill, and better.
    func isTwin(_ event: Event) -> Bool {
        guard case .oom_victim = event.kind, !best.isEmpty, let key = event.kill else {
            return false
        }
        guard let copy = best[key] else { return false }
        return copy.input != event.source.input || copy.line != event.source.line
    }
}

/// Keeps a kill by systemd-oomd from counting twice: it writes a line, and so does systemd itself
/// (systemd v255, src/oom/oomd-manager.c and src/core/unit.c, `unit_log_oomd_kill`).
struct DaemonKills {
    private var latest: [String: Timestamp] = [:]

    /// Between the two lines lies a message on the bus.
    private static let reach = 5.0

    mutating func isTwin(_ event: Event, host: String?) -> Bool {
        guard case .oomd_kill = event.kind, let at = event.at,
            let name = (event["unit"] ?? event["cgroup"])?.split(separator: "/").last
        else { return false }
        let key = "\(host ?? "") \(name)"
        defer { latest[key] = at }
        return latest[key].map { abs(at.seconds(since: $0)) <= Self.reach } ?? false
    }
}

extension Event {
    /// What tells one kill from all others; `nil` where the line has too little for that.
    fileprivate var kill: String? {
        guard let pid = self["pid"], let name = self["comm"], let total = self["total_vm_kib"],
            let resident = self["anon_rss_kib"]
        else { return nil }
        return "\(pid) \(total) \(resident) \(name)"
    }
}
