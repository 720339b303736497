// SPDX-License-Identifier: Apache-2.0
// Clocks that are off: the same records in two inputs, always so much later in the one.

internal import Incidents
internal import Model
internal import Reading

extension Placement {
    /// Moves inputs that hold another's records at times that differ by one figure, whatever it is:
    /// the input whose clock is known better stays.
    mutating func alignSkews() {
        guard sources.count > 1 else { return }
        let limit = min(20_000, max(40, 400_000 / sources.count))
        let known = sources.map { $0.log.count > 0 ? ClockSkew($0.log, limit: limit) : nil }
        let order = sources.indices.filter { known[$0]?.count ?? 0 >= 4 }.sorted {
            rank($0, known) < rank($1, known)
        }
        guard order.count > 1 else { return }
        var shared: [Int: [Int: Int]] = [:]
        var holders: [UInt64: [Int]] = [:]
        for (place, i) in order.enumerated() {
            for message in known[i]?.messages.sorted() ?? [] {
                for other in holders[message] ?? [] {
                    shared[place, default: [:]][other, default: 0] += 1
                }
                if holders[message, default: []].count < Self.holdersCompared {
                    holders[message, default: []].append(place)
                }
            }
        }
        for (place, i) in order.enumerated() {
            for other in (shared[place] ?? [:]).keys.sorted() where hints[order[other]].skew == 0 {
                guard let mine = known[i], let delay = known[order[other]]?.delay(of: mine) else {
                    continue
                }
                let path = extractions[order[other]].facts.path
                learn(i) { ($0.skew, $0.witness) = (-delay, path) }
                break
            }
        }
    }

    /// Moves copies of a kernel's ring buffer whose clock is off: onto a log that took down the same
    /// records as they came, else onto the servers whose forks were refused or which were killed.
    mutating func alignKernels() {
        let known = sources.indices.filter { holds($0, KernelSkew.kinds) }.map {
            (index: $0, skew: KernelSkew(sources[$0].log, patterns: patterns))
        }.filter { $0.skew.count > 0 }
        let copies = known.filter { isRingBuffer($0.index) }.sorted {
            let paths = (extractions[$0.index].facts.path, extractions[$1.index].facts.path)
            return ($0.skew.isCoarse ? 1 : 0, paths.0) < ($1.skew.isCoarse ? 1 : 0, paths.1)
        }
        guard sources.count > 1, !copies.isEmpty else { return }
        var settled = known.filter { !isRingBuffer($0.index) }
        let servers = serverMoments(of: Set(copies.flatMap { $0.skew.kills.map(\.pid) }))
        for (i, skew) in copies {
            let found =
                settled.lazy.compactMap { other in
                    other.skew.delay(of: skew).map { (delay: $0, witness: other.index) }
                }.first
                ?? skew.delay(after: servers.moments).map {
                    (delay: $0, witness: servers.witness)
                }
            if let found, found.delay != 0 {
                let path = extractions[found.witness].facts.path
                learn(i) { ($0.skew, $0.witness) = (-found.delay, path) }
            }
            settled.append((i, KernelSkew(sources[i].log, patterns: patterns)))
        }
    }

    /// What servers tell of themselves, and the first input in which one does.
    private func serverMoments(of killed: Set<Int32>) -> (moments: ServerMoments, witness: Int) {
        var moments = ServerMoments()
        let servers = sources.indices.filter { holds($0, ServerMoments.kinds) }.sorted {
            extractions[$0].facts.path < extractions[$1].facts.path
        }
        for i in servers { moments.learn(sources[i].log, of: killed, patterns: patterns) }
        return (moments, servers.first ?? 0)
    }

    private func holds(_ i: Int, _ kinds: Set<EventKind>) -> Bool {
        sources[i].log.patterns.contains { kinds.contains(patterns[$0].kind) }
    }

    /// Whether an input is what `dmesg` printed: a kernel's records without a host's name.
    private func isRingBuffer(_ i: Int) -> Bool {
        let facts = extractions[i].facts
        return facts.kind == .kernel && facts.streams.allSatisfy { $0.host == nil }
    }

    /// Inputs that hold one message beyond which no more are compared.
    private static let holdersCompared = 16

    private func rank(_ i: Int, _ known: [ClockSkew?]) -> (Int, Int, Int, String) {
        let sureness: [ClockSegment.Basis] = [
            .explicit, .inRecord, .wrapper, .journalTwin, .signalHandler, .infoClock, .fileTime,
            .neighbour, .assumedUTC,
        ]
        let basis = inputs[i].clock.first?.basis ?? .assumedUTC
        return (
            sureness.firstIndex(of: basis) ?? sureness.count, known[i]?.isCoarse ?? true ? 1 : 0,
            -(known[i]?.count ?? 0), extractions[i].facts.path
        )
    }
}
