// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Live
internal import Model
internal import Reading
internal import Reports

struct Collect: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "collect",
        abstract: "Gather what a verdict may need on this host into one archive for analyze.",
        discussion: """
            Changes nothing. Logs of the servers and their rotated parts, the journal with its \
            kernel lines, INFO and memory settings, meminfo, limits, control groups, sar and df; \
            secrets are taken out. MANIFEST.txt in the archive says what could not be read.
            """)

    @Argument(help: "Logs or directories to take besides those of the servers found here.")
    var paths: [String] = []

    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp("The archive. Default: forktopsy-HOST-TIME.tar here.", valueName: "file")
    )
    var output: String?

    @Option(
        parsing: .unconditional,
        help: "How far back to take the journal: an RFC 3339 time, or -2h before now.")
    var since: String = "-24h"

    @Option(help: ArgumentHelp("Take at most so much.", valueName: "MiB"))
    var maxSize: Int = 512

    @Option(help: ArgumentHelp("Take at most so long.", valueName: "seconds"))
    var maxTime: Double = 120

    @Option(help: "What to hide: none or secrets.")
    var redact: String = "secrets"

    @OptionGroup var servers: ServerOptions

    func run() throws {
        guard let mode = Redaction.Mode(rawValue: redact), mode == .none || mode == .secrets else {
            throw Failure("--redact \(redact): give none or secrets; reports hide addresses")
        }
        guard let bound = try SelectionOptions.bound(since, "--since")?.counted(from: now()),
            case .instant(let start) = bound
        else { throw Failure("--since \(since)") }
        SignalPipe.takeOver()
        let host = readSmallFile("/proc/sys/kernel/hostname").map {
            String(decoding: $0, as: UTF8.self).filter { $0.isLetter || $0.isNumber || $0 == "-" }
        }
        let time = HostSample.now
        let stamp = time.rfc3339.filter { $0.isNumber || $0 == "T" }.prefix(15) + "Z"
        let base = "forktopsy-\(host ?? "host")-\(stamp)"
        let path = output ?? base + ".tar"
        var collection = try Collection(
            path: path, base: base, redact: mode, since: start, limit: Int64(maxSize) << 20,
            seconds: maxTime)
        let targets = try servers.targets()
        collection.addHost(targets)
        collection.addLogs(paths, asking: targets.asks ? targets.login : nil)
        collection.addJournal(since: start)
        collection.addCommands()
        try collection.finish()
        printToStandardError("forktopsy: \(path): \(collection.spoken)\n")
    }
}

/// An archive of evidence that is being filled, within bounds of size and time.
struct Collection: ~Copyable {
    private var archive: TarWriter
    private let path: String
    private let base: String
    private let redact: Redaction.Mode
    private let limit: Int64
    private let deadline: Double
    private let startedAt = HostSample.now
    private var taken: [String] = []
    private var unread: [(what: String, reason: String)] = []
    private var secrets = 0

    init(
        path: String, base: String, redact: Redaction.Mode, since: Timestamp, limit: Int64,
        seconds: Double
    ) throws {
        do throws(LiveError) {
            archive = try TarWriter(path: path)
        } catch {
            throw Failure("cannot write \(path): \(error.reason)")
        }
        (self.path, self.base, self.redact, self.limit) = (path, base, redact, limit)
        deadline = monotonicSeconds() + seconds
    }

    var spoken: String {
        "\(counted(taken.count, "file")), \(ByteCount(bytes: archive.size).description); "
            + "\(counted(secrets, "secret")) taken out; \(unread.count) could not be read"
    }

    /// Whether the time is used up, or the end was asked for: what there is makes the archive.
    private var isOver: Bool { monotonicSeconds() > deadline || SignalPipe.isEnding }

    /// Adds a text, its secrets hidden.
    private mutating func add(_ name: String, _ bytes: [UInt8]) {
        guard let entry = begin(name) else { return }
        _ = pass(bytes.span, entry)
        end(entry)
    }

    /// A file of the archive that is being written, piece by piece.
    private final class Entry {
        let name: String
        var filter: SecretFilter
        /// Why it is not whole.
        var problem: String?

        init(_ name: String, _ filter: SecretFilter) { (self.name, self.filter) = (name, filter) }
    }

    private mutating func begin(
        _ name: String, modifiedAt: Int64? = nil, isJournal: Bool = false
    ) -> Entry? {
        guard archive.size < limit else {
            unread.append((name, "over the limit of \(limit >> 20) MiB"))
            return nil
        }
        do throws(LiveError) {
            let time = modifiedAt ?? startedAt.nanoseconds / 1_000_000_000
            try archive.begin(name: "\(base)/\(name)", modifiedAt: time)
            return Entry(name, SecretFilter(mode: redact, isJournal: isJournal))
        } catch {
            unread.append((name, error.reason))
            return nil
        }
    }

    /// Adds bytes to a file; false where it has to end.
    private mutating func pass(_ bytes: Span<UInt8>, _ entry: Entry) -> Bool {
        if archive.size + Int64(bytes.count) > limit {
            entry.problem = "cut: over the limit of \(limit >> 20) MiB"
        } else if isOver {
            entry.problem = "cut: no time was left"
        } else {
            do throws(LiveError) {
                try archive.append(entry.filter.take(bytes))
            } catch {
                entry.problem = error.reason
            }
        }
        return entry.problem == nil
    }

    private mutating func end(_ entry: Entry) {
        do throws(LiveError) {
            try archive.append(entry.filter.finish())
            try archive.end()
        } catch {
            entry.problem = error.reason
        }
        taken.append(entry.name)
        secrets += entry.filter.secrets
        if let problem = entry.problem { unread.append((entry.name, problem)) }
    }
}

// MARK: - What is taken

extension Collection {
    /// Settings that a verdict may need; none of them is a secret.
    private static let settings = [
        "maxmemory*", "save", "append*", "auto-aof*", "stop-writes*", "repl-diskless*", "dir",
        "dbfilename", "client-output-buffer*", "rdb*", "active*defrag*", "io-threads",
        "oom-score-adj*", "disable-thp", "logfile", "loglevel", "syslog*",
    ]

    /// What the kernel and the servers show, as one transcript, and again some seconds later.
    mutating func addHost(_ targets: SampleTargets) {
        for number in 1...2 {
            let at = HostSample.now
            let readings = targets.read(settings: number == 1 ? Self.settings : [], patience: 3)
            add("host-\(number).txt", Array(readings.transcript(time: at.rfc3339).utf8))
            for (what, reason) in readings.unread where number == 1 {
                unread.append((what, reason))
            }
        }
    }

    /// The logs of the servers here and those that were named, with their rotated parts.
    mutating func addLogs(_ named: [String], asking login: ServerLogin?) {
        let found = Discovery.find(asking: login)
        for (what, reason) in found.unlogged { unread.append(("the log of \(what)", reason)) }
        var targets = LiveTargets(named + found.logs)
        var seen: Set<String> = []
        for log in targets.logs() {
            let parts = RotatedLogs.siblings(of: log).map(\.path)
            for part in [log] + parts where seen.insert(part).inserted { addFile(part) }
        }
    }

    private mutating func addFile(_ path: String) {
        guard !isOver else {
            unread.append((path, "no time was left"))
            return
        }
        guard let state = FileState(path: path), state.isRegular else {
            unread.append((path, "not there"))
            return
        }
        guard let head = Self.head(of: path) else {
            unread.append((path, "cannot be read"))
            return
        }
        if let reason = Self.isWithheld(path, head) {
            unread.append((path, reason + "; left out"))
            return
        }
        let plain = RotatedName.withoutPacking(path)
        let name = "logs" + (path.hasPrefix("/") ? plain : "/" + plain)
        guard let entry = begin(name, modifiedAt: state.modifiedAt / 1_000_000_000) else { return }
        // Of a log that is larger than what is left, the end counts.
        var skipped = path == plain ? max(0, state.size - (limit - archive.size) + (1 << 16)) : 0
        if skipped > 0 { entry.problem = "its first \(ByteCount(bytes: skipped)) are left out" }
        let note = entry.problem
        entry.problem = nil
        var isInLine = skipped > 0
        do throws(ReadError) {
            try InputReader.forEachPiece(of: path) { bytes in
                var start = Int(min(skipped, Int64(bytes.count)))
                skipped -= Int64(start)
                while isInLine, start < bytes.count {
                    isInLine = bytes[start] != 0x0A
                    start += 1
                }
                return pass(bytes.extracting(start..<bytes.count), entry)
            }
        } catch {
            entry.problem = entry.problem ?? error.reason
        }
        entry.problem = entry.problem ?? note
        end(entry)
    }

    /// The first bytes of a file, unpacked.
    private static func head(of path: String) -> [UInt8]? {
        var out: [UInt8] = []
        let isRead: Void? = try? InputReader.forEachPiece(of: path) { bytes in
            out = (0..<min(4096, bytes.count)).map { bytes[$0] }
            return false
        }
        return isRead == nil ? nil : out
    }

    /// Why a file is no log, where it is none: keys, and what clients have stored.
    private static func isWithheld(_ path: String, _ head: [UInt8]) -> String? {
        let name = path.lowercased()
        let isKey =
            head.starts(with: "-----BEGIN ".utf8)
            && String(decoding: head, as: UTF8.self).contains("PRIVATE KEY-----")
            || [".key", ".pem", ".p12", ".pfx", ".jks", ".acl"].contains { name.hasSuffix($0) }
        if isKey { return "holds keys or passwords, not a log" }
        return isData(head) ? "holds the server's data, not a log" : nil
    }

    /// Whether a file holds what clients have stored: RDB, AOF, or anything that is no text.
    private static func isData(_ head: [UInt8]) -> Bool {
        if ["REDIS0", "VALKEY", "*2\r\n$", "*3\r\n$"].contains(where: { head.starts(with: $0.utf8) }
        ) {
            return true
        }
        let isPacked =
            head.starts(with: [0x1F, 0x8B]) || head.starts(with: [0x28, 0xB5, 0x2F, 0xFD])
            || head.starts(with: [0xFD, 0x37, 0x7A]) || head.starts(with: "BZh".utf8)
            || head.starts(with: [0x04, 0x22, 0x4D, 0x18]) || head.starts(with: "LPKSHHRH".utf8)
        return !isPacked && head.contains(0) && head.count(where: { $0 == 0 }) > head.count / 50
    }

    /// The journal since a moment, not filtered by priority: servers, systemd and the kernel. Where
    /// there is none, what the kernel and syslog keep.
    mutating func addJournal(since: Timestamp) {
        let seconds = since.nanoseconds / 1_000_000_000
        let units = Discovery.find().units
        let isThere = run(
            "journalctl",
            ["--since=@\(seconds)", "--output=export", "--all", "--no-pager", "--quiet"]
                + FollowedStream.matches(units: units.isEmpty ? ["redis"] : units),
            into: "journal.export", isJournal: true)
        guard !isThere else { return }
        unread.append(("journal", "no entries; the kernel's own buffer and syslog instead"))
        let head = "### \(HostSample.now.rfc3339)\n$ dmesg --time-format=iso\n"
        let command = ["--time-format=iso", "--nopager"]
        _ = run("dmesg", command, into: "commands/dmesg.txt", head: head)
        for log in ["/var/log/kern.log", "/var/log/messages"] where FileState(path: log) != nil {
            addFile(log)
        }
    }

    /// What other programs of the system tell.
    mutating func addCommands() {
        let commands = [
            ["date"], ["uname", "-a"], ["df", "-k"], ["df", "-i"], ["free", "-b"],
            ["swapon", "--show"], ["sar", "-r", "ALL"], ["sar", "-S"], ["nproc"],
        ]
        for words in commands {
            let head = "### \(HostSample.now.rfc3339)\n$ \(words.joined(separator: " "))\n"
            _ = run(
                words[0], Array(words.dropFirst()),
                into: "commands/\(words.joined(separator: "_")).txt", head: head)
        }
    }

    /// Adds what a program prints, under `head`; false where it is not here or prints nothing.
    private mutating func run(
        _ program: String, _ arguments: [String], into name: String, head: String = "",
        isJournal: Bool = false
    ) -> Bool {
        let spoken = ([program] + arguments.prefix(3)).joined(separator: " ")
        var entry: Entry?
        defer { if let entry { end(entry) } }
        do throws(LiveError) {
            let child = try ChildProcess(
                program, arguments, takesInput: false, output: .pipe, environment: ["LC_ALL": "C"])
            let watcher = Watcher()
            while true {
                guard !isOver else {
                    child.kill()
                    unread.append((spoken, "took too long"))
                    return entry != nil
                }
                let wake = watcher.wait(
                    seconds: deadline - monotonicSeconds(), reading: [child.output])
                guard wake.readable.contains(child.output) else { continue }
                guard let bytes = try readAvailable(child.output) else { break }
                if entry == nil, !bytes.isEmpty {
                    entry = begin(name, isJournal: isJournal)
                    if let entry { _ = pass(Array(head.utf8).span, entry) }
                }
                guard let entry else { continue }
                guard pass(bytes.span, entry) else {
                    child.kill()
                    return true
                }
            }
        } catch {
            unread.append((spoken, error.reason))
        }
        if entry == nil, !isJournal { unread.append((spoken, "printed nothing")) }
        return entry != nil
    }

    // MARK: - The end

    mutating func finish() throws {
        do throws(LiveError) {
            // What is there and what is not is told whatever the limit.
            try archive.add(
                name: "\(base)/MANIFEST.txt", modifiedAt: startedAt.nanoseconds / 1_000_000_000,
                Array(manifest.utf8))
            try archive.finish()
        } catch {
            throw Failure("cannot write \(path): \(error.reason)")
        }
    }

    private var manifest: String {
        func line(_ path: String) -> String {
            readSmallFile(path).map { String(decoding: $0, as: UTF8.self).filter { $0 != "\n" } }
                ?? "not known"
        }
        var out = "collected by forktopsy \(Forktopsy.version)\n"
        out += "from \(startedAt.rfc3339) to \(HostSample.now.rfc3339)\n"
        out += "host name: \(line("/proc/sys/kernel/hostname"))\n"
        out += "boot id: \(line("/proc/sys/kernel/random/boot_id"))\n"
        out +=
            "zone: \(environment("TZ") ?? Directory.linkTarget("/etc/localtime") ?? "not known")\n"
        out += "as the superuser: \(isSuperuser() ? "yes" : "no")\n"
        out += "\nfiles:\n" + taken.map { "  \($0)\n" }.joined()
        out += "\ncould not be read:\n"
        out += unread.map { "  \($0.what): \($0.reason)\n" }.joined()
        return out
    }
}
