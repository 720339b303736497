// SPDX-License-Identifier: Apache-2.0

internal import JSON
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
///
/// Incidents are diagnosed, redacted and told one by one: of those that are over only figures and
/// verdicts stay in memory.
final class LiveReporter {
    private let extractor: Extractor
    private var assembler: Assembler
    private let redact: Redaction.Mode
    /// Where what is not kept in memory waits.
    private let directories: [String]
    private var known: [String: Known] = [:]
    /// What was found last; incidents that are over have no evidence in it.
    private(set) var report = Report(toolVersion: Forktopsy.version)

    /// Whether the next assembly is to note `lines`.
    var notesLines = false
    /// The lines that incidents show or rest on, by the name of the input.
    private(set) var lines: [String: Set<Int>] = [:]

    private var remembered: [String: Incident.Status] = [:]

    fileprivate struct Known {
        var status: Incident.Status
        var digest: UInt64
        /// The incident as it was told, where it may yet be withdrawn.
        var json: TextLog
    }

    init(
        catalogue: Catalogue, assembler: Assembler, redact: Redaction.Mode,
        directories: [String] = []
    ) {
        extractor = Extractor(catalogue: catalogue)
        self.assembler = assembler
        self.redact = redact
        self.directories = directories
        told = Self.store(in: directories)
    }

    private static func store(in directories: [String]) -> EventStore {
        EventStore(limits: .init(memory: 256 << 10, cache: 64 << 10), directories: directories)
    }

    /// The texts of `known`, and how many of them are outdated.
    private var told: EventStore
    private var outdated = 0

    /// Takes note of what a run before has told: only what is different now is told again.
    func remember(_ statuses: [String: Incident.Status]) { remembered = statuses }

    /// The status of each incident, as it was told.
    var statuses: [String: Incident.Status] { known.mapValues(\.status) }

    /// Puts everything together, and tells what is different from the time before. True where
    /// anything is.
    @discardableResult
    func changes(
        _ sources: [LiveSource], carry: Carry, _ tell: (IncidentChange) -> Void = { _ in }
    ) -> Bool {
        assembler.carry = carry
        for source in sources { note(source) }
        let assembly = assembly(of: sources, assembler)
        let ids = Set(assembly.report.incidents.map(\.id))
        let gone = report.incidents.filter { !ids.contains($0.id) }
        report = assembly.report
        report.incidents = []
        report.incidents.reserveCapacity(ids.count)
        var texts: Set<String> = []
        var beginning = report
        var redactor = Redactor(mode: redact)
        redactor.redactBeginning(of: &beginning)
        var now: [String: Known] = [:]
        var hasChanged = false
        lines = [:]
        let names = report.inputs.map(\.facts.path)
        assembly.forEachIncident { incident in
            if notesLines { noteLines(of: incident, in: names) }
            let isOpen = incident.status == .ongoing_at_end
            report.incidents.append(
                isOpen ? incident : incident.withoutEvidence.sharing(&texts))
            var shown = incident
            redactor.redact(&shown)
            let json = JSONRenderer.value(of: shown)
            let text = json.rendered(pretty: false)
            var hash = FNV1a()
            hash.combine(text)
            let old = known[incident.id]
            let next = Known(
                status: incident.status, digest: hash.value,
                json: old.flatMap { $0.digest == hash.value ? $0.json : nil }
                    ?? TextLog(text, in: told))
            if let old, old.digest != next.digest { outdated += text.utf8.count }
            now[incident.id] = next
            if let told = remembered.removeValue(forKey: incident.id), told == next.status {
                return
            }
            guard let kind = Self.kind(old, next) else { return }
            hasChanged = true
            tell(IncidentChange(kind: kind, incident: shown, json: json))
        }
        for (id, old) in known.sorted(by: { $0.key < $1.key }) where now[id] == nil {
            guard let incident = gone.first(where: { $0.id == id }), let json = old.value else {
                continue
            }
            var shown = incident
            redactor.redact(&shown)
            hasChanged = true
            tell(IncidentChange(kind: .withdrawn, incident: shown, json: json))
        }
        known = now
        renewIfWorthwhile()
        return hasChanged
    }

    /// Texts of incidents that have changed since are given up when they are many.
    private func renewIfWorthwhile() {
        guard outdated > Self.outdatedLimit else { return }
        let fresh = Self.store(in: directories)
        known = known.mapValues { old in
            var next = old
            next.json = TextLog(old.text, in: fresh)
            return next
        }
        told = fresh
        outdated = 0
    }

    /// Bytes.
    private static let outdatedLimit = 64 << 20

    /// All of what is known, with all evidence.
    func whole(_ sources: [LiveSource], carry: Carry) -> Report {
        assembler.carry = carry
        return Self.report(sources.filter { !$0.isBlank }, extractor, assembler)
    }

    private func assembly(of sources: [LiveSource], _ assembler: Assembler) -> Assembly {
        var assembler = assembler
        assembler.store = Self.store(in: directories)
        return assembler.assemble(
            sources.filter { !$0.isBlank }.map { $0.extraction(extractor) },
            patterns: extractor.catalogue.patterns)
    }

    /// The clock of a source: as the last report has decided, else by what the log itself shows.
    func clock(of source: LiveSource) -> LiveClock {
        note(source)
        var facts = source.input.facts
        facts.clock.zoneOfFile = source.zone
        let decided = report.inputs.last { $0.facts.path == facts.path }?.clock.last
        return LiveClock(own: InputClock(facts, assembler.clocks), decided: decided)
    }

    /// Has a source find out whose time its stamps show, while the file tells.
    private func note(_ source: LiveSource) {
        source.noteModification()
        if let zone = assembler.clocks.hostZone { source.noteZone(host: zone) }
    }

    /// The report of all that is known.
    static func report(
        _ sources: [LiveSource], _ extractor: Extractor, _ assembler: Assembler
    ) -> Report {
        assembler.report(
            sources.map { $0.extraction(extractor) }, patterns: extractor.catalogue.patterns)
    }

    private func noteLines(of incident: Incident, in names: [String]) {
        for event in incident.observations {
            lines[names[event.source.input], default: []].insert(event.source.line)
        }
        for source in incident.timeline.compactMap(\.source) {
            lines[source.path, default: []].insert(source.line)
        }
    }

    /// What of the figures would be gone with the events that `sources` no longer have; `nil` where
    /// more than figures would be.
    func carry(without sources: [LiveSource]) -> Carry? {
        var bare = assembler
        bare.carry = Carry()
        // Incidents of the whole data, whatever part of it was asked for.
        guard bare.since == nil, bare.until == nil, bare.instance == nil else { return nil }
        let assembly = assembly(of: sources, bare)
        var after = assembly.report
        after.incidents = []
        assembly.forEachIncident { after.incidents.append($0.withoutEvidence) }
        return Carry(from: report, to: after)
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

extension Incident {
    /// The incident with texts of its own where no other has the same; hundreds of incidents of one
    /// server say one thing, in a kilobyte each.
    fileprivate func sharing(_ texts: inout Set<String>) -> Incident {
        var out = self
        out.verdict.statement = texts.insert(verdict.statement).memberAfterInsert
        out.verdict.nextCommand = verdict.nextCommand.map { texts.insert($0).memberAfterInsert }
        out.persistence.statement = texts.insert(persistence.statement).memberAfterInsert
        return out
    }
}

extension LiveReporter.Known {
    fileprivate var text: String {
        var out = ""
        json.forEach { out += $0 }
        return out
    }

    fileprivate var value: JSONValue? { try? JSONValue(parsing: text) }
}

/// Places the stamps of events that are told before they are put together with all others.
struct LiveClock {
    private var own: InputClock
    private let decided: ClockSegment?

    init(own: InputClock, decided: ClockSegment?) {
        self.own = own
        self.decided = decided
    }

    /// The instant of an event's stamp, and what it rests on where it was inferred.
    mutating func instant(of event: Event) -> (at: Timestamp?, inferred: String?) {
        let stamp = event.header.stamp
        if stamp.isKnownInstant { return (Timestamp(nanoseconds: stamp.nanoseconds), nil) }
        let own = own.instant(of: stamp, line: event.source.line)
        if stamp.form == .local, let decided, let offset = decided.utcOffsetSeconds {
            let seconds = Double(offset) - decided.shiftSeconds
            let at = Timestamp(nanoseconds: stamp.nanoseconds).adding(seconds: -seconds)
            return (at, decided.basis.rawValue)
        }
        return (own, own == nil ? nil : self.own.zoneBasis.rawValue)
    }
}

/// The lines that `tail` prints where nobody looks at a terminal: `docs/schema/tail.schema.json`.
struct LiveLines {
    static let schema = "forktopsy.tail/1"

    var redact: Redaction.Mode

    func line(_ change: IncidentChange) -> String {
        let hidesHosts = redact == .addresses || redact == .all
        return Self.object(
            "incident",
            [
                JSONMember("change", .string(change.kind.rawValue)),
                JSONMember("host", JSONValue(hidesHosts ? nil : HostName.own)),
                JSONMember("incident", change.json),
            ])
    }

    /// One event as it was read; its time may still be corrected by what other logs show.
    func line(_ event: Event, origin: String, clock: inout LiveClock) -> String {
        var redactor = Redactor(mode: redact)
        let (at, inferred) = clock.instant(of: event)
        return Self.object(
            "event",
            [
                JSONMember("kind", .string(event.kind.rawValue)),
                JSONMember("pattern", .string(event.patternID)),
                JSONMember("at", JSONValue(at?.rfc3339)),
                JSONMember("inferred", JSONValue(inferred)),
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

/// Which incidents were told, and in what state: a small file in the state directory.
enum Announced {
    static func read(_ directory: String) -> [String: Incident.Status] {
        guard let bytes = readSmallFile(directory + "/announced") else { return [:] }
        var out: [String: Incident.Status] = [:]
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 2, let status = Incident.Status(rawValue: String(words[1])) else {
                continue
            }
            out[String(words[0])] = status
        }
        return out
    }

    static func write(_ statuses: [String: Incident.Status], _ directory: String) {
        let lines = statuses.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.rawValue)\n" }
        // Where it cannot be written, an incident is told once more after a restart.
        try? replaceFile(directory + "/announced", with: Array(lines.joined().utf8), mode: 0o600)
    }
}

/// The name of this host.
enum HostName {
    /// As the kernel has it; `nil` where that cannot be read.
    static var own: String? {
        Live.readSmallFile("/proc/sys/kernel/hostname").map {
            String(decoding: $0, as: UTF8.self).filter { $0 != "\n" }
        }
    }
}

/// Memory of the host in one line, for people who watch.
enum MemoryNow {
    static var spoken: String {
        guard let bytes = Live.readSmallFile("/proc/meminfo") else { return "memory not readable" }
        var values: [String: Int64] = [:]
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let words = line.split { $0 == " " || $0 == ":" }
            guard words.count >= 2, let number = Int64(words[1]) else { continue }
            values[String(words[0])] = number << 10
        }
        let mode = Live.readSmallFile("/proc/sys/vm/overcommit_memory").map {
            String(decoding: $0, as: UTF8.self).filter { $0 != "\n" }
        }
        let available = ByteCount(bytes: values["MemAvailable"] ?? 0).description
        var out = "\(available) available"
        if mode == "2", let limit = values["CommitLimit"], let used = values["Committed_AS"] {
            out += ", \(ByteCount(bytes: max(0, limit - used))) left to commit"
        }
        return out + ", vm.overcommit_memory=\(mode ?? "?")"
    }
}
