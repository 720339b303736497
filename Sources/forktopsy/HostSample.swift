// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import JSON
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

    @Flag(help: "Ask no server.")
    var noServer = false
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

    /// Seconds that one server may take to answer.
    private static let patience = 1.0

    /// Reads everything once.
    func read(settings: [String] = [], patience: Double = patience) -> HostReadings {
        let servers = Discovery.servers()
        var out = HostReadings()
        out.readHost()
        for server in servers { out.readServer(server.pid) }
        if !servers.isEmpty { out.countTasks(of: servers.map(\.pid)) }
        guard asks else { return out }
        let found = servers.compactMap { server in
            server.address.map { (address: $0, pid: Optional(server.pid)) }
        }
        let named = addresses.map { address in
            (address: address, pid: found.first { $0.address == address }?.pid ?? nil)
        }
        for (address, pid) in addresses.isEmpty ? found : named {
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

    /// Reads what the kernel and the servers show now.
    init(_ targets: SampleTargets, settings: [String] = []) {
        self.init(targets.read(settings: settings), at: Self.now)
    }

    init(_ readings: HostReadings, at: Timestamp) {
        self.at = at
        unread = readings.unread
        let text = readings.transcript(time: at.rfc3339)
        var reader = SnapshotReader(path: "this host")
        var found: [Snapshot] = []
        var number = 0
        for line in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false) {
            number += 1
            let bytes = Array(line.last == 0x0D ? line.dropLast() : line)
            found += reader.take(bytes.span, inner: bytes.span, number: number, offset: 0)
        }
        snapshots = found + reader.finish()
    }

    static var now: Timestamp { Timestamp(nanoseconds: Int64(wallClock() * 1e9)) }

    static let schema = "forktopsy.snapshot/1"

    /// The sample as one line, with its line end.
    func line(redact: Redaction.Mode) -> String {
        let host = readSmallFile("/proc/sys/kernel/hostname").map {
            String(decoding: $0, as: UTF8.self).filter { $0 != "\n" }
        }
        var redactor = Redactor(mode: redact)
        let value = JSONValue.object([
            JSONMember("schema", .string(Self.schema)),
            JSONMember("at", .string(at.rfc3339)),
            JSONMember("host", JSONValue(host)),
            JSONMember("readings", .array(snapshots.map { $0.ownJSON(&redactor) })),
            JSONMember(
                "unread",
                .array(
                    unread.map {
                        .object([
                            JSONMember("what", .string($0.what)),
                            JSONMember("reason", .string(redactor.hidden(in: $0.reason))),
                        ])
                    })),
        ])
        return value.rendered(pretty: false) + "\n"
    }
}

extension Snapshot {
    /// A reading as `docs/schema/snapshot.schema.json` has it.
    fileprivate func ownJSON(_ redactor: inout Redactor) -> JSONValue {
        var out = [
            JSONMember("format", .string(format)),
            JSONMember("scope", .string("\(subject.scope)")),
        ]
        if let pid = subject.pid { out.append(JSONMember("pid", JSONValue(Int(pid)))) }
        if let port = subject.port { out.append(JSONMember("port", JSONValue(port))) }
        if subject.isChild { out.append(JSONMember("is_child", .bool(true))) }
        if let command = subject.command { out.append(JSONMember("command", .string(command))) }
        if let path = subject.path { out.append(JSONMember("path", .string(path))) }
        var items: [JSONValue] = []
        for value in values {
            let amount: JSONValue
            switch value.quantity {
            case .whole(let number): amount = .int(number)
            case .real(let number): amount = .double(number)
            case .text(let text):
                amount = .string(
                    redactor.isSecret(named: value.measure.name) ? "" : redactor.hidden(in: text))
            }
            items.append(
                .array([
                    .string(value.measure.name), .string(value.measure.unit.rawValue), amount,
                ]))
        }
        out.append(JSONMember("values", .array(items)))
        return .object(out)
    }
}

struct SnapshotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot",
        abstract: "Print one look at the memory of this host and its servers, as a line of JSON.",
        discussion: """
            Changes nothing, and asks each server for at most a second. analyze reads files of \
            such lines; what could not be read stands in the line.
            """)

    @OptionGroup var servers: ServerOptions

    @Option(help: "What to hide: none, secrets, addresses or all.")
    var redact: String = "secrets"

    func run() throws {
        guard let mode = Redaction.Mode(rawValue: redact) else {
            throw Failure("--redact \(redact): give none, secrets, addresses or all")
        }
        let sample = HostSample(try servers.targets())
        if let problem = writeAll(sample.line(redact: mode), to: 1) {
            throw Failure("cannot write to standard output: \(problem)")
        }
    }
}
