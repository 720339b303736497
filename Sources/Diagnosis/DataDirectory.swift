// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The file system that a server saves to, and what a save needs there.
struct DataDirectory {
    private let facts: Case
    /// Free bytes of the file system that holds the directory.
    let free: Measured?
    /// What a new file takes at most: an RDB file is seldom larger than the data set in memory. Nothing
    /// bounds an append-only file.
    let need: Measured?
    private let inodesFree: Measured?
    /// How the file system is mounted.
    let mountOptions: Measured?
    /// The device or file server below it.
    let source: Measured?
    /// Whether it is the root, the only file system that was told of, and no line names the
    /// directory, which may be on another.
    let isOnlyPlace: Bool
    /// How many file systems were told of, none of which is known to hold the directory.
    let unplaced: Int

    /// How well what is free was read for the failure.
    enum Reach {
        /// Within the hour before it, or while it went on.
        case timely
        /// Without a time of its own.
        case undated
        /// At another time.
        case other
    }

    init(_ facts: Case) {
        self.facts = facts
        let directory =
            facts.nearest(.configDirectory, where: Case.isServer)?.text
            ?? facts.incident.directory
        func places(_ measure: Measure) -> Set<String> {
            Set(facts.incident.readings.all(measure).compactMap { $0.subject.path })
        }
        let mounts = places(.diskAvailable)
        let mount = Self.mount(of: directory, among: mounts)
        unplaced = mount == nil ? mounts.count : 0
        let isThere: (SnapshotSubject) -> Bool = {
            $0.scope == .fileSystem && $0.path == mount
        }
        let place = Self.mount(of: directory, among: places(.mountOptions))
        isOnlyPlace = directory == nil && (mount ?? place) == "/"
        let below = Self.mount(of: directory, among: places(.mountSource))
        source =
            below == nil
            ? nil
            : facts.nearestInTime(.mountSource) { $0.scope == .fileSystem && $0.path == below }
        mountOptions =
            place == nil
            ? nil
            : facts.nearestInTime(.mountOptions) { $0.scope == .fileSystem && $0.path == place }
        free = mount == nil ? nil : facts.nearestInTime(.diskAvailable, where: isThere)
        inodesFree = mount == nil ? nil : facts.nearestInTime(.inodesFree, where: isThere)
        need =
            Self.isAboutRDB(facts)
            ? facts.before(.usedMemory, where: Case.isServer)
                ?? facts.nearest(.usedMemory, where: Case.isServer)
            : nil
    }

    private static func isAboutRDB(_ facts: Case) -> Bool {
        facts.events(.operation_failed).contains { $0.operation == .bgsave }
            || facts.events(.aof_write_error, .aof_file_error, .aof_enable_failed).isEmpty
    }

    /// The mount point that is the longest prefix of the directory; the only one, where the
    /// directory is not known.
    private static func mount(of directory: String?, among mounts: Set<String>) -> String? {
        guard let directory else {
            guard mounts.count == 1, let only = mounts.first else { return nil }
            // No server has its data there.
            let foreign = ["/boot", "/run", "/dev", "/snap", "/media", "/proc", "/sys"]
            return foreign.contains { only == $0 || only.hasPrefix($0 + "/") } ? nil : only
        }
        return mounts.filter { directory == $0 || directory.hasPrefix($0 == "/" ? "/" : $0 + "/") }
            .max { $0.utf8.count < $1.utf8.count }
    }

    /// For which time the reading that shows too little was taken.
    var reach: Reach {
        (areInodesUsedUp ? inodesFree : free).map(reach) ?? .other
    }

    func reach(_ reading: Measured) -> Reach {
        guard let at = reading.at, let start = facts.start, let end = facts.end else {
            return .undated
        }
        let last = facts.incident.recoveredAt ?? end.adding(seconds: Self.hour)
        let isNear = at >= start.adding(seconds: -Self.hour) && at <= max(last, end)
        guard isNear else { return .other }
        return reading.placed.isFileTime ? .undated : .timely
    }

    private static let hour = 3600.0

    var areInodesUsedUp: Bool { inodesFree.map(isUsedUp) ?? false }

    private func isUsedUp(_ inodes: Measured) -> Bool {
        inodes.number == 0 && reach(inodes) != .other
    }

    /// Whether what was free did not suffice, or inodes were used up, as far as it was read for the
    /// time of the failure: what is free at another time says nothing of it.
    var isTooSmall: Bool {
        if areInodesUsedUp { return true }
        return isFull || isPerhapsTooSmall
    }

    private var isFull: Bool {
        // A few blocks may be left on a disk that is full.
        free.map { reach($0) != .other && $0.number <= 1 << 20 } ?? false
    }

    /// Less was free than a file takes at most, which does not show that it needed as much.
    var isPerhapsTooSmall: Bool {
        guard !areInodesUsedUp, !isFull, let free, reach(free) != .other, let need else {
            return false
        }
        return need.number > free.number
    }

    /// Whether what was free speaks against a lack of space: it was enough for the largest file, or
    /// inodes were what lacked. A save that failed removes its file, so that less, read after it, shows
    /// nothing.
    private var isAgainst: Bool {
        guard let free else { return false }
        return areInodesUsedUp || need.map { $0.number <= free.number } ?? false
    }

    var evidence: [Evidence] {
        var out: [Evidence] = []
        let isFor = isTooSmall && !areInodesUsedUp
        if let free, isFor || isAgainst {
            out.append(
                facts.cite(
                    free, isFor ? .for : .against,
                    "free space of \(free.subject.path ?? "the file system"), "
                        + facts.distance(of: free)))
        }
        if let inodesFree, isUsedUp(inodesFree) {
            out.append(facts.cite(inodesFree, .for, "no inode is free"))
        }
        return out
    }

    var arithmetic: [Quantity] {
        guard let free, let need, !areInodesUsedUp else { return [] }
        return [
            facts.quantity("need, at most", need),
            facts.quantity("free", free),
        ]
    }
}

/// What the server itself says of its persistence while it fails.
enum ServerStatus {
    /// INFO that says that saves or AOF writes fail, between the first failure and the recovery.
    static func failing(_ facts: Case) -> [Evidence] {
        guard let start = facts.start else { return [] }
        let end = facts.incident.recoveredAt ?? facts.end ?? start
        for measure in [Measure.lastSaveStatus, .lastAOFWriteStatus, .lastRewriteStatus] {
            let hit = facts.incident.readings.all(measure, where: Case.isServer).first {
                guard let at = $0.at, !$0.placed.isFileTime else { return false }
                return $0.text == "err" && at >= start.adding(seconds: -1)
                    && (facts.incident.status == .ongoing_at_end && !facts.hasRestarted
                        || at <= end.adding(seconds: 5))
            }
            if let hit {
                return [
                    facts.cite(
                        hit, .for,
                        "INFO says \(measure.name):err, \(facts.distance(of: hit))")
                ]
            }
        }
        return []
    }
}

extension Incident {
    /// The data directory, as the server's own lines name it.
    var directory: String? {
        observations.lazy.compactMap { $0["dir"] ?? $0["directory"] }.first { $0 != Self.nameless }
    }

    /// Whether a line shows that the directory the server works in had been removed: it could not name
    /// it (redis 3.2.0 - 8.6.3, src/rdb.c, `rdbSave`: getcwd(3) failed).
    var directoryHasNoName: Bool {
        observations.contains { ($0["dir"] ?? $0["directory"]) == Self.nameless }
    }

    private static let nameless = "unknown"
}

extension Case {
    /// The reading with the least distance from the first failure.
    func nearestInTime(
        _ measure: Measure, where accepts: (SnapshotSubject) -> Bool = { _ in true }
    ) -> Measured? {
        let all = incident.readings.all(measure, where: accepts).filter {
            !$0.placed.snapshot.isChange
        }
        guard let start, let end else { return all.last }
        func distance(_ reading: Measured) -> Double {
            guard let at = reading.at else { return .infinity }
            if at >= start, at <= end { return 0 }
            return at < start ? start.seconds(since: at) : at.seconds(since: end)
        }
        return all.min { distance($0) < distance($1) }
    }
}
