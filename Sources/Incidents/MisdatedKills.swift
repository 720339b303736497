// SPDX-License-Identifier: Apache-2.0

internal import Model

/// OOM kills whose line does not stand where they happened: it carries a time at which the victim was
/// not there, or comes behind the server's whole log in one file.
///
/// A server's log says which child had the process id, and that signal 9 ended it. Where the kernel's
/// line gives another time, a clock is wrong or the line was changed: the process died once, so it
/// is this death. Told at the line's own time, the kill would be an incident of nobody, and
/// the child would have been killed without one.
struct MisdatedKills {
    /// A line: the input and the number in it.
    private struct Place: Hashable {
        var input: Int
        var line: Int
    }

    /// The life of a child that signal 9 ended.
    private struct Life {
        var from: Timestamp
        var end: Timestamp
        var told: Place
        var host: String?

        /// Whether a line comes behind the one that tells of its end, in one file.
        func isBefore(_ place: Place) -> Bool {
            told.input == place.input && told.line < place.line
        }

        func isEnded(at kill: Timestamp) -> Bool {
            kill >= from.adding(seconds: -reach.before) && kill <= end.adding(seconds: reach.after)
        }
    }

    private var misdated: Set<Place> = []
    /// The kills that belong to the line with which a server tells of its child's end.
    private var kills: [Place: Event] = [:]

    /// Stamps of `dmesg -T` lie as far before, and the server's word as far after.
    private static let reach = (before: 2.5, after: 10.0)
    /// Process ids come again; further apart than this, two are not of one process.
    private static let furthest = 86_400.0

    init(_ sources: [SourceEvents], patterns: [PatternInfo]) {
        let kills = Self.kills(sources, patterns)
        guard !kills.isEmpty else { return }
        let pids = Set(kills.compactMap { $0.event.int("pid") })
        let lives = Self.lives(of: pids, sources, patterns)
        /// Deaths of which another line tells at its time.
        var told: Set<Place> = []
        for (kill, host) in kills {
            guard let pid = kill.int("pid"), let all = lives[pid] else { continue }
            let own = all.filter { $0.host == nil || host == nil || $0.host == host }
            let place = Place(input: kill.source.input, line: kill.source.line)
            var moved = kill
            guard let at = kill.header.stamp.isBorrowed ? nil : kill.at else {
                // Where it stands alone, what has no time comes before all that has.
                guard own.count == 1, let life = own.first, life.isBefore(place) else { continue }
                moved.at = nil
                misdated.insert(place)
                self.kills[life.told] = moved
                continue
            }
            if let life = own.first(where: { $0.isEnded(at: at) }) {
                guard life.isBefore(place) else {
                    told.insert(life.told)
                    continue
                }
                misdated.insert(place)
                self.kills[life.told] = kill
                continue
            }
            guard own.count == 1, let life = own.first,
                abs(at.seconds(since: life.end)) <= Self.furthest
            else { continue }
            misdated.insert(place)
            moved.at = life.end
            self.kills[life.told] = moved
        }
        self.kills = self.kills.filter { !told.contains($0.key) }
    }

    /// Whether the line's own time is not that of the kill.
    func contains(_ event: Event) -> Bool {
        guard case .oom_victim = event.kind, !misdated.isEmpty else { return false }
        return misdated.contains(Place(input: event.source.input, line: event.source.line))
    }

    /// The kill that a server tells of with this line, at the line's time.
    func kill(toldBy event: Event) -> Event? {
        guard case .child_killed = event.kind, !kills.isEmpty else { return nil }
        return kills[Place(input: event.source.input, line: event.source.line)]
    }

    // MARK: - What the inputs say

    private static func kills(
        _ sources: [SourceEvents], _ patterns: [PatternInfo]
    ) -> [(event: Event, host: String?)] {
        var out: [(event: Event, host: String?)] = []
        for (input, source) in sources.enumerated()
        where holds(source, .oom_victim, patterns) {
            source.log.forEachHeader { i, pattern, header in
                guard patterns[pattern].kind == .oom_victim else { return }
                let event = source.log.event(at: i, input: input, patterns: patterns)
                guard event.isServerFamily else { return }
                out.append((event, source.facts.streams[Int(header.stream)].host))
            }
        }
        return out
    }

    /// Of the processes in question, those that were children which signal 9 ended.
    private static func lives(
        of pids: Set<Int>, _ sources: [SourceEvents], _ patterns: [PatternInfo]
    ) -> [Int: [Life]] {
        var out: [Int: [Life]] = [:]
        for (input, source) in sources.enumerated()
        where holds(source, .child_killed, patterns) {
            // One child of a process at a time, by the stream and the id of its parent.
            var running: [Int64: (pid: Int, from: Timestamp)] = [:]
            source.log.forEachHeader { i, pattern, header in
                let kind = patterns[pattern].kind
                guard kind == .child_started || kind == .child_killed else { return }
                let event = source.log.event(at: i, input: input, patterns: patterns)
                guard let at = event.at else { return }
                let parent = Int64(header.stream) << 32 | Int64(header.pid)
                if kind == .child_started {
                    running[parent] = event.int("child_pid").map { ($0, at) }
                } else if event["signal"] == "9", let child = running[parent],
                    pids.contains(child.pid)
                {
                    running[parent] = nil
                    out[child.pid, default: []].append(
                        Life(
                            from: child.from, end: at,
                            told: Place(input: input, line: event.source.line),
                            host: source.facts.streams[Int(header.stream)].host))
                }
            }
        }
        return out
    }

    private static func holds(
        _ source: SourceEvents, _ kind: EventKind, _ patterns: [PatternInfo]
    ) -> Bool {
        source.log.patterns.contains { patterns[$0].kind == kind }
    }
}
