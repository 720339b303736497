// SPDX-License-Identifier: Apache-2.0
// When a host had booted, as commands tell it in local time or by the time since.

internal import Incidents
internal import Model
internal import Reading

extension HostFindings<ToldBoot> {
    /// What commands print of it, and /proc/uptime below a time.
    init(_ extractions: [Extraction]) {
        for extraction in extractions {
            let path = extraction.facts.path
            for boot in extraction.facts.clock.toldBoots { note(boot, in: path) }
            var kept = 0
            extraction.snapshots.forEach { snapshot in
                guard kept < 64, [.inFormat, .header].contains(snapshot.timeBasis),
                    snapshot.stamp.isKnownInstant || snapshot.stamp.form == .local,
                    let seconds = snapshot.real(.hostUptime), seconds < 4e9
                else { return }
                var stamp = snapshot.stamp
                stamp.nanoseconds -= Int64(seconds * 1e9)
                kept += 1
                note(ToldBoot(line: snapshot.line, stamp: stamp, doubtSeconds: 2), in: path)
            }
        }
    }
}

extension Placement {
    /// When the host of an input had booted by what other files of it say, where that is in UTC or the
    /// host's zone is known; with `assumesUTC` also where it is not.
    func toldBoot(_ round: Settling, _ i: Int, assumesUTC: Bool = false) -> ClockHints? {
        let path = extractions[i].facts.path
        let zone = round.zones.zone(for: path)?.rules
        let rules = zone ?? .utc
        var found: [(at: Timestamp, doubt: Int, isLocal: Bool, path: String)] = []
        for finding in round.toldBoots.nearest(to: path) {
            let stamp = finding.value.stamp
            let isLocal = !stamp.isKnownInstant
            // Of another zone it may be by half a day.
            let doubt = isLocal && zone == nil && !assumesUTC ? 50_400 : 0
            let at =
                isLocal
                ? rules.instants(ofLocal: stamp.nanoseconds).first
                : Timestamp(nanoseconds: stamp.nanoseconds)
            guard let at else { continue }
            found.append((at, finding.value.doubtSeconds + doubt, isLocal, finding.path))
        }
        guard let best = found.min(by: { ($0.doubt, $0.path) < ($1.doubt, $1.path) }),
            found.allSatisfy({
                abs($0.at.nanoseconds &- best.at.nanoseconds)
                    <= Int64($0.doubt + best.doubt + 1) * 1_000_000_000
            })
        else { return nil }
        guard !best.isLocal || zone != nil || assumesUTC else { return nil }
        var out = ClockHints()
        out.boot = (best.at, .neighbour)
        out.bootDoubt = Double(best.doubt)
        out.witness = best.path
        out.isRelative = best.isLocal && zone == nil
        return out
    }

    /// Takes boots in local time whose zone nothing tells for such in UTC, as the servers' logs were,
    /// or so far from it as the moments stand apart that the kernel and the servers both recorded.
    mutating func assumeBoots(_ round: inout Settling) -> Bool {
        var isAny = false
        for i in round.open.sorted() where extractions[i].facts.clock.last.form == .uptime {
            guard var hint = toldBoot(round, i, assumesUTC: true), let boot = hint.boot else {
                continue
            }
            learn(i) { $0 = hint }
            round.settle(i)
            isAny = true
            if round.hasMoments, hint.isRelative {
                let moments = round.moments(self)
                var servers = NeighbourClocks()
                for k in inputs.indices where k != i && !round.open.contains(k) {
                    servers += moments[k]
                }
                let shift = moments[i].shifts(to: servers, starts: []).first?.offsetSeconds ?? 0
                hint.boot = (boot.at.adding(seconds: Double(shift)), boot.basis)
                if shift != 0 { learn(i) { $0 = hint } }
            }
            round.learn(i, self, isRelative: hint.isRelative)
        }
        return isAny
    }
}
