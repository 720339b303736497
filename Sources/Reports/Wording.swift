// SPDX-License-Identifier: Apache-2.0

internal import Model

// Words for values of the model, shared by all parts of the composition.

extension Timestamp {
    /// `2026-11-22 12:01:38 UTC`: to the second, as prose needs it.
    var spoken: String {
        let civil = CivilTime(timestamp: self)
        return "\(civil.date) \(civil.clockToSecond) UTC"
    }
}

/// `2026-11-22 12:01:38 to 12:05:10 UTC`
func spokenRange(_ from: Timestamp, _ to: Timestamp) -> String {
    let (a, b) = (CivilTime(timestamp: from), CivilTime(timestamp: to))
    if a.date == b.date { return "\(a.date) \(a.clockToSecond) to \(b.clockToSecond) UTC" }
    return "\(a.date) \(a.clockToSecond) to \(b.date) \(b.clockToSecond) UTC"
}

extension Instance {
    /// What the instance is called in a title: `Redis 7.2.6 on port 6379`.
    var title: String {
        var text = [properName, version].compactMap { $0 }.joined(separator: " ")
        if let port { text += " on port \(port)" }
        if let host {
            text += port == nil ? " on \(host)" : " of \(host)"
        } else if let container {
            text += " in container \(container)"
        } else if port == nil, let name = unit ?? (log.isEmpty ? nil : log) {
            text += " (\(name))"
        }
        return text
    }

    private var properName: String {
        switch product?.lowercased() {
        case "redis": "Redis"
        case "valkey": "Valkey"
        case "keydb": "KeyDB"
        case "dragonfly": "Dragonfly"
        case nil: "A server"
        default: product ?? ""
        }
    }

    /// Everything known about which server it is.
    var prose: Prose {
        var parts: [Prose] = [Prose([.text(spoken)])]
        if role != .unknown { parts.append(Prose([.text(role.name)])) }
        if let unit { parts.append("unit \(code: unit)") }
        if let container { parts.append("container \(code: container)") }
        if !log.isEmpty { parts.append("log \(code: log)") }
        return parts.reduce(Prose()) { $0.isEmpty ? $1 : $0 + ", " + $1 }
    }
}

extension Finding.Verdict {
    /// Between the cause's name and "the cause": never more than the verdict says.
    func phrase(_ role: Finding.Role) -> String {
        switch (self, role) {
        case (.confirmed, .primary): "is the cause"
        case (.likely, .primary): "is likely the cause"
        case (.possible, .primary): "may be the cause"
        case (.confirmed, .contributing): "contributed"
        case (.likely, .contributing): "likely contributed"
        case (.possible, .contributing): "may have contributed"
        case (.undecided, .primary): "is not decided"
        case (.undecided, .contributing): "may or may not have contributed; not decided"
        case (.ruled_out, _): "is ruled out"
        }
    }
}

extension Block {
    /// A note that `what` is not shown here, and how to get it.
    static func leftOut(_ what: String) -> Block {
        .note(Note(.note, "\(what) left out; \(code: "--format json") has all."))
    }
}

extension SourceReference {
    /// The line it points at.
    var place: Place { Place(path: path, line: line) }
}

/// Chooses what to show where not everything can be shown: by worth, then evenly over the whole.
struct WorthSelection {
    /// The chosen positions, in order.
    let indices: [Int]

    init(_ worths: [Int], limit: Int) {
        guard worths.count > limit else {
            indices = Array(worths.indices)
            return
        }
        var chosen: [Int] = []
        for worth in Set(worths).sorted(by: >) where chosen.count < limit {
            let same = worths.indices.filter { worths[$0] == worth }
            chosen += Self.evenly(same, limit - chosen.count)
        }
        indices = chosen.sorted()
    }

    /// `count` of `items`, the first and the last among them.
    private static func evenly(_ items: [Int], _ count: Int) -> [Int] {
        guard items.count > count else { return items }
        guard count > 1 else { return Array(items.prefix(count)) }
        return (0..<count).map { items[$0 * (items.count - 1) / (count - 1)] }
    }
}
