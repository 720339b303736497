// SPDX-License-Identifier: Apache-2.0
// How the clocks of inputs are settled by each other.

internal import Incidents
internal import Model
internal import Reading

extension Placement {
    /// Settles the clocks of inputs that do not tell of them, by what the others show.
    ///
    /// Inputs that know their own zone come first; what is settled tells of others, the surest way
    /// first, until nothing moves. What is left is taken for UTC, servers before kernels, so that the
    /// others can stand beside it at least.
    mutating func settle() {
        var round = Settling(self)
        guard !round.open.isEmpty else { return settleYears() }
        for i in extractions.indices where !round.open.contains(i) { round.learn(i, self) }
        var isFirst = true
        repeat {
            while take(records(round), &round) {}
            if isFirst { settleYears() }
            isFirst = false
            if take(fileTimes(round), &round) { continue }
            if take(siblings(round), &round) { continue }
            if take(moments(&round), &round) { continue }
            if take(hostZones(&round, ofKernels: true), &round) { continue }
            if take(hostZones(&round, ofKernels: false), &round) { continue }
            if assume(&round) { continue }
            if assumeBoots(&round) { continue }
            return
        } while true
    }

    /// Places inputs by what was found of their clocks; false where nothing was.
    private mutating func take(_ found: [(Int, ClockHints)], _ round: inout Settling) -> Bool {
        for (i, hint) in found {
            learn(i) { hints in
                let year = hints.year
                hints = hint
                hints.year = hint.year ?? year
            }
            round.settle(i)
        }
        for (i, hint) in found where round.compares {
            round.learn(i, self, isRelative: hint.isRelative)
        }
        return !found.isEmpty
    }

    private mutating func settleYears() {
        for (i, year) in neighbourYears() { learn(i) { $0.year = (year, .neighbour) } }
        for (i, year) in rotationYears(extractions, options) {
            learn(i) { $0.year = (year, .rotation) }
        }
    }

    // MARK: - What others show

    /// Clocks by records that another input shows with an instant, and by INFO.
    private mutating func records(_ round: Settling) -> [(Int, ClockHints)] {
        var found: [(Int, ClockHints)] = []
        for i in round.open.sorted() {
            if let hints = records(round, i) { found.append((i, hints)) }
        }
        return found
    }

    private mutating func records(_ round: Settling, _ i: Int) -> ClockHints? {
        let extraction = extractions[i]
        if extraction.facts.clock.last.form == .uptime { return boot(round, i) }
        var out = ClockHints()
        if let (spans, input) = round.twins.offsets(
            of: extraction.log, extraction.facts, starts: round.starts[i])
        {
            out.twins = changesOfZone(round, i) ?? spans
            note(input, in: &out, round)
            return out
        }
        out.infoOffset = round.saves.offset(of: extraction.log, patterns: patterns)
        return out.infoOffset == nil ? nil : out
    }

    /// The offsets of an input whose parts were sorted, where other inputs show that its lines do
    /// stand in order and its zone changed. It is then taken as its lines stand.
    private mutating func changesOfZone(_ round: Settling, _ i: Int) -> [OffsetSpan]? {
        guard let whole = extractions[i].inFileOrder,
            let found = round.twins.offsets(
                of: whole.log, whole.facts, starts: Settling.starts(whole.facts)),
            found.spans.count > 1, whole.isInOrder(under: found.spans)
        else { return nil }
        restoreOrder(i, whole)
        return found.spans
    }

    private func boot(_ round: Settling, _ i: Int) -> ClockHints? {
        var out = ClockHints()
        if let (at, input) = round.twins.boot(of: extractions[i].log) {
            note(input, in: &out, round)
            out.boot = (at, out.twinBasis)
            return out
        }
        guard let found = round.boots.boot(for: extractions[i].facts.path) else {
            return toldBoot(round, i)
        }
        out.boot = (found.at, .neighbour)
        out.witness = found.witness
        return out
    }

    /// Notes which input tells, and whether that is itself only placed beside others.
    private func note(_ input: Int, in hints: inout ClockHints, _ round: Settling) {
        hints.witness = extractions[input].facts.path
        hints.isRelative = round.relative.contains(input)
        hints.twinBasis = hints.isRelative ? .neighbour : .journalTwin
    }

    /// Clocks that the time of the file shows.
    private func fileTimes(_ round: Settling) -> [(Int, ClockHints)] {
        round.open.sorted().filter { clocks[$0].zoneBasis == .fileTime }.map { ($0, hints[$0]) }
    }

    /// Zones of inputs by the nearest part of the same log, which rotation has split.
    private func siblings(_ round: Settling) -> [(Int, ClockHints)] {
        let byStem = Dictionary(grouping: inputs.indices) {
            RotatedName(extractions[$0].facts.path).log
        }
        return round.open.sorted().compactMap { i in
            let known = (byStem[RotatedName(extractions[i].facts.path).log] ?? []).filter {
                !round.open.contains($0) && clocks[$0].localZone != nil
            }
            let nearest = known.min { distance(from: i, to: $0) < distance(from: i, to: $1) }
            guard let nearest, let zone = clocks[nearest].localZone else { return nil }
            var out = ClockHints()
            out.zone = zone
            out.witness = extractions[nearest].facts.path
            out.isRelative = round.relative.contains(nearest)
            return (i, out)
        }
    }

    /// How far two inputs lie apart in time, in nanoseconds.
    private func distance(from i: Int, to k: Int) -> Int64 {
        guard let first = inputs[i].firstAt, let last = inputs[i].lastAt,
            let otherFirst = inputs[k].firstAt, let otherLast = inputs[k].lastAt
        else { return .max }
        return max(
            0, otherFirst.nanoseconds &- last.nanoseconds,
            first.nanoseconds &- otherLast.nanoseconds)
    }

    /// Clocks by moments that the kernel and a server both recorded: those of kernels by servers and
    /// those of servers by kernels.
    private func moments(_ round: inout Settling) -> [(Int, ClockHints)] {
        guard round.hasMoments else { return [] }
        let moments = round.moments(self)
        var settled = NeighbourClocks()
        var witness: Int?
        for i in inputs.indices where !round.open.contains(i) && !moments[i].isEmpty {
            settled += moments[i]
            witness = witness ?? i
        }
        guard let witness else { return [] }
        return round.open.sorted().compactMap { i in
            guard inputs[i].clock.count == 1, extractions[i].facts.clock.localStamps > 0 else {
                return nil
            }
            let spans = moments[i].shifts(to: settled, starts: round.starts[i])
            guard let first = spans.first else { return nil }
            var out = ClockHints()
            note(partner(of: i, moments, round) ?? witness, in: &out, round)
            out.twinBasis = .neighbour
            if spans.count > 1 {
                out.twins = spans.map {
                    OffsetSpan(line: $0.line, offsetSeconds: -$0.offsetSeconds, year: 0)
                }
            } else if first.offsetSeconds == 0 {
                // Written in UTC as it seems; where nothing tells the zone of the other, neither is.
                guard !out.isRelative else { return nil }
                out.zone = .utc
            } else if let zone = round.zones.zone(for: extractions[i].facts.path),
                fits(zone.rules, input: i, movedBy: first.offsetSeconds)
            {
                (out.zone, out.witness, out.isRelative) = (zone.rules, zone.witness, false)
                out.isHostZone = true
            } else {
                out.shiftSeconds = first.offsetSeconds
            }
            return (i, out)
        }
    }

    /// Whether a zone explains by how much an input's stamps must be moved: its offset at either end.
    private func fits(_ rules: TimeZoneRules, input i: Int, movedBy seconds: Int) -> Bool {
        [inputs[i].firstAt, inputs[i].lastAt].contains { at in
            // The other side of the hour at which summer time begins or ends.
            at.map { written in
                [-7200.0, 0, 7200].contains {
                    let at = written.adding(seconds: Double(seconds) + $0)
                    return rules.offset(at: at) == -seconds
                }
            } ?? false
        }
    }

    /// The first settled input that alone tells the same of an input's clock.
    private func partner(of i: Int, _ moments: [NeighbourClocks], _ round: Settling) -> Int? {
        inputs.indices.first { k in
            !round.open.contains(k) && !moments[k].isEmpty
                && !moments[i].shifts(to: moments[k], starts: []).isEmpty
        }
    }

    /// Zones of inputs by what other files say of their host. A server may run in a container, which
    /// keeps UTC as a rule, so that kernels and syslog come first.
    private func hostZones(
        _ round: inout Settling, ofKernels: Bool
    ) -> [(Int, ClockHints)] {
        guard !round.zones.isEmpty || round.common != nil else { return [] }
        return round.open.sorted().compactMap { i in
            let facts = extractions[i].facts
            guard facts.clock.localStamps > 0, !ofKernels || isHosts(facts) else { return nil }
            var out = ClockHints()
            out.isHostZone = true
            if let (rules, witness) = round.zones.zone(for: facts.path) {
                out.zone = rules
                out.witness = witness
            } else if let common = round.common, round.zones.isEmpty {
                out.zone = TimeZoneRules(fixedOffsetSeconds: common.seconds)
                out.witness = common.witness
            }
            return out.zone == nil ? nil : (i, out)
        }
    }

    /// Whether the stamps are those of the host: its kernel's or its syslog's.
    private func isHosts(_ facts: InputFacts) -> Bool {
        facts.kind == .kernel || facts.clock.last.isOuter
    }

    /// Takes what is left for UTC: first the servers' logs, so that kernels may stand beside them.
    /// False where nothing is left.
    private mutating func assume(_ round: inout Settling) -> Bool {
        let moments = round.hasMoments ? round.moments(self) : []
        var left = round.open.filter { extractions[$0].facts.clock.localStamps > 0 }
        let servers = left.filter { !extractions[$0].facts.clock.last.isOuter }
        let telling = servers.filter {
            extractions[$0].log.count > 0 || !moments.isEmpty && moments[$0].hasServers
        }
        if !telling.isEmpty {
            left = telling
        } else if !servers.isEmpty {
            left = servers
        }
        guard !left.isEmpty else { return false }
        // A copy that leaves out the year takes it from the one that has it.
        let dated = left.filter { extractions[$0].facts.clock.last.form != .localWithoutYear }
        if !dated.isEmpty { left = dated }
        for i in left { round.settle(i) }
        for i in left.sorted() { round.learn(i, self, isRelative: true) }
        return true
    }
}

/// What is known while clocks are settled.
struct Settling {
    /// Inputs whose clocks are not settled yet.
    private(set) var open: Set<Int> = []
    /// Inputs that were only placed beside others: nothing tells the zone of any of them.
    private(set) var relative: Set<Int> = []
    private(set) var twins = TwinClocks()
    /// Whether it was noted what the open inputs say, which only matters when one tells of others.
    private var isAsking = false
    private(set) var saves = SaveTimes()
    let boots: HostFindings<Timestamp>
    let toldBoots: HostFindings<ToldBoot>
    let zones: HostFindings<TimeZoneRules>
    /// What local time is ahead of UTC where snapshots name a zone: date(1) does.
    let common: (seconds: Int, witness: String)?
    /// For each input, the lines from which on another process writes or the clock was set back.
    let starts: [[Int]]
    private var known: [NeighbourClocks?]
    /// Whether a kernel's log and a server's tell of moments that both may have recorded.
    let hasMoments: Bool

    /// Processes of an input beyond which they tell nothing of its zone.
    private static let startLimit = 64

    init(_ placement: Placement) {
        let extractions = placement.extractions
        known = Array(repeating: nil, count: extractions.count)
        for (i, extraction) in extractions.enumerated() {
            let clock = extraction.facts.clock
            if clock.last.form == .uptime {
                if placement.clocks[i].isWithoutBoot(extraction.facts) { open.insert(i) }
            } else if clock.localStamps > 0, placement.clocks[i].isInferable {
                open.insert(i)
            }
        }
        guard !open.isEmpty else {
            (boots, zones, common, starts) = (HostFindings(), HostFindings(), nil, [])
            toldBoots = HostFindings()
            hasMoments = false
            return
        }
        for extraction in extractions { saves.learn(extraction.snapshots) }
        hasMoments = Self.hasMoments(extractions, placement.patterns)
        boots = HostFindings(extractions)
        toldBoots = HostFindings(extractions)
        var rules: [String: TimeZoneRules?] = [:]
        zones = HostFindings(extractions) { name in
            if let known = rules[name] { return known }
            let found = installedZone(name)
            rules[name] = .some(found)
            return found
        }
        common = Self.common(extractions)
        starts = extractions.enumerated().map { [open] i, extraction in
            open.contains(i) ? Self.starts(extraction.facts) : []
        }
    }

    /// Whether settled inputs are compared with others.
    var compares: Bool { !open.isEmpty }

    mutating func settle(_ i: Int) {
        open.remove(i)
        known[i] = nil
    }

    /// Has a settled input tell of others.
    mutating func learn(_ i: Int, _ placement: Placement, isRelative: Bool = false) {
        if isRelative { relative.insert(i) }
        guard compares else { return }
        if !isAsking {
            for i in open.sorted() { twins.want(placement.extractions[i].log) }
            isAsking = true
        }
        twins.learn(
            placement.extractions[i].log, placement.clocks[i], input: i, isSettled: true)
    }

    /// The moments of kernels and servers in each input, as placed by now.
    mutating func moments(_ placement: Placement) -> [NeighbourClocks] {
        for (i, source) in placement.sources.enumerated() where known[i] == nil {
            known[i] = NeighbourClocks(source.log, patterns: placement.patterns)
        }
        return known.map { $0 ?? NeighbourClocks() }
    }

    private static func hasMoments(
        _ extractions: [Extraction], _ patterns: [PatternInfo]
    ) -> Bool {
        var kinds: Set<EventKind> = []
        for extraction in extractions {
            for pattern in extraction.log.patterns { kinds.insert(patterns[pattern].kind) }
        }
        return !kinds.isDisjoint(with: NeighbourClocks.kernelKinds)
            && !kinds.isDisjoint(with: NeighbourClocks.serverKinds)
    }

    static func starts(_ facts: InputFacts) -> [Int] {
        let lines = Set(
            facts.processes.lazy.filter { !$0.isChild && $0.firstLine > 1 }.map(\.firstLine)
                + facts.clock.setbacks.map(\.line))
        return lines.count > startLimit ? [] : lines.sorted()
    }

    /// What local time is ahead of UTC where snapshots name a zone: date(1) does. `nil` where none
    /// does or they differ. UTC tells nothing: scripts write it on hosts of any zone.
    private static func common(_ extractions: [Extraction]) -> (seconds: Int, witness: String)? {
        var offsets: [Int32: String] = [:]
        for extraction in extractions where [.snapshot, .facts].contains(extraction.facts.kind) {
            extraction.snapshots.forEach { snapshot in
                guard snapshot.stamp.form == .zoned, snapshot.stamp.offsetSeconds != 0,
                    offsets[snapshot.stamp.offsetSeconds] == nil
                else { return }
                offsets[snapshot.stamp.offsetSeconds] = extraction.facts.path
            }
        }
        guard offsets.count == 1, let first = offsets.first else { return nil }
        return (Int(first.key), first.value)
    }
}
