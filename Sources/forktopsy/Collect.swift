// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Live
internal import Model
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

    /// Adds a file, its secrets hidden.
    private mutating func add(_ name: String, _ bytes: [UInt8], modifiedAt: Int64? = nil) {
        guard archive.size + Int64(bytes.count) <= limit else {
            unread.append((name, "over the limit of \(limit >> 20) MiB"))
            return
        }
        let shown = RotatedLogs.isPacked(name) ? bytes : hidden(bytes)
        do throws(LiveError) {
            let time = modifiedAt ?? startedAt.nanoseconds / 1_000_000_000
            try archive.add(name: "\(base)/\(name)", modifiedAt: time, shown)
            taken.append(name)
        } catch {
            unread.append((name, error.reason))
        }
    }

    private mutating func hidden(_ bytes: [UInt8]) -> [UInt8] {
        guard redact != .none, let text = String(validating: bytes, as: UTF8.self) else {
            return bytes
        }
        var out = ""
        out.reserveCapacity(text.utf8.count)
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            var redactor = Redactor(mode: redact)
            out += redactor.hidden(in: String(line)) + "\n"
            secrets += redactor.redaction.secretsReplaced
        }
        out.removeLast()
        return Array(out.utf8)
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
        guard archive.size + state.size <= limit,
            let bytes = Live.readSmallFile(path, limit: Int(limit))
        else {
            unread.append((path, "cannot be read, or over the limit"))
            return
        }
        guard !Self.isData(bytes) else {
            unread.append((path, "holds the server's data, not a log; left out"))
            return
        }
        let name = "logs" + (path.hasPrefix("/") ? path : "/" + path)
        add(name, bytes, modifiedAt: state.modifiedAt / 1_000_000_000)
    }

    /// Whether a file holds what clients have stored: RDB, AOF, or anything that is no text.
    private static func isData(_ bytes: [UInt8]) -> Bool {
        let head = bytes.prefix(4096)
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

    /// The journal since a moment, not filtered by priority: servers, systemd and the kernel.
    mutating func addJournal(since: Timestamp) {
        let seconds = since.nanoseconds / 1_000_000_000
        let units = Discovery.find().units
        let result = run(
            "journalctl",
            ["--since=@\(seconds)", "--output=export", "--all", "--no-pager", "--quiet"]
                + FollowedStream.matches(units: units.isEmpty ? ["redis"] : units))
        if let bytes = result, !bytes.isEmpty { add("journal.export", bytes) }
    }

    /// What other programs of the system tell.
    mutating func addCommands() {
        let commands = [
            ["uname", "-a"], ["df", "-k"], ["df", "-i"], ["free", "-b"], ["swapon", "--show"],
            ["sar", "-r", "ALL"], ["sar", "-S"], ["nproc"],
        ]
        for words in commands {
            guard let bytes = run(words[0], Array(words.dropFirst())) else { continue }
            let head = "### \(HostSample.now.rfc3339)\n$ \(words.joined(separator: " "))\n"
            add("commands/\(words.joined(separator: "_")).txt", Array(head.utf8) + bytes)
        }
    }

    /// What a program prints; nothing where it is not here, fails, or takes too long.
    private mutating func run(_ program: String, _ arguments: [String]) -> [UInt8]? {
        let spoken = ([program] + arguments.prefix(3)).joined(separator: " ")
        do throws(LiveError) {
            let child = try ChildProcess(program, arguments, takesInput: false, output: .pipe)
            let watcher = Watcher()
            var out: [UInt8] = []
            while true {
                guard !isOver, out.count <= Int(limit) else {
                    child.kill()
                    unread.append((spoken, "took too long, or printed too much"))
                    return out.isEmpty ? nil : out
                }
                let wake = watcher.wait(
                    seconds: deadline - monotonicSeconds(), reading: [child.output])
                guard wake.readable.contains(child.output) else { continue }
                guard let bytes = try readAvailable(child.output) else { break }
                out += bytes
            }
            return out
        } catch {
            unread.append((spoken, error.reason))
            return nil
        }
    }

    // MARK: - The end

    mutating func finish() throws {
        add("MANIFEST.txt", Array(manifest.utf8))
        do throws(LiveError) {
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
