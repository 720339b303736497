// SPDX-License-Identifier: Apache-2.0

internal import Live
internal import Model
internal import Reading

/// What comes through a pipe: standard input, or the journal as journalctl prints it.
final class FollowedStream {
    enum Kind: Sendable {
        case standardInput
        /// Arguments that choose what journalctl prints.
        case journal([String])
    }

    let source: LiveSource
    /// Whether it is the journal.
    var isJournal: Bool { if case .journal = kind { true } else { false } }
    private let kind: Kind
    private let matcher: LiveMatcher
    private var feed: ByteFeed
    private var child: ChildProcess?
    private(set) var hasEnded = false
    private(set) var problem: String?
    /// When a program that has ended is started again (monotonic seconds).
    private(set) var restartAt: Double?
    private var failures = 0

    init(_ kind: Kind, source: LiveSource, matcher: LiveMatcher) {
        self.kind = kind
        self.source = source
        self.matcher = matcher
        feed = ByteFeed(source.mark)
        if case .standardInput = kind { stopWaiting(on: 0) }
    }

    /// The descriptor to wait for; `nil` where there is none now.
    var descriptor: Int32? {
        if hasEnded { return nil }
        switch kind {
        case .standardInput: return 0
        case .journal: return child?.output
        }
    }

    /// Starts journalctl where it is not running, behind the last entry that is known.
    func start(_ begin: FollowedPath.Start, now: Double) {
        guard case .journal(let matches) = kind, child == nil else { return }
        if let restartAt, now < restartAt { return }
        var arguments = ["--follow", "--output=export", "--all", "--no-pager", "--quiet"]
        if let cursor = source.input.cursor {
            arguments.append("--after-cursor=\(cursor.text)")
        } else {
            switch begin {
            case .beginning: arguments.append("--lines=all")
            case .end: arguments.append("--lines=0")
            case .asNeeded: arguments += ["--lines=all", "--since=-24h"]
            }
        }
        do throws(LiveError) {
            child = try ChildProcess(
                "journalctl", arguments + matches, takesInput: false, output: .pipe)
            restartAt = nil
        } catch {
            fail("journalctl cannot be started: \(error.reason)", now: now)
        }
    }

    /// Reads what is there; true where anything was.
    func read(now: Double) -> Bool {
        guard let descriptor else { return false }
        do throws(LiveError) {
            guard let bytes = try readAvailable(descriptor) else {
                ended(now: now)
                return true
            }
            guard !bytes.isEmpty else { return false }
            feed.feed(bytes.span) { source.take($0, isLast: $1, with: matcher) }
            source.mark = feed.mark
            failures = 0
            problem = nil
            return true
        } catch {
            fail("reading failed: \(error.reason)", now: now)
            return false
        }
    }

    private func ended(now: Double) {
        switch kind {
        case .standardInput:
            finish()
            hasEnded = true
        case .journal:
            let status = child?.ended() ?? 0
            // Half an entry comes again, whole, behind the cursor.
            feed = ByteFeed(source.mark)
            fail("journalctl has ended with status \(status)", now: now)
        }
    }

    private func fail(_ reason: String, now: Double) {
        child = nil
        failures += 1
        problem = reason
        restartAt = now + Double(min(60, 1 << min(failures - 1, 6)))
        if case .standardInput = kind { hasEnded = true }
    }

    /// Nothing follows.
    private func finish() {
        feed.finish { source.take($0, isLast: $1, with: matcher) }
        source.mark = feed.mark
        source.close()
    }

    /// Ends the program.
    func stop() { child = nil }

    /// What journalctl is asked for: units with all that systemd and the kernel say of them, or
    /// everything.
    static func matches(units: [String]) -> [String] {
        guard !units.isEmpty else { return [] }
        let own = units.flatMap { unit -> [String] in
            let name = unit.contains(".") ? unit : unit + ".service"
            return [
                "_SYSTEMD_UNIT=\(name)", "+", "UNIT=\(name)", "+", "OBJECT_SYSTEMD_UNIT=\(name)",
                "+", "COREDUMP_UNIT=\(name)", "+",
            ]
        }
        return own + [
            "_TRANSPORT=kernel", "+", "_SYSTEMD_UNIT=systemd-oomd.service", "+",
            "_SYSTEMD_UNIT=earlyoom.service", "+", "_SYSTEMD_UNIT=systemd-journald.service",
        ]
    }
}
