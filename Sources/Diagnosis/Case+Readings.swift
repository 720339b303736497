// SPDX-License-Identifier: Apache-2.0
// What snapshots say around an incident, and for how long it holds.

internal import Model

/// A setting or limit at the time of the failure, as far as it was read.
struct Setting {
    /// How well a reading covers the failure.
    enum Reach {
        /// Read before and after, the same both times, and no change seen between.
        case held
        /// Read before, and no change seen up to the failure.
        case before
        /// Read before as one thing and after as another: when it changed is not known.
        case between
        /// Read only after the failure; it may have been changed since.
        case after
        /// Read as something that lines of the kernel show not to have held.
        case contradicted
        /// No time is known.
        case undated
    }

    var reading: Measured
    var reach: Reach
    /// The first reading or command after the failures that differs.
    var changedLater: Measured?

    var number: Int64 { reading.number }
    var text: String { reading.text }
    /// How long before the first failure it was read, in seconds.
    var age = 0.0
    /// Whether it is known for the moment of the failure, not just for another. What was read more
    /// than an hour before, and not again, is not.
    var isKnown: Bool { reach == .held || reach == .before && age <= 3600 }
}

extension Case {
    /// When the first failure was seen.
    var start: Timestamp? { incident.startedAt }
    var end: Timestamp? { incident.lastFailureAt ?? incident.startedAt }

    /// The limits of a shell (`ulimit -a`) are its own, not the server's.
    static func isServerProcess(_ subject: SnapshotSubject) -> Bool {
        subject.scope == .process && !subject.isChild && subject.command != "shell"
    }

    static func isChildProcess(_ subject: SnapshotSubject) -> Bool {
        subject.scope == .process && subject.isChild
    }

    static func isHost(_ subject: SnapshotSubject) -> Bool { subject.scope == .host }
    static func isServer(_ subject: SnapshotSubject) -> Bool { subject.scope == .server }
    static func isCgroup(_ subject: SnapshotSubject) -> Bool { subject.scope == .cgroup }

    /// What was set when the first failure happened.
    func setting(
        _ measure: Measure, where accepts: (SnapshotSubject) -> Bool = { _ in true }
    ) -> Setting? {
        let all = incident.readings.all(measure, where: accepts)
        guard let start, let end, clockConflict == nil else {
            return all.last.map { Setting(reading: $0, reach: .undated) }
        }
        let dated = all.filter { $0.at != nil && !$0.placed.isFileTime }
        let before = dated.last { ($0.at ?? start) <= start }
        let after = dated.first { ($0.at ?? end) > start }
        if let before {
            let later = dated.first { ($0.at ?? end) > start && $0.text != before.text }
            let isConfirmed = dated.contains {
                ($0.at ?? start) > start && !$0.placed.snapshot.isChange && $0.text == before.text
                    && ($0.at ?? end) < (later?.at ?? Timestamp(nanoseconds: .max))
            }
            let changedUnseen = later.map { !$0.placed.snapshot.isChange } ?? false
            return Setting(
                reading: before, reach: isConfirmed ? .held : changedUnseen ? .between : .before,
                changedLater: later, age: before.at.map { start.seconds(since: $0) } ?? 0)
        }
        // A command that changed it after the failure says what it is now, not what it was.
        if let after {
            guard !after.placed.snapshot.isChange else { return nil }
            let later = dated.first { ($0.at ?? end) > (after.at ?? end) && $0.text != after.text }
            return Setting(reading: after, reach: .after, changedLater: later)
        }
        let undated = all.last { !$0.placed.snapshot.isChange }
        return undated.map { Setting(reading: $0, reach: .undated) }
    }

    /// The last reading at or before an instant, by default the first failure.
    ///
    /// One that was taken within the second counts as before: clocks of tools differ by that much.
    func before(
        _ measure: Measure, _ instant: Timestamp? = nil,
        where accepts: (SnapshotSubject) -> Bool = { _ in true }
    ) -> Measured? {
        guard let at = instant ?? start, clockConflict == nil else { return nil }
        return incident.readings.last(measure, atOrBefore: at.adding(seconds: 0.5), where: accepts)
            .flatMap { $0.placed.isFileTime || $0.placed.snapshot.isChange ? nil : $0 }
    }

    /// The last reading before an instant that cannot have been taken behind it: a stamp in whole seconds
    /// stands for all of its second.
    func surelyBefore(
        _ measure: Measure, _ instant: Timestamp, where accepts: (SnapshotSubject) -> Bool
    ) -> Measured? {
        guard clockConflict == nil else { return nil }
        return incident.readings.all(measure, where: accepts).last { reading in
            guard let at = reading.at, !reading.placed.isFileTime,
                !reading.placed.snapshot.isChange
            else { return false }
            let isWhole = reading.placed.snapshot.stamp.precision == .second
            return at.adding(seconds: isWhole ? 1 : 0) <= instant
        }
    }

    /// The last reading in the minute before the first failure: of what moves, nothing older
    /// bounds anything.
    func recent(
        _ measure: Measure, within seconds: Double = 60,
        where accepts: (SnapshotSubject) -> Bool = { _ in true }
    ) -> Measured? {
        guard let start, let reading = before(measure, where: accepts), let at = reading.at,
            start.seconds(since: at) <= seconds
        else { return nil }
        return reading
    }

    /// Whether a setting is known for one of the failures at least: it was read before one of them.
    func isKnownDuring(_ setting: Setting) -> Bool {
        if setting.isKnown { return true }
        guard setting.reach == .after, let read = setting.reading.at, let end else { return false }
        return read <= end && setting.changedLater == nil
    }

    /// Whether a setting tells of the failures: known for them, or read while forks were still being
    /// refused and nothing had been changed.
    func tells(_ setting: Setting) -> Bool {
        setting.isKnown || setting.reach == .after && stillRefused(at: setting.reading.at)
    }

    /// The first reading after the last failure.
    func after(
        _ measure: Measure, where accepts: (SnapshotSubject) -> Bool = { _ in true }
    ) -> Measured? {
        end.flatMap { incident.readings.first(measure, after: $0, where: accepts) }
    }

    /// What is set by the newest word on it, a command that set it included: what a remedy begins at,
    /// and goes back to.
    func newest(
        _ measure: Measure, where accepts: (SnapshotSubject) -> Bool = { _ in true }
    ) -> Measured? {
        let all = incident.readings.all(measure, where: accepts)
        return all.last { $0.at != nil && !$0.placed.isFileTime }
            ?? all.last { !$0.placed.snapshot.isChange }
    }

    /// The reading nearest to the first failure, with a time or without.
    func nearest(
        _ measure: Measure, where accepts: (SnapshotSubject) -> Bool = { _ in true }
    ) -> Measured? {
        before(measure, where: accepts) ?? after(measure, where: accepts)
            ?? incident.readings.first(measure, where: accepts)
    }

    /// All readings between the first and the last failure, and the ones right around them.
    func around(
        _ measure: Measure, where accepts: (SnapshotSubject) -> Bool = { _ in true }
    ) -> [Measured] {
        guard let start, let end else { return [] }
        let inside = incident.readings.all(measure, where: accepts).filter {
            ($0.at.map { $0 >= start && $0 <= end } ?? false) && !$0.placed.snapshot.isChange
        }
        return [before(measure, where: accepts)].compactMap(\.self) + inside
            + [after(measure, where: accepts)].compactMap(\.self)
    }

    // MARK: - Citing

    func cite(
        _ reading: Measured, _ direction: Evidence.Direction, _ statement: String
    ) -> Evidence {
        // Of a setting the statement says the value; texts have none, nor has no limit.
        let isPlain =
            reading.measure.unit == .text || reading.measure.isSetting || reading.number == .max
        return Evidence(
            direction, statement, quote: nil, at: reading.at, source: reading.source,
            value: isPlain ? nil : reading.real,
            unit: isPlain ? nil : reading.measure.unit.rawValue)
    }

    func quantity(_ name: String, _ reading: Measured) -> Quantity {
        Quantity(
            name: name, value: reading.real, unit: reading.measure.unit.rawValue,
            source: "\(reading.source.spoken), \(distance(of: reading))")
    }

    func quantity(_ name: String, bytes: Int64, _ source: String) -> Quantity {
        Quantity(name: name, value: Double(bytes), unit: "bytes", source: source)
    }

    func quantity(_ name: String, count: Int64, _ source: String) -> Quantity {
        Quantity(name: name, value: Double(count), unit: "count", source: source)
    }

    /// `3 s before the first failure`.
    func distance(of reading: Measured) -> String {
        guard let at = reading.at, let start else { return "time not known" }
        if reading.placed.isZoneDoubtful {
            return "by a clock whose distance from the log's is not known"
        }
        if reading.placed.isFileTime { return "dated by its file's time" }
        return Self.distance(at, from: start)
    }

    static func distance(_ at: Timestamp, from start: Timestamp) -> String {
        let seconds = at.seconds(since: start)
        if abs(seconds) < 0.05 { return "at the first failure" }
        return "\(spokenDuration(seconds: seconds)) \(seconds < 0 ? "before" : "after") the "
            + "first failure"
    }

    /// For which time, and whose, a setting is known to hold.
    func reach(of setting: Setting) -> String {
        let tie =
            switch setting.reading.placed.tie {
            case .own: ""
            case .assumed: "; nothing there says that it is of this host"
            case .doubtful: "; the servers named there are others"
            }
        return time(of: setting) + tie
    }

    private func time(of setting: Setting) -> String {
        let later = setting.changedLater.map { later in
            let verb = later.placed.snapshot.isChange ? "set to" : "read as"
            return "; \(verb) \(later.text) \(distance(of: later))"
        }
        switch setting.reach {
        case .contradicted:
            return "read \(distance(of: setting.reading)), but the kernel's own line shows another "
                + "at the failure" + (later ?? "")
        case .held:
            return "read \(distance(of: setting.reading)) and again, unchanged, after it"
                + (later ?? "")
        case .before:
            return "read \(distance(of: setting.reading)); no change is seen up to it"
                + (later ?? "")
        case .between:
            return "read \(distance(of: setting.reading)); when it was changed is not known"
                + (later ?? "")
        case .after:
            return "read only \(distance(of: setting.reading)); it may have been changed since"
                + (later ?? "")
        case .undated where setting.reading.at != nil && start == nil:
            return "read then; when it failed is not known"
        case .undated where setting.reading.placed.isZoneDoubtful:
            return "read by a clock whose distance from the log's is not known"
        case .undated where setting.reading.placed.isFileTime && setting.reading.at != nil:
            return "read at a time that is not known (that of its file stands here)"
        case .undated: return "read at a time that is not known"
        }
    }
}

// MARK: - What is often asked

extension Case {
    /// vm.overcommit_memory at the first failure.
    ///
    /// Where it was read as another value before and as 1 after, the change to 1 came after: with
    /// 1 accounting refuses nothing.
    var overcommitMode: Setting? {
        guard var mode = setting(.overcommitMemory, where: Self.isHost) else { return nil }
        if mode.reach == .between, mode.changedLater?.number == 1, mode.number != 1 {
            mode.reach = .before
        }
        if mode.number != 2, kernelShowsStrict != nil { mode.reach = .contradicted }
        return mode
    }

    /// RAM, where the kernel's lines prove that the mode was 2: on a kernel that prints them (Linux 6.1
    /// on), modes 0 and 1 refuse no mapping that is smaller than RAM and swap together (Linux v6.6,
    /// mm/util.c, `__vm_enough_memory`).
    var kernelShowsStrict: (ram: Measured, largest: Int64)? {
        let named = kernelRefusals.compactMap { $0.int("bytes") }.map(Int64.init)
        guard let largest = named.max(), let (ram, swap) = ramAndSwap,
            largest < ram.number + (swap?.number ?? 0)
        else { return nil }
        return (ram, largest)
    }

    /// When vm.overcommit_memory became 1 after the first failure: by a reading that differs from one
    /// before, or by the command that set it, whatever it was before.
    var modeSetToOne: Measured? {
        if let later = overcommitMode?.changedLater { return later.number == 1 ? later : nil }
        guard let start, clockConflict == nil else { return nil }
        let all = incident.readings.all(.overcommitMemory, where: Self.isHost).filter {
            $0.at != nil && !$0.placed.isFileTime
        }
        // The first that is known of it.
        guard let first = all.first, let at = first.at, at > start,
            first.placed.snapshot.isChange, first.number == 1
        else { return nil }
        return first
    }

    /// When vm.overcommit_memory was 2 at the first failure, and became 0 later.
    var modeLeftStrict: Measured? {
        guard let mode = overcommitMode, mode.number == 2, let later = mode.changedLater else {
            return nil
        }
        return later.number == 0 ? later : nil
    }

    /// RAM and swap of the host.
    var ramAndSwap: (ram: Measured, swap: Measured?)? {
        guard
            let ram = nearest(.memTotal, where: Self.isHost)
                ?? nearest(.totalSystemMemory, where: Self.isServer)
        else { return nil }
        return (ram, nearest(.swapTotal, where: Self.isHost))
    }

    /// The kernel's version as far as it decides: major and minor.
    var kernelVersion: (major: Int, minor: Int, reading: Measured)? {
        guard let reading = nearest(.kernelRelease) else { return nil }
        let parts = reading.text.split(whereSeparator: { !$0.isNumber }).prefix(2)
        guard parts.count == 2, let major = Int(parts[0]), let minor = Int(parts[1]) else {
            return nil
        }
        return (major, minor, reading)
    }

    func kernelIsAtLeast(_ major: Int, _ minor: Int) -> Bool? {
        kernelVersion.map { ($0.major, $0.minor) >= (major, minor) }
    }

    /// Whether the kernel may be a distribution's with later changes taken back into it.
    var kernelIsBackported: Bool {
        kernelVersion.map { $0.reading.text.contains(".el") } ?? false
    }

    /// Whether the server, and not its cgroup alone, runs as root or with the capability.
    var isPrivileged: (reading: Measured, isPrivileged: Bool)? {
        if let caps = nearest(.effectiveCapabilities, where: Self.isServerProcess),
            let bits = UInt64(caps.text, radix: 16)
        {
            // CAP_SYS_ADMIN is 21, CAP_SYS_RESOURCE is 24.
            return (caps, bits & (1 << 21 | 1 << 24) != 0)
        }
        if let uid = nearest(.userID, where: Self.isServerProcess) { return (uid, uid.number == 0) }
        return nil
    }
}
