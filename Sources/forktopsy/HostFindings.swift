// SPDX-License-Identifier: Apache-2.0

internal import Model
internal import Reading

/// What inputs say of the hosts that they show, to be found by the inputs of the same host.
///
/// Data of several hosts lie in folders or archives of their own: what a file says holds for all
/// below the folder that stands for the host, or that it lies in.
struct HostFindings<Value> {
    struct Finding {
        /// The folder that it holds for, with a slash at its end; empty for all inputs.
        var root: String
        var path: String
        var value: Value
    }

    private var findings: [Finding] = []

    var isEmpty: Bool { findings.isEmpty }

    mutating func note(_ value: Value, in path: String) {
        findings.append(Finding(root: Self.root(of: path), path: path, value: value))
    }

    /// The findings of the innermost folder that holds the input and has any; where none does, all.
    func nearest(to path: String) -> [Finding] {
        let around = findings.filter { path.hasPrefix($0.root) }
        guard let innermost = around.map(\.root.utf8.count).max() else { return findings }
        return around.filter { $0.root.utf8.count == innermost }
    }

    /// Folders in which reports of hosts keep the host's files and the output of commands.
    private static var insides: Set<Substring> {
        ["sos_commands", "sys", "proc", "etc", "host", "facts", "var", "usr", "run"]
    }

    private static func root(of path: String) -> String {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        // The innermost of them: such a name may stand above the data as well.
        let inside = parts.lastIndex { $0 != "" && insides.contains($0) }
        let end = inside.flatMap { at in
            // `/proc/stat` of this host, `s/etc/timezone`: nothing but the host's own folders below.
            parts[at...].count <= 4 ? at : nil
        }
        var start = end ?? parts.endIndex
        while start > 0, insides.contains(parts[start - 1]) { start -= 1 }
        return parts[..<start].map { $0 + "/" }.joined()
    }
}

extension HostFindings<TimeZoneRules> {
    /// The zones that inputs name as their host's. `named` finds the rules of a name.
    init(_ extractions: [Extraction], named: (String) -> TimeZoneRules?) {
        // What only tells the offset of one moment counts where nothing names a zone.
        for isNamed in [true, false] where findings.isEmpty {
            for extraction in extractions {
                for zone in extraction.facts.clock.hostZones where (zone.name != nil) == isNamed {
                    let fixed = zone.offsetSeconds.map { TimeZoneRules(fixedOffsetSeconds: $0) }
                    guard let rules = zone.name.flatMap(named) ?? fixed else { continue }
                    note(rules, in: extraction.facts.path)
                }
            }
        }
    }

    /// The zone of the host that an input is of, and what names it; `nil` where none is named, or
    /// several.
    func zone(for path: String) -> (rules: TimeZoneRules, witness: String)? {
        let found = nearest(to: path)
        guard let first = found.first, found.allSatisfy({ $0.value == first.value }) else {
            return nil
        }
        return (first.value, first.path)
    }
}

extension HostFindings<Timestamp> {
    /// When hosts had booted, as journals and /proc/stat tell.
    init(_ extractions: [Extraction]) {
        for extraction in extractions {
            for boot in extraction.facts.clock.boots { note(boot, in: extraction.facts.path) }
        }
    }

    /// When the host of an input had booted, and what tells; `nil` where nothing does, or several
    /// boots are told of.
    func boot(for path: String) -> (at: Timestamp, witness: String)? {
        let found = nearest(to: path)
        guard let first = found.map(\.value).min(), let last = found.map(\.value).max(),
            last.nanoseconds - first.nanoseconds < 2_000_000_000
        else { return nil }
        return found.first { $0.value == first }.map { ($0.value, $0.path) }
    }
}
