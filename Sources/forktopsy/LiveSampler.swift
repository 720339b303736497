// SPDX-License-Identifier: Apache-2.0

internal import Live
internal import Model

/// Looks at memory while `tail` runs: seldom when all is quiet, often around a failure and while a
/// child saves. What it sees is kept in a ring, and is what verdicts rest on.
struct LiveSampler {
    private let targets: SampleTargets
    /// When the next look is due (monotonic seconds).
    private(set) var due: Double
    private var fastUntil = -Double.infinity
    /// Servers that did not answer, and when they are asked again (monotonic seconds).
    private var silent: [String: Double] = [:]

    /// Seconds between looks.
    private static let slow = 30.0
    private static let fast = 1.0
    /// How long after a failure it looks often.
    private static let aftermath = 120.0
    /// How long a server may hold up the reading of logs, and how long it is then left alone.
    private static let patience = 0.25
    private static let pause = 30.0

    init(_ targets: SampleTargets, now: Double) {
        self.targets = targets
        due = now
    }

    /// Something failed: looks at once, and often for a while.
    mutating func alarm(now: Double) {
        if fastUntil < now { due = now }
        fastUntil = now + Self.aftermath
    }

    /// Takes a sample, where one is due, and adds it to `source`. True where it did.
    mutating func work(now: Double, into source: LiveSource, near incidents: [Incident]) -> Bool {
        guard due <= now else { return false }
        var targets = targets
        let isQuiet = fastUntil <= now
        silent = silent.filter { $0.value > now }
        targets.silent = Set(silent.keys)
        let sample = HostSample(
            targets.read(patience: Self.patience, withMappings: isQuiet), at: HostSample.now)
        for (what, _) in sample.unread where what.hasPrefix(HostReadings.serverAt) {
            silent[String(what.dropFirst(HostReadings.serverAt.count))] = now + Self.pause
        }
        source.add(sample)
        source.trimSamples(near: incidents)
        let saves = sample.snapshots.contains { $0.subject.isChild }
        due = now + (saves || fastUntil > now ? Self.fast : Self.slow)
        return true
    }
}

extension LiveSource {
    static let samplesOrigin = "samples"

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
