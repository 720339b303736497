// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Live
internal import Model
internal import Reports
internal import Snapshots

/// Which servers to ask, and as whom.
struct ServerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Ask this server: host:port in numbers, or a socket's path. Repeatable. Default: the "
                + "servers that run here.", valueName: "address"))
    var server: [String] = []

    @Option(help: ArgumentHelp("The ACL user to log in as.", valueName: "name"))
    var user: String?

    @Option(
        help: ArgumentHelp(
            "A file that holds the password. Default: REDISCLI_AUTH in the environment.",
            valueName: "file"))
    var passwordFile: String?

    @Flag(help: "Ask through redis-cli --tls, or valkey-cli: for ports that are encrypted.")
    var tls = false

    @Option(
        name: .customLong("tls-ca"),
        help: ArgumentHelp("Who may have signed the server's certificate.", valueName: "file"))
    var tlsAuthority: String?

    @Option(
        name: .customLong("tls-cert"),
        help: ArgumentHelp("The certificate to show.", valueName: "file"))
    var tlsCertificate: String?

    @Option(help: ArgumentHelp("The key of that certificate.", valueName: "file"))
    var tlsKey: String?

    @Flag(help: "Take any certificate of the server.")
    var tlsInsecure = false

    @Flag(help: "Ask no server.")
    var noServer = false

    func validate() throws {
        let files = [tlsAuthority, tlsCertificate, tlsKey].contains { $0 != nil }
        if !tls, files || tlsInsecure { throw ValidationError("--tls-… needs --tls") }
    }

    private var encryption: ServerLogin.Encryption? {
        guard tls else { return nil }
        var out = ServerLogin.Encryption()
        out.authority = tlsAuthority
        out.certificate = tlsCertificate
        out.key = tlsKey
        out.isUnchecked = tlsInsecure
        return out
    }
}

extension ServerOptions {
    func targets() throws -> SampleTargets {
        var out = SampleTargets()
        var password = environment("REDISCLI_AUTH") ?? environment("VALKEYCLI_AUTH")
        if let passwordFile {
            guard let bytes = readSmallFile(passwordFile, limit: 4096) else {
                throw Failure("\(passwordFile): cannot be read")
            }
            password = String(decoding: bytes, as: UTF8.self)
                .split(separator: "\n", omittingEmptySubsequences: false).first.map(String.init)
        }
        out.login = ServerLogin(user: user, password: password)
        out.login.encryption = encryption
        out.asks = !noServer
        for text in server {
            guard let address = ServerAddress(text) else {
                throw Failure("--server \(text): give host:port in numbers, or a socket's path")
            }
            out.addresses.append(address)
        }
        return out
    }
}

/// What a sample is taken of.
struct SampleTargets {
    var login = ServerLogin()
    var addresses: [ServerAddress] = []
    var asks = true
    /// Addresses that are left alone, as they are spoken.
    var silent: Set<String> = []

    /// Seconds that one server may take to answer.
    private static let patience = 1.0

    /// Reads everything once.
    ///
    /// `servers`: those that are known to run here; `nil` to look for them. `withMappings`: also
    /// what a fork has to account, which costs the kernel a walk through each server's memory.
    /// `withTasks`: also the tasks of the servers' users, for which all processes are looked at.
    /// `breathe` is called between two things that take time.
    func read(
        settings: [String] = [], patience: Double = patience, of known: [Discovery.Server]? = nil,
        withMappings: Bool = true, withTasks: Bool = true, breathe: () -> Void = {}
    ) -> HostReadings {
        let servers = known ?? Discovery.servers()
        var out = HostReadings()
        out.readHost()
        for server in servers {
            breathe()
            out.readServer(server.pid, withMappings: withMappings)
        }
        breathe()
        if withTasks, !servers.isEmpty { out.countTasks(of: servers.map(\.pid)) }
        guard asks else { return out }
        let found = servers.compactMap { server in
            server.address.map { (address: $0, pid: Optional(server.pid)) }
        }
        let named = addresses.map { address in
            (address: address, pid: found.first { $0.address == address }?.pid ?? nil)
        }
        for (address, pid) in addresses.isEmpty ? found : named
        where !silent.contains(address.spoken) && !SignalPipe.isEnding {
            breathe()
            out.ask(address, login, pid: pid, settings: settings, seconds: patience)
        }
        return out
    }
}

/// One look at the memory of this host and its servers.
struct HostSample {
    let at: Timestamp
    let snapshots: [Snapshot]
    let unread: [(what: String, reason: String)]
    /// The servers that were asked, by address.
    let asked: [String]
    /// Where the answers of servers begin and end, and whose they are; `nil` what is no answer.
    private let answers: [(line: Int, address: String?)]

    /// Reads what the kernel and the servers show now.
    init(_ targets: SampleTargets, settings: [String] = []) {
        self.init(targets.read(settings: settings), at: Self.now)
    }

    /// `breathe` is called every few lines.
    init(_ readings: HostReadings, at: Timestamp, breathe: () -> Void = {}) {
        self.at = at
        unread = readings.unread
        asked = readings.asked
        var answers: [(line: Int, address: String?)] = []
        let text = readings.transcript(time: at.rfc3339) { item, line in
            if answers.last?.address != item.address { answers.append((line, item.address)) }
        }
        self.answers = answers
        var reader = SnapshotReader(path: "this host")
        var found: [Snapshot] = []
        var number = 0
        for line in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false) {
            number += 1
            if number % 64 == 0 { breathe() }
            let bytes = Array(line.last == 0x0D ? line.dropLast() : line)
            found += reader.take(bytes.span, inner: bytes.span, number: number, offset: 0)
        }
        snapshots = found + reader.finish()
    }

    /// The server whose answer a reading is from, by its address: its own words for itself may be
    /// others than the host's, in a container.
    func address(of snapshot: Snapshot) -> String? {
        answers.last { $0.line <= snapshot.line }?.address
    }

    static var now: Timestamp { Timestamp(nanoseconds: Int64(wallClock() * 1e9)) }

    /// The sample as one line of `forktopsy.snapshot/1`, with its line end.
    func line(redact: Redaction.Mode) -> String {
        var redactor = Redactor(mode: redact)
        let host = Live.readSmallFile("/proc/sys/kernel/hostname").map {
            String(decoding: $0, as: UTF8.self).filter { $0 != "\n" }
        }
        let shown = snapshots.map { snapshot in
            var out = snapshot
            out.subject.host = snapshot.subject.host ?? host
            for i in out.values.indices {
                guard case .text(let text) = out.values[i].quantity else { continue }
                let isSecret = redactor.isSecret(named: out.values[i].measure.name)
                out.values[i].quantity = .text(isSecret ? "" : redactor.hidden(in: text))
            }
            return out
        }
        return shown.snapshotLine(at: at, tool: Forktopsy.version) + "\n"
    }
}

struct SnapshotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot",
        abstract: "Print one look at the memory of this host and its servers, as a line of JSON.",
        discussion: """
            Changes nothing, and asks each server for at most a second. analyze reads files of \
            such lines. What could not be read is said on standard error.
            """)

    @OptionGroup var servers: ServerOptions

    @Option(help: "What to hide: none, secrets, addresses or all.")
    var redact: String = "secrets"

    func run() throws {
        guard let mode = Redaction.Mode(rawValue: redact) else {
            throw Failure("--redact \(redact): give none, secrets, addresses or all")
        }
        let sample = HostSample(try servers.targets())
        // Cron mails what is printed: a line for each reason, not for each file.
        let reasons = Dictionary(grouping: sample.unread, by: \.reason)
        for (reason, things) in reasons.sorted(by: { $0.key < $1.key }) {
            let rest = things.count > 1 ? " and \(counted(things.count - 1, "other"))" : ""
            printToStandardError("forktopsy: \(things[0].what)\(rest): \(reason)\n")
        }
        if let problem = writeAll(sample.line(redact: mode), to: 1) {
            throw Failure("cannot write to standard output: \(problem)")
        }
    }
}
