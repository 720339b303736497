// SPDX-License-Identifier: Apache-2.0

/// What stood before a record's message: who wrote it, when, in what role, at what level.
///
/// Sources: `serverLogRaw` in redis 2.4.18 … 8.6.3 (src/redis.c, src/server.c), KeyDB v6.3.4
/// (src/server.cpp), valkey 9.1.2 (src/server.c).
package struct RecordHeader: Hashable, Sendable {
    package var form: HeaderForm
    package var stamp: Stamp
    /// 0 where the line names none.
    package var pid: Int32
    /// KeyDB's thread id; 0 elsewhere.
    package var threadID: Int32
    package var role: Role
    package var level: Level
    /// Index into the input's `streams`: who wrote it, where an input holds several writers.
    package var stream: UInt16

    package init(
        form: HeaderForm, stamp: Stamp = .none, pid: Int32 = 0, threadID: Int32 = 0,
        role: Role = .unknown, level: Level = .unknown, stream: UInt16 = 0
    ) {
        self.stream = stream
        self.form = form
        self.stamp = stamp
        self.pid = pid
        self.threadID = threadID
        self.role = role
        self.level = level
    }
}

/// The generations and variants of record headers that are told apart.
package enum HeaderForm: UInt8, Sendable, CaseIterable {
    /// No header of any kind: a raw block, a continuation, a bare message.
    case none
    /// `[pid] 15 Sep 16:00:02 # …` and with milliseconds (Redis 2.0 – 2.8).
    case bracketedPID
    /// `pid:R 14 Oct 03:00:46.069 # …` (Redis 3.0 – 4.0).
    case roleWithoutYear
    /// `pid:R 22 Nov 2024 10:15:02.123 # …` (Redis 5.0 and later, Valkey).
    case roleWithYear
    /// `pid:tid:R 22 Nov 2024 10:15:02.123 # …` (KeyDB).
    case threadRole
    /// `pid:R 2024-11-22T10:15:02.123+01:00 # …` (Valkey 8.1 and later).
    case roleISO8601
    /// `pid:R 1795348391032 # …` (Valkey 8.1 and later).
    case roleMilliseconds
    /// `pid=1 role=primary timestamp="…" level=warning message="…"` (Valkey 8.1 and later).
    case logfmt
    /// `{"pid":1,"role":"primary",…}` (Valkey 9.1 and later).
    case json
    /// `pid:signal-handler (1732270502) …` and `[pid | signal handler] (…) …`.
    case signalHandler
    /// `I20240402 06:52:46.653319     1 dfly_main.cc:680] …` (Dragonfly).
    case glog
    /// A kernel line, from dmesg or through syslog.
    case kernel
    /// A line of systemd or another daemon, through syslog or the journal.
    case daemon
    /// A server's bare message, as syslog carries it.
    case bareMessage
    /// No header, and quoted in prose: a guide, a question, a mail.
    case quoted
}

/// What the server was when it wrote the line.
package enum Role: UInt8, Sendable {
    case unknown, master, replica, child, sentinel

    package var name: String {
        switch self {
        case .unknown: "unknown"
        case .master: "master"
        case .replica: "replica"
        case .child: "child"
        case .sentinel: "sentinel"
        }
    }
}

/// The server's own log level; `LL_RAW` output has none.
package enum Level: UInt8, Sendable {
    case unknown, debug, verbose, notice, warning

    package var name: String {
        switch self {
        case .unknown: "unknown"
        case .debug: "debug"
        case .verbose: "verbose"
        case .notice: "notice"
        case .warning: "warning"
        }
    }
}
