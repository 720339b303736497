// SPDX-License-Identifier: Apache-2.0

internal import Live
internal import Matching
internal import Model
internal import Reading
internal import Reports

/// What happened to an incident since it was last looked at.
struct IncidentChange {
    enum Kind: String, Sendable, CaseIterable {
        case opened, updated, recovered, ended
        /// Older evidence has shown that it is part of another.
        case withdrawn
    }

    var kind: Kind
    var incident: Incident
    /// The incident as `forktopsy.report/1` has it, secrets hidden.
    var json: JSONValue
}

/// Assembles what is known into incidents and tells what is different from the time before.
final class LiveReporter {
    private let extractor: Extractor
    private let assembler: Assembler
    private let redact: Redaction.Mode
    private var known: [String: Known] = [:]
    private(set) var report = Report(toolVersion: Forktopsy.version)
    /// Seconds that the last assembly took.
    private(set) var cost = 0.0

    private struct Known {
        var status: Incident.Status
        var digest: UInt64
        var incident: Incident
        var json: JSONValue
    }

    init(catalogue: Catalogue, assembler: Assembler, redact: Redaction.Mode) {
        extractor = Extractor(catalogue: catalogue)
        self.assembler = assembler
        self.redact = redact
    }

    /// Puts everything together; `isFirst` only takes note of what was known before.
    func changes(_ sources: [LiveSource], isFirst: Bool = false) -> [IncidentChange] {
        let start = monotonicSeconds()
        defer { cost = monotonicSeconds() - start }
        report = Self.report(
            sources.filter { $0.collector.log.count > 0 }, extractor, assembler)
        var redactor = Redactor(mode: redact)
        let shown = redactor.redacted(report)
        var out: [IncidentChange] = []
        var now: [String: Known] = [:]
        let values = JSONRenderer(redaction: redactor.redaction).incidents(of: shown)
        for (incident, json) in zip(shown.incidents, values) {
            var hash = FNV1a()
            hash.combine(json.rendered(pretty: false))
            let next = Known(
                status: incident.status, digest: hash.value, incident: incident, json: json)
            now[incident.id] = next
            guard !isFirst, let kind = Self.kind(known[incident.id], next) else { continue }
            out.append(IncidentChange(kind: kind, incident: incident, json: json))
        }
        for (id, old) in known.sorted(by: { $0.key < $1.key }) where now[id] == nil {
            out.append(
                IncidentChange(kind: .withdrawn, incident: old.incident, json: old.json))
        }
        known = now
        return out
    }

    /// The report of all that is known.
    static func report(
        _ sources: [LiveSource], _ extractor: Extractor, _ assembler: Assembler
    ) -> Report {
        assembler.report(
            sources.map { $0.extraction(extractor) }, patterns: extractor.catalogue.patterns)
    }

    private static func kind(_ old: Known?, _ new: Known) -> IncidentChange.Kind? {
        guard let old else {
            switch new.status {
            case .ongoing_at_end: return .opened
            case .recovered: return .recovered
            case .ended: return .ended
            }
        }
        if old.digest == new.digest { return nil }
        if old.status != new.status, new.status == .recovered { return .recovered }
        if old.status != new.status, new.status == .ended { return .ended }
        return .updated
    }
}

/// The lines that `tail` prints where nobody looks at a terminal: `docs/schema/event.schema.json`.
struct LiveLines {
    static let schema = "forktopsy.event/1"

    var redact: Redaction.Mode

    func line(_ change: IncidentChange) -> String {
        Self.object(
            "incident",
            [
                JSONMember("change", .string(change.kind.rawValue)),
                JSONMember("incident", change.json),
            ])
    }

    /// One event as it was read; its time may still be corrected by what other logs show.
    func line(_ event: Event, origin: String) -> String {
        var redactor = Redactor(mode: redact)
        let stamp = event.header.stamp
        let at = stamp.isKnownInstant ? Timestamp(nanoseconds: stamp.nanoseconds).rfc3339 : nil
        return Self.object(
            "event",
            [
                JSONMember("kind", .string(event.kind.rawValue)),
                JSONMember("pattern", .string(event.patternID)),
                JSONMember("at", JSONValue(at)),
                JSONMember("pid", event.header.pid == 0 ? .null : JSONValue(Int(event.header.pid))),
                JSONMember("path", .string(redactor.hidden(in: origin))),
                JSONMember("line", JSONValue(event.source.line)),
                JSONMember("offset", JSONValue(event.source.offset)),
                JSONMember("quote", .string(redactor.hidden(in: event.line))),
                JSONMember(
                    "values",
                    .object(
                        event.values.map {
                            JSONMember($0.name, .string(redactor.hidden(in: $0.text)))
                        })),
            ])
    }

    private static func object(_ type: String, _ members: [JSONMember]) -> String {
        let head = [
            JSONMember("schema", .string(schema)), JSONMember("type", .string(type)),
        ]
        return JSONValue.object(head + members).rendered(pretty: false) + "\n"
    }
}

extension EventKind {
    /// Kinds that are told as soon as they are read: what fails, and what works again.
    var isUrgent: Bool {
        switch self {
        case .fork_failed, .fork_failed_reported, .sync_refused, .aof_enable_failed,
            .slot_migration_refused, .operation_failed, .child_killed, .operation_succeeded,
            .rdb_write_error, .rdb_file_error, .aof_write_error, .aof_file_error, .writes_refused,
            .allocation_failed, .panic, .crash_signal, .assertion_failed, .replica_lost,
            .failover_started, .kernel_commit_refused, .oom_victim, .pids_rejected, .unit_oom,
            .oomd_kill, .earlyoom_kill, .sync_failed, .output_buffer_exceeded:
            true
        default: false
        }
    }
}
