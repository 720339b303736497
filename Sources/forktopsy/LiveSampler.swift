// SPDX-License-Identifier: Apache-2.0

internal import Live
internal import Model

/// Looks at memory while `tail` runs: seldom when all is quiet, often around a failure and while a
/// child saves. What it sees is kept in a ring, and is what verdicts rest on.
struct LiveSampler {
    private var targets: SampleTargets
    /// When the next look is due (monotonic seconds).
    private(set) var due: Double
    private var fastUntil = -Double.infinity
    private var takenAt = -Double.infinity
    private var alarmedAt = -Double.infinity
    /// Servers that did not answer, and when they are asked again (monotonic seconds).
    private var silent: [String: Double] = [:]
    /// The servers that were asked, by address, and why one did not answer; `nil` where it did.
    private(set) var answers: [String: String?] = [:]
    /// The servers of this host, and when they are looked for again (monotonic seconds).
    private var servers: [Discovery.Server] = []
    private var surveyAt = -Double.infinity
    private var repeats = RepeatedReadings()
    /// Until when every reading is kept (monotonic seconds).
    private var closeUntil = -Double.infinity

    /// Seconds behind the first failure in which readings are kept though they repeat.
    private static let close = 5.0
    /// Seconds between looks around a failure; else one is taken with each beat.
    private static let fast = 1.0
    /// How long after a failure it looks often.
    fileprivate static let aftermath = 120.0
    /// Seconds between looks at all processes of the host: for servers, and for the tasks of their
    /// users.
    private static let survey = 10.0
    /// How long a server may hold up the reading of logs, and how long it is then left alone.
    private static let patience = 0.25
    private static let pause = 30.0

    init(_ targets: SampleTargets, now: Double) {
        self.targets = targets
        due = now
    }

    /// Something failed: looks at everything, and often for a while; at once where nothing failed
    /// just before, since limits may have been changed a moment ago.
    mutating func alarm(now: Double) {
        let isFirst = alarmedAt + 2 * Self.fast < now
        due = isFirst ? now : min(due, max(now, takenAt + Self.fast))
        (alarmedAt, surveyAt) = (now, now)
        fastUntil = now + Self.aftermath
        if isFirst { closeUntil = now + Self.close }
    }

    /// What is to be read now; `nil` where no look is due.
    mutating func look(now: Double) -> Look? {
        guard due <= now else { return nil }
        takenAt = now
        silent = silent.filter { $0.value > now }
        targets.silent = Set(silent.keys)
        let isSurvey = surveyAt <= now || !servers.allSatisfy(\.isRunning)
        if isSurvey {
            servers = Discovery.servers()
            surveyAt = now + Self.survey
        }
        return Look(
            targets: targets, servers: servers, isQuiet: fastUntil <= now, isSurvey: isSurvey)
    }

    /// One look: reading takes time, in which logs go on.
    struct Look {
        fileprivate let targets: SampleTargets
        fileprivate let servers: [Discovery.Server]
        fileprivate let isQuiet: Bool
        fileprivate let isSurvey: Bool

        /// Calls `breathe` again and again meanwhile.
        func taken(breathe: () -> Void) -> HostSample {
            HostSample(
                targets.read(
                    patience: LiveSampler.patience, of: servers, withMappings: isQuiet,
                    withTasks: isSurvey, breathe: breathe),
                at: HostSample.now, breathe: breathe)
        }
    }

    /// Takes note of what a look has shown, and keeps it in `source`; `store` makes room for those that
    /// stay when there are too many.
    mutating func keep(
        _ sample: HostSample, in source: LiveSource, near incidents: [Incident], now: Double,
        fresh store: () -> EventStore
    ) {
        for (what, _) in sample.unread where what.hasPrefix(HostReadings.serverAt) {
            silent[String(what.dropFirst(HostReadings.serverAt.count))] = now + Self.pause
        }
        for address in sample.asked {
            let failed = sample.unread.first { $0.what == HostReadings.serverAt + address }
            answers[address] = .some(failed?.reason)
        }
        source.add(repeats.kept(of: sample.snapshots, at: sample.at, all: now < closeUntil))
        source.trimSamples(near: incidents, fresh: store)
        let saves = sample.snapshots.contains { $0.subject.isChild }
        due = saves || fastUntil > now ? now + Self.fast : Beat.next(after: now)
    }
}

extension LiveSource {
    static let samplesOrigin = "samples"

    /// Whether what was read last was written just now, and is not of an old log.
    var isOfNow: Bool {
        mark.modifiedAt == 0
            || wallClock() - Double(mark.modifiedAt) / 1e9 < LiveSampler.aftermath
    }

    /// Whether it holds what `tail` itself saw.
    var isSamples: Bool { origin == Self.samplesOrigin }

    fileprivate func add(_ snapshots: [Snapshot]) {
        for snapshot in snapshots { collector.snapshots.restore(snapshot) }
        isChanged = true
    }

    /// Snapshots that are kept at most, and how many of them are the newest.
    private static let sampleLimit = 1200
    private static let newestKept = 300
    /// Seconds around an incident in which samples are kept, and around its beginning and its end in
    /// which all are.
    private static let surroundings = 180.0
    private static let closeSurroundings = 2.0
    /// Seconds between two samples of one kind that are kept elsewhere.
    private static let thinned = 10.0

    /// Of old samples only those around incidents are kept, and all only where these begin and end.
    fileprivate func trimSamples(near incidents: [Incident], fresh store: () -> EventStore) {
        let count = collector.snapshots.log.count
        guard count > Self.sampleLimit else { return }
        let spans = incidents.suffix(20).compactMap { incident -> ClosedRange<Timestamp>? in
            guard let start = incident.startedAt else { return nil }
            return start...max(start, incident.recoveredAt ?? incident.lastFailureAt ?? start)
        }
        var kept: [Int] = []
        var latest: [ReadingKey: Timestamp] = [:]
        var index = 0
        collector.snapshots.log.forEach { snapshot in
            defer { index += 1 }
            let at = Timestamp(nanoseconds: snapshot.stamp.nanoseconds)
            let key = ReadingKey(snapshot)
            let isDue = latest[key].map { at.seconds(since: $0) >= Self.thinned } ?? true
            let isWanted = spans.contains { span in
                isDue && span.widened(by: Self.surroundings).contains(at)
                    || abs(at.seconds(since: span.lowerBound)) <= Self.closeSurroundings
                    || abs(at.seconds(since: span.upperBound)) <= Self.closeSurroundings
            }
            guard index >= count - Self.newestKept || isWanted else { return }
            latest[key] = at
            kept.append(index)
        }
        // Of too many around incidents the oldest give way.
        let staying = Set(kept.suffix(Self.sampleLimit / 2))
        keepSamples(in: store()) { staying.contains($0) }
    }
}

extension ClosedRange<Timestamp> {
    fileprivate func widened(by seconds: Double) -> ClosedRange<Timestamp> {
        lowerBound.adding(seconds: -seconds)...upperBound.adding(seconds: seconds)
    }
}
