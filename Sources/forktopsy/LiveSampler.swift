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

    /// Takes note of what a look has shown, and keeps it in `source`.
    mutating func keep(
        _ sample: HostSample, in source: LiveSource, near incidents: [Incident], now: Double
    ) {
        for (what, _) in sample.unread where what.hasPrefix(HostReadings.serverAt) {
            silent[String(what.dropFirst(HostReadings.serverAt.count))] = now + Self.pause
        }
        for address in sample.asked {
            let failed = sample.unread.first { $0.what == HostReadings.serverAt + address }
            answers[address] = .some(failed?.reason)
        }
        source.add(sample)
        source.trimSamples(near: incidents)
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

    fileprivate func add(_ sample: HostSample) {
        for var snapshot in sample.snapshots {
            snapshot.stamp = Stamp(
                form: .epoch, precision: .millisecond, nanoseconds: sample.at.nanoseconds)
            snapshot.timeBasis = .inFormat
            collector.snapshots.restore(snapshot)
        }
        isChanged = true
    }

    /// Snapshots that are kept at most, and how many of them are the newest.
    private static let sampleLimit = 4000
    private static let newestKept = 1000
    /// Seconds around an incident in which all samples are kept.
    private static let surroundings = 180.0

    /// Of old samples only those around incidents are kept.
    fileprivate func trimSamples(near incidents: [Incident]) {
        let count = collector.snapshots.log.count
        guard count > Self.sampleLimit else { return }
        let spans = incidents.suffix(20).compactMap { incident -> ClosedRange<Timestamp>? in
            guard let start = incident.startedAt else { return nil }
            let last = incident.recoveredAt ?? incident.lastFailureAt ?? start
            return start.adding(
                seconds: -Self.surroundings)...max(start, last).adding(seconds: Self.surroundings)
        }
        var kept: [Snapshot] = []
        var index = 0
        collector.snapshots.log.forEach { snapshot in
            index += 1
            let at = Timestamp(nanoseconds: snapshot.stamp.nanoseconds)
            if index > count - Self.newestKept || spans.contains(where: { $0.contains(at) }) {
                kept.append(snapshot)
            }
        }
        // Of too many around incidents the oldest give way.
        resetSamples(Array(kept.suffix(Self.sampleLimit / 2)))
    }
}
