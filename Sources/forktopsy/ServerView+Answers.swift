// SPDX-License-Identifier: Apache-2.0

internal import Live
internal import Model

// MARK: - What the server says

extension ServerView {
    /// What only the settings tell cannot be checked where the server keeps them to itself.
    var settings: Check? {
        let known: [String?] = [text(.configSave), text(.configDirectory), text(.configStopWrites)]
        guard known.allSatisfy({ $0 == nil }) else { return nil }
        let refusal = view.sample.unread.first {
            $0.what == HostReadings.settingsOf + (server.address?.spoken ?? "")
        }
        let cause = refusal.map { "CONFIG GET failed (\($0.reason))" } ?? "CONFIG GET told nothing"
        return check(
            "settings", .unknown,
            "\(cause): save points, the age of the save, the disk under the data and what happens "
                + "to writes were not checked.",
            fix: "forktopsy doctor --server \(server.address?.spoken ?? "ADDRESS") "
                + "--user NAME --password-file FILE  # a user with +config|get",
            source: "CONFIG GET")
    }

    /// A check of what INFO does not tell: servers of old releases leave much out.
    private func untold(_ id: String, _ what: String, _ source: String) -> Check {
        check(id, .unknown, "INFO tells nothing of \(what).", source: source)
    }

    var limit: Check {
        let source = "redis 7.2.4, redis.conf, maxmemory"
        guard let maximum = info(.maxmemory) else {
            return untold("maxmemory", "maxmemory", source)
        }
        guard let total = view.host(.memTotal) else {
            return check(
                "maxmemory", .unknown, "The host's memory could not be read.", source: source)
        }
        if maximum == 0 {
            return check(
                "maxmemory", .warning, "maxmemory is not set: the data may grow until memory ends.",
                fix: "\(client) CONFIG SET maxmemory \(total * 6 / 10)", source: source)
        }
        let limits = view.sample.snapshots.filter { isOwnGroup($0, by: .cgroupPath) }
            .compactMap { $0[.cgroupLimit] }.filter { $0 < Self.none }
        let room = min(total, limits.min() ?? total)
        let percent = maximum * 100 / max(1, room)
        return check(
            "maxmemory", percent > 90 ? .critical : percent > 75 ? .warning : .passed,
            "maxmemory is \(size(maximum)), \(percent) % of the \(size(room)) that there are; "
                + "buffers, fragmentation and what a save copies come on top.",
            fix: "\(client) CONFIG SET maxmemory \(room * 6 / 10)", source: source)
    }

    var copies: Check {
        let source = "redis 7.2.4, src/rdb.c, rdb_last_cow_size"
        guard let available = view.host(.memAvailable) else {
            return check(
                "copy_on_write", .unknown, "What memory is available could not be read.",
                source: source)
        }
        let known = [info(.lastSaveCopied), info(.lastRewriteCopied)].compactMap(\.self)
        guard let copied = known.max() else {
            return untold("copy_on_write", "what the last child copied", source)
        }
        return check(
            "copy_on_write",
            copied > available ? .critical : copied * 2 > available ? .warning : .passed,
            "The last child copied \(size(copied)); \(size(available)) are available.",
            source: source)
    }

    var lastSave: Check {
        guard let status = text(.lastSaveStatus) else {
            return untold("last_save", "the last save", "INFO persistence")
        }
        return check(
            "last_save", status == "ok" ? .passed : .critical,
            status == "ok" ? "The last save succeeded." : "The last save failed.",
            fix: "\(client) BGSAVE; sleep 5; \(client) INFO persistence",
            source: "INFO persistence")
    }

    var saveAge: Check? {
        guard let points = text(.configSave), !points.isEmpty else { return nil }
        guard let last = info(.lastSaveTime), let changes = info(.changesSinceSave) else {
            return untold("save_age", "when the last save was", "INFO persistence")
        }
        let age = sample - last
        return check(
            "save_age", changes > 0 && age > 86_400 ? .warning : .passed,
            "\(changes) changes since the last save, "
                + "\(spokenDuration(seconds: Double(max(0, age)))) ago.",
            fix: "\(client) BGSAVE", source: "INFO persistence",
            figure: ("save_age_\(server.pid)", max(0, age), "s"))
    }

    private var sample: Int64 { view.sample.at.nanoseconds / 1_000_000_000 }

    var appendOnly: Check? {
        guard let enabled = info(.aofEnabled) else {
            return untold("append_only_file", "the append-only file", "INFO persistence")
        }
        guard enabled == 1 else { return nil }
        let states = [text(.lastRewriteStatus), text(.lastAOFWriteStatus)]
        guard states.contains(where: { $0 != nil }) else {
            return untold("append_only_file", "how writing it went", "INFO persistence")
        }
        let isBad = states.contains { $0 != nil && $0 != "ok" }
        return check(
            "append_only_file", isBad ? .critical : .passed,
            isBad
                ? "The last rewrite of the append-only file, or writing to it, failed."
                : "Writing and rewriting the append-only file last succeeded.",
            fix: "\(client) BGREWRITEAOF; sleep 5; \(client) INFO persistence",
            source: "INFO persistence")
    }

    var persistence: Check? {
        guard let points = text(.configSave) else { return nil }
        let isNone = points.isEmpty && info(.aofEnabled) != 1
        return check(
            "persistence", isNone ? .warning : .passed,
            isNone
                ? "No save points and no append-only file: a restart loses everything."
                : "Save points: \(points.isEmpty ? "none" : points); append-only file: "
                    + "\(info(.aofEnabled) == 1 ? "on" : "off").",
            fix: "\(client) CONFIG SET save '3600 1 300 100 60 10000'",
            source: "redis 7.2.4, redis.conf, save")
    }

    var stopWrites: Check? {
        guard let value = text(.configStopWrites) else { return nil }
        return check(
            "stop_writes", value == "yes" ? .passed : .warning,
            value == "yes"
                ? "Writes are refused while saves fail (stop-writes-on-bgsave-error yes)."
                : "Writes go on while saves fail: nobody notices that nothing is kept.",
            fix: "\(client) CONFIG SET stop-writes-on-bgsave-error yes",
            source: "redis 7.2.4, redis.conf, stop-writes-on-bgsave-error")
    }

    var fragmentation: Check {
        let source = "redis.io, INFO, mem_fragmentation_ratio"
        guard let ratio = real(.fragmentationRatio), let resident = info(.usedMemoryRSS) else {
            return untold("fragmentation", "resident memory", source)
        }
        let isHigh = ratio > 1.5 && resident > 256 << 20
        return check(
            "fragmentation", isHigh ? .warning : .passed,
            isHigh || ratio <= 1.5
                ? "Resident memory is \((ratio * 100).rounded() / 100) times what the data takes."
                : "Resident memory is \(size(resident)), too little for its share to matter.",
            fix: "\(client) CONFIG SET activedefrag yes",
            source: source)
    }

    /// valkey 8.0.1, 8.1.1 and 9.1.2 were recorded to abort after a refused fork.
    var knownDefect: Check? {
        guard let version = text(.serverVersion), text(.serverProduct) == "valkey",
            text(.configDisklessSync) == "yes",
            ["8.0.", "8.1.", "9.0.", "9.1."].contains(where: { version.hasPrefix($0) })
        else { return nil }
        return check(
            "known_defect", .warning,
            "valkey \(version) may abort when the fork for a diskless synchronisation is refused "
                + "twice (seen with 8.0.1, 8.1.1 and 9.1.2).",
            fix: "\(client) CONFIG SET repl-diskless-sync no",
            source: "recorded: rdb.c, assertion on rdb_pipe_read")
    }

    var disk: Check? {
        guard let folder = text(.configDirectory), let used = info(.usedMemory) else { return nil }
        let source = "statvfs(3) of the data directory; an RDB file is seldom larger than the data"
        guard let space = view.space(folder) else {
            return check(
                "disk_space", .unknown, "The space in \(folder) could not be read.",
                fix: "df -h \(Self.quoted(folder))", source: source)
        }
        return check(
            "disk_space",
            space.available < used / 2 ? .critical : space.available < used ? .warning : .passed,
            "\(size(space.available)) are free in \(folder); the data in memory take "
                + "\(size(used)).",
            fix: "df -h \(Self.quoted(folder)); df -i \(Self.quoted(folder))", source: source,
            figure: ("disk_free_\(server.pid)", space.available, "B"))
    }
}
