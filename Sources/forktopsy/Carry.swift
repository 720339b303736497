// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import Model

/// What pruning took out of the stored events, as figures: added again wherever they are counted.
///
/// In a storm a server may write a thousand refusals a second, for hours. The first and the last of
/// them are kept; of those between only how many there were.
struct Carry: Hashable, Sendable {
    /// By incident.
    var failures: [String: FailureCounts] = [:]
    var saves: [String: SaveTally] = [:]
    var rewrites: [String: SaveTally] = [:]
    /// By instance, over the whole data.
    var instanceSaves: [String: SaveTally] = [:]

    var isEmpty: Bool { self == Carry() }

    static func key(_ instance: Instance) -> String {
        "\(instance.log)\u{1F}\(instance.port ?? 0)\u{1F}\(instance.container ?? "")"
    }

    func add(to incident: inout Incident) {
        if let more = failures[incident.id] { incident.failures += more }
        if let more = saves[incident.id] { incident.persistence.saves += more }
        if let more = rewrites[incident.id] { incident.persistence.rewrites += more }
    }

    func add(to saves: inout SaveTally, of instance: Instance) {
        if let more = instanceSaves[Self.key(instance)] { saves += more }
    }

    /// What lies between two reports of the same incidents, the second without some events and
    /// without any carry. `nil` where they are not the same.
    init?(from before: Report, to after: Report) {
        guard before.incidents.map(\.id) == after.incidents.map(\.id) else { return nil }
        for (old, new) in zip(before.incidents, after.incidents) {
            guard old.status == new.status, old.kind == new.kind, old.startedAt == new.startedAt,
                old.recoveredAt == new.recoveredAt, old.lastFailureAt == new.lastFailureAt,
                old.persistence.lastSuccessAt == new.persistence.lastSuccessAt,
                old.persistence.exposure == new.persistence.exposure,
                old.verdict.statement == new.verdict.statement,
                let lost = old.failures.minus(new.failures),
                let saves = old.persistence.saves.minus(new.persistence.saves),
                let rewrites = old.persistence.rewrites.minus(new.persistence.rewrites)
            else { return nil }
            if lost != FailureCounts() { failures[old.id] = lost }
            if saves != SaveTally() { self.saves[old.id] = saves }
            if rewrites != SaveTally() { self.rewrites[old.id] = rewrites }
        }
        for old in before.outlook {
            guard
                let new = after.outlook.first(where: {
                    Self.key($0.instance) == Self.key(old.instance)
                }),
                let lost = old.saves.minus(new.saves)
            else { return nil }
            if lost != SaveTally() { instanceSaves[Self.key(old.instance)] = lost }
        }
    }

    init() {}
}

extension FailureCounts {
    fileprivate static func += (a: inout FailureCounts, b: FailureCounts) {
        if let total = a.total { a.total = total + (b.total ?? 0) }
        a.reported += b.reported
        a.hiddenAtLeast += b.hiddenAtLeast
        a.byOperation.merge(b.byOperation, uniquingKeysWith: +)
        a.byErrno.merge(b.byErrno, uniquingKeysWith: +)
        a.saveFailures += b.saveFailures
        a.oomKills += b.oomKills
    }

    /// `nil` where less would be left than nothing.
    fileprivate func minus(_ other: FailureCounts) -> FailureCounts? {
        guard (total == nil) == (other.total == nil) else { return nil }
        var out = self
        out.total = (total ?? 0) - (other.total ?? 0)
        out.reported -= other.reported
        out.hiddenAtLeast -= other.hiddenAtLeast
        for (key, count) in other.byOperation { out.byOperation[key, default: 0] -= count }
        for (key, count) in other.byErrno { out.byErrno[key, default: 0] -= count }
        out.saveFailures -= other.saveFailures
        out.oomKills -= other.oomKills
        out.byOperation = out.byOperation.filter { $0.value != 0 }
        out.byErrno = out.byErrno.filter { $0.value != 0 }
        let figures =
            [out.total ?? 0, out.reported, out.hiddenAtLeast, out.saveFailures, out.oomKills]
            + Array(out.byOperation.values) + Array(out.byErrno.values)
        return figures.allSatisfy { $0 >= 0 } ? out : nil
    }
}

extension SaveTally {
    fileprivate func minus(_ other: SaveTally) -> SaveTally? {
        var out = SaveTally()
        out.succeeded = succeeded - other.succeeded
        out.failed = failed - other.failed
        if longestSeconds != other.longestSeconds { out.longestSeconds = longestSeconds }
        // Where a beginning and another's end were left, they look like one long save.
        guard (other.longestSeconds ?? 0) <= (longestSeconds ?? 0) else { return nil }
        return out.succeeded >= 0 && out.failed >= 0 ? out : nil
    }
}

// MARK: - Keeping

extension Carry {
    /// One line of the state, with its line end; empty where there is nothing to say.
    var line: String {
        guard !isEmpty else { return "" }
        let ids = Set(failures.keys).union(saves.keys).union(rewrites.keys).sorted()
        let value = JSONValue.object([
            JSONMember("type", .string("carry")),
            JSONMember(
                "incidents",
                .array(
                    ids.map { id in
                        .object([
                            JSONMember("id", .string(id)),
                            JSONMember("failures", (failures[id] ?? FailureCounts()).carried),
                            JSONMember("saves", (saves[id] ?? SaveTally()).carried),
                            JSONMember("rewrites", (rewrites[id] ?? SaveTally()).carried),
                        ])
                    })),
            JSONMember(
                "instances",
                .array(
                    instanceSaves.sorted { $0.key < $1.key }.map { key, saves in
                        .object([
                            JSONMember("key", .string(key)), JSONMember("saves", saves.carried),
                        ])
                    })),
        ])
        return value.rendered(pretty: false) + "\n"
    }

    init(_ fields: ExtractFields) throws(ExtractError) {
        for item in try fields.list("incidents") {
            let fields = ExtractFields(value: item)
            let id = try fields.text("id")
            if let counts = try fields.object("failures") {
                let counts = try FailureCounts(carried: counts)
                if counts != FailureCounts() { failures[id] = counts }
            }
            let tallies = (try fields.object("saves"), try fields.object("rewrites"))
            let saved = try tallies.0.map { fields throws(ExtractError) in
                try SaveTally(carried: fields)
            }
            let rewritten = try tallies.1.map { fields throws(ExtractError) in
                try SaveTally(carried: fields)
            }
            if let saved, saved != SaveTally() { saves[id] = saved }
            if let rewritten, rewritten != SaveTally() { rewrites[id] = rewritten }
        }
        for item in try fields.list("instances") {
            let fields = ExtractFields(value: item)
            guard let tally = try fields.object("saves") else { continue }
            instanceSaves[try fields.text("key")] = try SaveTally(carried: tally)
        }
    }
}

extension FailureCounts {
    fileprivate var carried: JSONValue {
        .object([
            JSONMember("total", JSONValue(total)),
            JSONMember("reported", JSONValue(reported)),
            JSONMember("hidden", JSONValue(hiddenAtLeast)),
            JSONMember("save_failures", JSONValue(saveFailures)),
            JSONMember("oom_kills", JSONValue(oomKills)),
            JSONMember(
                "by_operation",
                .object(
                    byOperation.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                        JSONMember($0.key.rawValue, JSONValue($0.value))
                    })),
            JSONMember(
                "by_errno",
                .object(
                    byErrno.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                        JSONMember($0.key.rawValue, JSONValue($0.value))
                    })),
        ])
    }

    fileprivate init(carried fields: ExtractFields) throws(ExtractError) {
        self.init()
        total = try fields.optionalInt("total")
        reported = try fields.int("reported")
        hiddenAtLeast = try fields.int("hidden")
        saveFailures = try fields.int("save_failures")
        oomKills = try fields.int("oom_kills")
        if case .object(let members)? = fields.value["by_operation"] {
            for member in members {
                guard let key = Operation(rawValue: member.name), case .int(let n) = member.value
                else { continue }
                byOperation[key] = Int(n)
            }
        }
        if case .object(let members)? = fields.value["by_errno"] {
            for member in members {
                guard let key = Errno(rawValue: member.name), case .int(let n) = member.value
                else { continue }
                byErrno[key] = Int(n)
            }
        }
    }
}

extension SaveTally {
    fileprivate var carried: JSONValue {
        .object([
            JSONMember("succeeded", JSONValue(succeeded)), JSONMember("failed", JSONValue(failed)),
            JSONMember("longest_milliseconds", JSONValue(longestSeconds.map { Int($0 * 1000) })),
        ])
    }

    fileprivate init(carried fields: ExtractFields) throws(ExtractError) {
        self.init()
        succeeded = try fields.int("succeeded")
        failed = try fields.int("failed")
        longestSeconds = try fields.optionalInt("longest_milliseconds").map { Double($0) / 1000 }
    }
}
