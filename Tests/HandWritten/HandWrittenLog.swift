// SPDX-License-Identifier: Apache-2.0

package import Model

/// One input, written event by event: what a log would have been read and matched to.
///
/// Times are seconds after `HandWrittenLog.epoch`. Lines are not matched against any pattern: an
/// event has the kind and the values that it is given.
package struct HandWrittenLog: Sendable {
    /// 2026-11-22 12:00:00 UTC.
    package static let epoch = Timestamp(seconds: 1_795_348_800)

    package struct Entry: Sendable {
        package var kind: EventKind
        package var seconds: Double?
        package var pid: Int32
        package var role: Role
        package var form: HeaderForm
        package var stream: UInt16
        package var patternID: String
        package var values: [Capture]
    }

    package var path: String
    package var entries: [Entry] = []
    package var streams: [WriterStream] = [WriterStream()]
    /// Who writes, where a line says nothing else.
    package var pid: Int32
    package var role: Role
    package var form: HeaderForm = .roleWithYear
    package var precision: Stamp.Precision = .millisecond
    /// How far the zone of the log lies from UTC.
    package var zoneSeconds: Int64 = 0

    package init(_ path: String = "redis.log", pid: Int32 = 10, role: Role = .master) {
        self.path = path
        self.pid = pid
        self.role = role
    }

    /// Appends one line.
    package mutating func add(
        _ kind: EventKind, at seconds: Double?, _ values: [String: String] = [:],
        pid: Int32? = nil, role: Role? = nil, form: HeaderForm? = nil, pattern: String? = nil,
        stream: UInt16 = 0
    ) {
        entries.append(
            Entry(
                kind: kind, seconds: seconds, pid: pid ?? self.pid, role: role ?? self.role,
                form: form ?? self.form, stream: stream,
                patternID: pattern ?? "test.\(kind.rawValue)",
                values: values.sorted { $0.key < $1.key }.map {
                    Capture(name: $0.key, text: $0.value)
                }))
    }
}

// MARK: - What servers do

extension HandWrittenLog {
    /// A start of the writing process, up to its readiness.
    package mutating func start(
        at seconds: Double, version: String = "7.2.6", product: String = "Redis", port: Int = 6379,
        overcommit: String? = nil, aof: Bool = false, loading: [(EventKind, [String: String])] = []
    ) {
        let before = role == .unknown ? Role.unknown : .child
        add(.server_starting, at: seconds, ["product": product], role: before)
        add(.server_version, at: seconds, ["product": product, "version": version], role: before)
        add(.server_mode, at: seconds, ["port": "\(port)"])
        if let overcommit { add(.overcommit_warning, at: seconds, ["proves": overcommit]) }
        if aof { add(.loading_detail, at: seconds, ["aof": "on"]) }
        for (kind, values) in loading { add(kind, at: seconds, values) }
        add(.ready, at: seconds)
    }

    /// A save point is reached and fork is refused.
    package mutating func refuseSave(
        at seconds: Double, error: String = "Cannot allocate memory", changes: Int = 10
    ) {
        add(.save_triggered, at: seconds, ["changes": "\(changes)", "operation": "bgsave"])
        refuse(at: seconds, error: error)
    }

    /// Fork is refused; nothing says what for.
    package mutating func refuse(at seconds: Double, error: String = "Cannot allocate memory") {
        add(.fork_failed, at: seconds, ["error": error, "operation": "bgsave"])
    }

    /// A replica asks, and the fork for it is refused.
    package mutating func refuseSync(
        at seconds: Double, error: String = "Cannot allocate memory",
        target: String = "replicas sockets"
    ) {
        add(.sync_started, at: seconds, ["operation": "full_sync", "target": target])
        refuse(at: seconds, error: error)
        add(.sync_refused, at: seconds, ["operation": "full_sync"])
    }

    package mutating func refuseRewrite(
        at seconds: Double, error: String = "Cannot allocate memory"
    ) {
        add(.rewrite_triggered, at: seconds, ["aof": "on", "operation": "aof_rewrite"])
        add(.fork_failed, at: seconds, ["error": error, "operation": "aof_rewrite"])
    }

    /// A child of the writing process begins.
    package mutating func fork(_ operation: Operation, child: Int32, at seconds: Double) {
        add(
            .child_started, at: seconds, ["child_pid": "\(child)", "operation": operation.rawValue])
    }

    /// A save that works, one second long unless said otherwise.
    package mutating func save(at seconds: Double, child: Int32 = 99, taking duration: Double = 1) {
        fork(.bgsave, child: child, at: seconds)
        add(.db_saved, at: seconds + duration, pid: child, role: childRole)
        add(.operation_succeeded, at: seconds + duration, ["operation": "bgsave"])
    }

    package mutating func rewrite(at seconds: Double, child: Int32 = 98) {
        fork(.aof_rewrite, child: child, at: seconds)
        add(.operation_succeeded, at: seconds + 1, ["operation": "aof_rewrite"])
        add(.rewrite_finished, at: seconds + 1, ["operation": "aof_rewrite"])
    }

    /// A save whose child cannot write its file.
    package mutating func failSave(
        at seconds: Double, child: Int32 = 97, error: String = "No space left on device"
    ) {
        fork(.bgsave, child: child, at: seconds)
        add(.rdb_write_error, at: seconds + 0.1, ["error": error], pid: child, role: childRole)
        add(.operation_failed, at: seconds + 0.2, ["operation": "bgsave"])
    }

    /// A replica is synchronised without a disk.
    package mutating func sync(_ replica: String, at seconds: Double, child: Int32 = 96) {
        add(.sync_started, at: seconds, ["operation": "full_sync", "target": "replicas sockets"])
        fork(.full_sync, child: child, at: seconds)
        add(.operation_succeeded, at: seconds + 0.5, ["operation": "full_sync"])
        add(.sync_succeeded, at: seconds + 0.5, ["replica": replica])
    }

    package mutating func exit(at seconds: Double, saving: Bool = false) {
        add(.shutdown_requested, at: seconds)
        if saving {
            add(.final_save, at: seconds)
            add(.db_saved, at: seconds)
        }
        add(.exiting, at: seconds, ["product": "Redis"])
    }

    /// Old servers do not tell a child by its role.
    private var childRole: Role { role == .unknown ? .unknown : .child }
}

// MARK: - Scenes that several tests begin with

extension HandWrittenLog {
    /// The process ends at second 10 without a word while a child saves, which is the last to
    /// write; the next process starts at second 20.
    package mutating func vanishDuringSave() {
        start(at: 0)
        fork(.bgsave, child: 50, at: 5)
        add(.parent_gone, at: 10, ["error": "Broken pipe"], pid: 50, role: .child)
        pid = 11
        start(at: 20)
    }

    /// A save at second 5, a refused one at 20, and a next process at 40, which loads the first.
    package mutating func refuseSaveAndLoad() {
        start(at: 0)
        save(at: 5)
        refuseSave(at: 20)
        pid = 11
        start(
            at: 40,
            loading: [
                (.loading_detail, ["age_seconds": "34"]), (.loading_finished, ["source": "rdb"]),
            ])
    }
}
