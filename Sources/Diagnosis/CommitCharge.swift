// SPDX-License-Identifier: Apache-2.0

internal import Model

/// What a fork of the server has to account, and what there is room for: the arithmetic of
/// `vm.overcommit_memory=2`.
///
/// A fork charges every accounted mapping in full (Linux v6.6, kernel/fork.c, `dup_mmap`;
/// mm/util.c, `__vm_enough_memory`). Which mappings are accounted, smaps' VmFlags say (`ac`);
/// else the sum lies between bounds that version, allocator and the mode at the server's start
/// set.
struct CommitCharge {
    /// What the fork has to account, at least and at most; equal where it was read.
    var atLeast: (bytes: Int64, source: String, reading: Measured?)
    var atMost: (bytes: Int64, source: String, reading: Measured?)?
    var committed: Measured
    var limit: Measured
    /// When the figures were read, next to the failure that they are held against.
    var moment = Moment.before
    /// What is kept back from the server: for root (`admin_reserve_kbytes`) and for the user.
    var adminReserve: Int64
    var userReserve: Int64

    /// The highest that Committed_AS may become by this server.
    var ceiling: Int64 { limit.number - adminReserve - userReserve }
    var needAtLeast: Int64 { committed.number + atLeast.bytes }
    var needAtMost: Int64? { atMost.map { committed.number + $0.bytes } }

    /// The kernel's counters run behind by a batch for each processor, about 0.4 % of RAM in all
    /// (Linux v6.1, mm/mm_init.c, `mm_compute_batch`).
    var slack: Int64

    /// Whether what the fork accounts was read, and not only bounded.
    var isExact: Bool { atMost.map { $0.bytes == atLeast.bytes } ?? false }

    enum Answer { case refused, marginal, straddles, fits, unknown }

    /// A refused fork gives back what it had accounted, so that figures read after it are those
    /// before it, as long as nothing else moved.
    enum Moment {
        case before
        /// After the first refusal, and not after the last one.
        case between
        /// After the last one, while nothing had succeeded yet: within ten minutes, or later.
        case soonAfter, longAfter
        case undated
    }

    var answer: Answer {
        if needAtLeast > ceiling + slack { return .refused }
        if let needAtMost {
            if needAtMost < ceiling - slack { return .fits }
            if needAtLeast >= ceiling - slack { return .marginal }
            return .straddles
        }
        return atLeast.bytes > 0 && needAtLeast >= ceiling - slack ? .marginal : .unknown
    }
}

extension Case {
    /// The arithmetic at an instant, by default that of the first refused fork; `nil` where
    /// CommitLimit and Committed_AS are not known of a time that tells of it.
    func commitCharge(at instant: Timestamp? = nil) -> CommitCharge? {
        let failure = refusals(.ENOMEM).first?.at ?? start
        guard let at = instant ?? failure,
            let (committed, limit, moment) = accounts(at, mayFollow: instant == nil)
        else { return nil }
        let atLeast = leastCharge(at)
        let reserve = nearest(.adminReserve, where: Self.isHost)?.number ?? 8192 * 1024
        let size = processSize(.vmSize, at)?.number ?? atLeast.bytes
        let user = nearest(.userReserve, where: Self.isHost)?.number ?? 131_072 * 1024
        let ram = ramAndSwap?.ram.number ?? 0
        // A server that grew since its size was read has outgrown the upper bound.
        let atMost = mostCharge(at).flatMap { $0.bytes < atLeast.bytes ? nil : $0 }
        return CommitCharge(
            atLeast: atLeast, atMost: atMost, committed: committed, limit: limit, moment: moment,
            adminReserve: isPrivileged?.isPrivileged ?? false ? 0 : reserve,
            userReserve: min(size / 32, user), slack: max(4 << 20, ram / 250))
    }

    /// Committed_AS and CommitLimit of the minutes before an instant; else, where `mayFollow`, of
    /// the time in which forks went on being refused, or of a time that is not known.
    private func accounts(
        _ at: Timestamp, mayFollow: Bool
    ) -> (committed: Measured, limit: Measured, moment: CommitCharge.Moment)? {
        if let committed = before(.committedAS, at, where: Self.isHost), let read = committed.at,
            at.seconds(since: read) <= Self.chargeReach,
            let limit = before(.commitLimit, at, where: Self.isHost)
                ?? incident.readings.first(.commitLimit, after: at, where: Self.isHost)
        {
            return (committed, limit, .before)
        }
        guard mayFollow, clockConflict == nil else { return nil }
        let both = incident.readings.all(.committedAS, where: Self.isHost).compactMap { read in
            read.placed.snapshot.value(.commitLimit).map {
                (committed: read, limit: Measured(value: $0, placed: read.placed))
            }
        }
        if let pair = both.first(where: { stillRefused(at: $0.committed.at) }),
            let read = pair.committed.at, let end
        {
            let moment: CommitCharge.Moment =
                read <= end
                ? .between
                : read.seconds(since: end) <= Self.chargeReach ? .soonAfter : .longAfter
            return (pair.committed, pair.limit, moment)
        }
        guard both.count == 1, both[0].committed.at == nil || both[0].committed.placed.isFileTime,
            !hasRestarted
        else { return nil }
        return (both[0].committed, both[0].limit, .undated)
    }

    /// Whether a moment after the first failure is one at which a fork would still have been refused:
    /// the process lives, nothing has succeeded, and no setting that decides was changed.
    func stillRefused(at instant: Timestamp?) -> Bool {
        guard let instant, let start, let end, instant > start else { return false }
        if let recovered = incident.recoveredAt, instant >= recovered { return false }
        if instant > end, hasRestarted { return false }
        return !decisiveSettings.contains { measure in
            incident.readings.all(measure).contains { read in
                read.placed.snapshot.isChange
                    && read.at.map { $0 > start && $0 <= instant } ?? false
            }
        }
    }

    /// Committed_AS moves: a reading of it bounds a fork for so many seconds, which is the interval
    /// at which sysstat reads it (sa1 in cron or its timer, every ten minutes).
    private static let chargeReach = 600.0

    /// What smaps says that a fork accounts.
    private func flagged(_ at: Timestamp) -> Measured? {
        before(.accounted, at, where: Self.isServerProcess)
            ?? nearest(.accounted, where: Self.isServerProcess)
    }

    /// A lower bound: the accounted mappings, the mapping that the kernel named, or the memory
    /// that is resident where all of it is accounted.
    private func leastCharge(
        _ at: Timestamp
    ) -> (bytes: Int64, source: String, reading: Measured?) {
        let read = flagged(at)
        if let read, !isOutgrown(read, by: at) { return (read.number, Self.flaggedWord, read) }
        let other = leastUnflagged(at)
        guard let read, read.number > other.bytes else { return other }
        return (read.number, Self.flaggedWord, read)
    }

    private static let flaggedWord = "smaps: mappings with the flag ac"

    private func leastUnflagged(
        _ at: Timestamp
    ) -> (bytes: Int64, source: String, reading: Measured?) {
        let named = kernelRefusals.filter { event in
            event.at.map { abs($0.seconds(since: at)) <= 2 } ?? true
        }.compactMap { $0.int("bytes") }.max().map(Int64.init)
        if let named { return (named, "the mapping that the kernel's line names", nil) }
        guard heapIsAccounted == .yes else { return (0, "not known", nil) }
        let resident =
            resident(at) ?? nearest(.vmRSS, where: Self.isServerProcess)
            ?? nearest(.usedMemoryRSS, where: Self.isServer)
        guard let resident else { return (0, "not known", nil) }
        if let anon = resident.placed.snapshot.value(.rssAnon) {
            let reading = Measured(value: anon, placed: resident.placed)
            return (reading.number, "resident memory of the server, all of it accounted", reading)
        }
        return (
            resident.number,
            (resident.measure == .usedMemoryRSS ? "INFO: " : "")
                + "resident memory of the server, all of it accounted", resident
        )
    }

    /// An upper bound: all private writable memory that is mapped.
    private func mostCharge(
        _ at: Timestamp
    ) -> (bytes: Int64, source: String, reading: Measured?)? {
        if let read = flagged(at), !isOutgrown(read, by: at) {
            return (read.number, Self.flaggedWord, read)
        }
        guard let data = processSize(.vmData, at) else { return nil }
        let stack = processSize(.vmStack, at)?.number ?? 0
        return (data.number + stack, "VmData and VmStk of the server", data)
    }

    /// Kernel lines that say that a mapping of the server was not accounted.
    var kernelRefusals: [Event] {
        events(.kernel_commit_refused).filter(\.isServerFamily)
    }

    /// Those lines, where the refused forks themselves are not told by them.
    var citeKernelRefusals: [Evidence] {
        isToldByKernelOnly ? [] : cite(kernelRefusals, CommitLimitStrict.kernelSays)
    }

    enum Accounted { case yes, no, unknown }

    /// Whether the server's heap counts towards Committed_AS.
    ///
    /// jemalloc from 5.0 on, as redis 5.0 and later bring it, maps with MAP_NORESERVE when it
    /// starts in mode 0 or 1 and without in mode 2 (redis 5.0.14, deps/jemalloc/src/pages.c,
    /// `os_overcommits`); libc's heap is always accounted.
    var heapIsAccounted: Accounted {
        if let flagged = nearest(.accounted, where: Self.isServerProcess),
            let rss = nearest(.vmRSS, where: Self.isServerProcess)
        {
            return flagged.number * 2 >= rss.number ? .yes : .no
        }
        guard let allocator = nearest(.allocator, where: Self.isServer)?.text else {
            return .unknown
        }
        if allocator.hasPrefix("libc") || allocator.hasPrefix("tcmalloc") { return .yes }
        guard allocator.hasPrefix("jemalloc") else { return .unknown }
        let version = allocator.dropFirst("jemalloc-".count).split(separator: ".").first
        guard let major = version.flatMap({ Int($0) }) else { return .unknown }
        if major < 5 { return .yes }
        return .unknown
    }
}
