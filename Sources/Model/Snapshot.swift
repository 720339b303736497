// SPDX-License-Identifier: Apache-2.0

/// What one source showed of one thing at one moment: a /proc/meminfo, a row of sar, an INFO.
package struct Snapshot: Hashable, Sendable {
    /// The format it was read from, as reports name it: `meminfo`, `sar -r`, `INFO`.
    package var format: String
    package var subject: SnapshotSubject
    /// The time as written; `.none` where nothing says it.
    package var stamp: Stamp
    package var timeBasis: TimeBasis
    /// Where it begins: the line from 1, and its first byte, in the (decompressed) input.
    package var line: Int
    package var offset: Int64
    /// In the order in which they stand.
    package var values: [SnapshotValue]
    /// Whether somebody set these values then (`sysctl -w …`), rather than read them.
    package var isChange = false

    /// What says when a snapshot was taken.
    package enum TimeBasis: UInt8, Sendable, CaseIterable {
        case none
        /// The format itself carries it: sadf, Prometheus, vmstat -t.
        case inFormat
        /// A line above it: `### 2026-11-22T11:50:58Z`, the output of date(1), a log record.
        case header
        case fileName
        case fileTime
        /// A neighbour in the same file or folder.
        case neighbour
    }

    package init(
        format: String, subject: SnapshotSubject, stamp: Stamp = .none,
        timeBasis: TimeBasis = .none, line: Int, offset: Int64, values: [SnapshotValue] = []
    ) {
        self.format = format
        self.subject = subject
        self.stamp = stamp
        self.timeBasis = timeBasis
        self.line = line
        self.offset = offset
        self.values = values
    }
}

extension Snapshot.TimeBasis {
    /// How reports say it.
    package var spoken: String {
        switch self {
        case .none: "no time is known"
        case .inFormat: "the time stands in the format"
        case .header: "the time stands above it"
        case .fileName: "the time is that of the file's name"
        case .fileTime: "the time is when the file was last written"
        case .neighbour: "the time is that of its neighbour"
        }
    }
}

/// One value of a snapshot and the line it stands on.
package struct SnapshotValue: Hashable, Sendable {
    package enum Quantity: Hashable, Sendable {
        case whole(Int64)
        case real(Double)
        case text(String)
    }

    package var measure: Measure
    package var quantity: Quantity
    package var line: Int
    /// The first byte of its line in the (decompressed) input; filled in by the reader.
    package var offset: Int64

    package init(_ measure: Measure, _ quantity: Quantity, line: Int, offset: Int64 = 0) {
        self.measure = measure
        self.quantity = quantity
        self.line = line
        self.offset = offset
    }
}

extension SnapshotValue {
    /// Numbers that a machine can have: up to 2^56, 64 PiB. Sums of some, and percentages, fit into
    /// 64 bits, so whoever calculates with what was read need not expect an overflow.
    package static let credible: ClosedRange<Int64> = -(1 << 56)...1 << 56

    /// Whether a machine can have this value: a text, a number within `credible`, or no limit for
    /// what may have none. Of sizes, only those that are a difference can be below zero.
    package var isCredible: Bool {
        switch quantity {
        case .whole(.max): measure.mayBeUnlimited
        case .whole(let number):
            Self.credible.contains(number)
                && (number >= 0 || measure.unit != .bytes || measure.isDifference)
        case .real(let number):
            Int64(exactly: number.rounded()).map(Self.credible.contains) ?? false
        case .text: true
        }
    }
}

/// What a snapshot is about.
package struct SnapshotSubject: Hashable, Sendable {
    package enum Scope: UInt8, Sendable, CaseIterable {
        case host, cgroup, process, server
        /// A mounted file system.
        case fileSystem
    }

    package var scope: Scope
    /// The host, where the source names it.
    package var host: String?
    /// The process; for a server, what INFO calls `process_id`.
    package var pid: Int32?
    package var port: Int?
    /// A process that a server forked to save.
    package var isChild = false
    /// The command's name (`comm`), where the source says it.
    package var command: String?
    /// The cgroup's path, or the mount point.
    package var path: String?

    package init(
        _ scope: Scope, host: String? = nil, pid: Int32? = nil, port: Int? = nil,
        isChild: Bool = false, command: String? = nil, path: String? = nil
    ) {
        self.scope = scope
        self.host = host
        self.pid = pid
        self.port = port
        self.isChild = isChild
        self.command = command
        self.path = path
    }
}

// MARK: - Values

extension Snapshot {
    /// The value of `measure` and its line; the last, where a source says it twice.
    package func value(_ measure: Measure) -> SnapshotValue? {
        values.last { $0.measure == measure }
    }

    /// A whole number: bytes, a count. Fractions are cut off.
    package subscript(measure: Measure) -> Int64? {
        switch value(measure)?.quantity {
        case .whole(let number)?: number
        case .real(let number)?: Int64(exactly: number.rounded(.towardZero))
        case .text?, nil: nil
        }
    }

    /// A time that is told in seconds since 1970.
    package func instant(_ measure: Measure) -> Timestamp? {
        self[measure].map { Timestamp(seconds: $0) }
    }

    package func real(_ measure: Measure) -> Double? {
        switch value(measure)?.quantity {
        case .whole(let number)?: Double(number)
        case .real(let number)?: number
        case .text?, nil: nil
        }
    }

    package func text(_ measure: Measure) -> String? {
        guard case .text(let text)? = value(measure)?.quantity else { return nil }
        return text
    }

    /// Whether a server has used up maxmemory and may evict nothing: it refuses what needs memory.
    package var isAtMaxmemory: Bool { useOfMaxmemory.map { $0.used > $0.limit } ?? false }

    /// Whether INFO counts replies of a server at maxmemory, and what it holds is still a tenth below it
    /// at most: the refusals keep it there.
    package var countsRefusalsAtMaxmemory: Bool {
        guard let use = useOfMaxmemory, (self[.memoryRefusals] ?? 0) > 0 else { return false }
        return use.used > use.limit / 10 * 9
    }

    /// What counts towards maxmemory, where the policy is to evict nothing.
    private var useOfMaxmemory: (used: Int64, limit: Int64)? {
        guard let used = self[.usedMemory], let limit = self[.maxmemory], limit > 0,
            text(.maxmemoryPolicy) == "noeviction"
        else { return nil }
        // Buffers of replicas and of the AOF do not count (src/evict.c, `freeMemoryGetNotCountedMemory`).
        return (used - (self[.notCountedForEviction] ?? 0), limit)
    }
}
