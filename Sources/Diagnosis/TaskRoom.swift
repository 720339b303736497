// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Whether a limit on tasks leaves room for one more, by the newest figures.
struct TaskRoom {
    let facts: Case
    /// The last save that worked: a limit that was read before it did not refuse it.
    let lastSuccessAt: Timestamp?

    /// A limit that is reached: what is said of it, and what shows it.
    struct Reached {
        var statement: String
        var evidence: [Evidence]
    }

    /// The first limit that leaves no room; `nil` where none is known to be reached.
    var reached: Reached? { group ?? user ?? host }

    /// Whether the newest reading of a limit is newer than the last fork that worked.
    private func counts(_ reading: Measured) -> Bool {
        guard let at = reading.at, !reading.placed.isFileTime else { return false }
        return lastSuccessAt.map { at >= $0 } ?? true
    }

    /// A pids cgroup of the server, or above it. Its limit binds root as well.
    private var group: Reached? {
        let all = facts.incident.readings.all(.pidsCurrent, where: Case.isCgroup).filter(counts)
        let newest = Dictionary(grouping: all) { $0.subject.path ?? "" }
        for path in newest.keys.sorted() {
            guard let current = newest[path]?.last,
                let value = current.placed.snapshot.value(.pidsMax)
            else { continue }
            let most = Measured(value: value, placed: current.placed)
            guard most.number < .max, current.number >= most.number else { continue }
            return Reached(
                statement:
                    "The next fork would be refused: the group \(path.isEmpty ? "of the server" : path) "
                    + "has \(current.number) tasks, and \(most.number) are allowed.",
                evidence: [
                    facts.cite(most, .for, "pids.max"), facts.cite(current, .for, "pids.current"),
                ])
        }
        return nil
    }

    private var user: Reached? {
        guard
            let limit = facts.incident.readings.all(.limitProcesses, where: Case.isServerProcess)
                .last(where: { $0.at != nil }), counts(limit), limit.number < .max,
            !(facts.isPrivileged?.isPrivileged ?? false)
        else { return nil }
        let threads = facts.incident.readings.all(.threads, where: Case.isServerProcess)
            .last { $0.at != nil }
        let tasks = facts.serverUserTasks.last { counts($0) }
        if let tasks, tasks.number >= limit.number {
            return Reached(
                statement:
                    "The next fork would be refused: the server's user has \(tasks.number) tasks, "
                    + "and may have \(limit.number).",
                evidence: [
                    facts.cite(limit, .for, "Max processes"),
                    facts.cite(tasks, .for, "tasks of the user"),
                ])
        }
        guard let threads, threads.number >= limit.number else { return nil }
        return Reached(
            statement:
                "The next fork would be refused: the server has \(threads.number) threads, and its "
                + "user may have \(limit.number) tasks.",
            evidence: [
                facts.cite(limit, .for, "Max processes"),
                facts.cite(threads, .for, "threads of the server"),
            ])
    }

    private var host: Reached? {
        guard
            let tasks = facts.incident.readings.all(.tasks, where: Case.isHost)
                .last(where: { counts($0) })
        else { return nil }
        for measure in [Measure.pidMax, .threadsMax] {
            guard let limit = facts.setting(measure, where: Case.isHost)?.reading,
                tasks.number >= limit.number
            else { continue }
            return Reached(
                statement:
                    "The next fork would be refused: the host has \(tasks.number) tasks, and "
                    + "\(measure.name) allows \(limit.number).",
                evidence: [
                    facts.cite(limit, .for, "the limit"), facts.cite(tasks, .for, "tasks"),
                ])
        }
        return nil
    }
}

extension Case {
    /// Readings of how many tasks the server's user has; nothing where whose they are is not known.
    ///
    /// A sample counts for every user that runs a server: another user's count says nothing of this
    /// one's limit.
    var serverUserTasks: [Measured] {
        let ids = Set(
            incident.readings.all(.userID, where: Self.isServerProcess).filter {
                $0.placed.snapshot.value(.userTasks) == nil
            }.map(\.number))
        let names = Set(
            incident.readings.all(.userName, where: Self.isServerProcess).filter {
                $0.placed.snapshot.value(.userTasks) == nil
            }.map(\.text))
        return incident.readings.all(.userTasks).filter { reading in
            // One that names the server's process counted for that process.
            if reading.subject.pid != nil { return true }
            let snapshot = reading.placed.snapshot
            if let id = snapshot[.userID] { return ids.contains(id) }
            guard let name = snapshot.text(.userName) else { return true }
            if let id = Int64(name) { return ids.contains(id) }
            return names.isEmpty || names.contains(name)
        }
    }

    /// The tasks of the server's user, as near to the first failure as they were read.
    var nearestUserTasks: Measured? {
        let dated = serverUserTasks.filter { $0.at != nil && !$0.placed.isFileTime }
        guard let start, clockConflict == nil else { return serverUserTasks.first }
        return dated.last { ($0.at ?? start) <= start.adding(seconds: 0.5) } ?? dated.first
            ?? serverUserTasks.first
    }
}
