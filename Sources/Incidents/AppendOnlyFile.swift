// SPDX-License-Identifier: Apache-2.0

internal import Model

/// What the log tells of a server's append-only file at a moment.
///
/// Sources: redis 7.2.4, src/aof.c (`openNewIncrAofForAppend`, `startAppendOnly`,
/// `aofOpenIfNeededOnServerStart`) and src/server.c (`loadDataFromDisk`, `serverCron`).
enum AppendOnlyFile {
    case unknown
    /// A rewrite ran, which BGREWRITEAOF starts even where the file is off.
    case perhaps(Event)
    /// Off, by the line given.
    case off(Event)
    /// Being turned on: until its first rewrite succeeds no file holds the data.
    case switchingOn(Event)
    case on(Event)

    /// Which case it is: to ask costs no copy of an event.
    enum State { case unknown, perhaps, off, switchingOn, on }

    var state: State {
        switch self {
        case .unknown: .unknown
        case .perhaps: .perhaps
        case .off: .off
        case .switchingOn: .switchingOn
        case .on: .on
        }
    }

    /// Takes in what one event proves. `isStarting` while the process loads its data.
    mutating func learn(from event: Event, isStarting: Bool) {
        if let said = event["aof"] {
            learn(said, event)
            return
        }
        switch event.kind {
        case .rewrite_detail where event["step"] == "incr_file":
            // The temporary file is only used while the append-only file is being turned on.
            let isTemporary = event["path"]?.hasPrefix("temp-") ?? false
            self = isTemporary ? .switchingOn(event) : .on(event)
        case .loading_started, .loading_finished:
            if isStarting { learnFromLoading(event) }
        case .child_started where event.operation == .aof_rewrite:
            if case .unknown = self { self = .perhaps(event) }
        case .operation_succeeded where event.operation == .aof_rewrite: rewritten(event)
        default: break
        }
    }

    private mutating func learn(_ said: String, _ event: Event) {
        switch said {
        case "on": self = .on(event)
        case "off": self = .off(event)
        default: self = .switchingOn(event)
        }
    }

    /// A server with an append-only file loads that and never the RDB file.
    private mutating func learnFromLoading(_ event: Event) {
        switch (event["source"], self) {
        case ("aof", _): self = .on(event)
        case ("rdb", .unknown): self = .off(event)
        default: break
        }
    }

    private mutating func rewritten(_ event: Event) {
        switch self {
        case .switchingOn: self = .on(event)
        case .unknown: self = .perhaps(event)
        case .perhaps, .off, .on: break
        }
    }

    /// From redis 7.0 on a start with an append-only file names its files; silence means none.
    mutating func learnFromReady(_ event: Event, version: ServerVersion?) {
        guard case .unknown = self, let version, version.major >= 7 else { return }
        self = .off(event)
    }
}

/// The numbers of a version: `7.2.6`.
struct ServerVersion: Comparable {
    var major: Int
    var minor: Int
    var patch: Int

    init(_ major: Int, _ minor: Int, _ patch: Int) {
        (self.major, self.minor, self.patch) = (major, minor, patch)
    }

    /// `nil` where `text` is not three numbers with dots; what follows them is not read.
    init?(_ text: String?) {
        guard let text else { return nil }
        let parts = text.split(separator: ".").map { Int($0.prefix { $0.isNumber }) }
        guard parts.count >= 3, let a = parts[0], let b = parts[1], let c = parts[2] else {
            return nil
        }
        self.init(a, b, c)
    }

    static func < (a: ServerVersion, b: ServerVersion) -> Bool {
        (a.major, a.minor, a.patch) < (b.major, b.minor, b.patch)
    }
}
