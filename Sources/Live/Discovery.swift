// SPDX-License-Identifier: Apache-2.0

/// The servers of this host: their processes, logs and units, as far as this user may see them.
package struct Discovery: Sendable {
    package struct Server: Hashable, Sendable {
        package var pid: Int32
        /// The name of the program: `redis-server`.
        package var command: String
        /// The unit of systemd that started it, if one did.
        package var unit: String?
        /// Where it listens, as its title says.
        package var address: ServerAddress?

        package init(
            pid: Int32, command: String, unit: String? = nil, address: ServerAddress? = nil
        ) {
            (self.pid, self.command, self.unit, self.address) = (pid, command, unit, address)
        }

        /// Its name, address and process, for people.
        package var spoken: String {
            "\(command) \(address.map { $0.spoken + " " } ?? "")(pid \(pid))"
        }

        /// Whether the process is there still, and no other has got its number.
        package var isRunning: Bool { Discovery.command(of: pid) == command }
    }

    package var servers: [Server] = []
    /// Logs, and directories of them.
    package var logs: [String] = []
    package var units: [String] = []
    /// Servers whose log could not be found out, and why.
    package var unlogged: [(what: String, reason: String)] = []

    static let programs: Set<String> = ["redis-server", "valkey-server", "keydb-server"]

    /// Where packages and containers keep the logs.
    static let usualLogs = [
        "/var/log/redis", "/var/log/valkey", "/var/log/keydb", "/var/log/redis.log",
        "/var/log/valkey.log",
    ]

    /// The servers that run here, by process.
    package static func servers() -> [Server] {
        (Directory.names(in: "/proc") ?? []).compactMap { Int32($0) }.sorted()
            .compactMap { server($0) }
    }

    /// Looks at processes, their configuration, the usual places, and asks the servers that answer
    /// `login` within half a second.
    package static func find(asking login: ServerLogin? = nil) -> Discovery {
        var out = Discovery()
        out.servers = servers()
        for server in out.servers {
            if let unit = server.unit, !out.units.contains(unit) { out.units.append(unit) }
            var named = logs(of: server.pid)
            if let login {
                do throws(LiveError) {
                    named += try asked(server, login)
                } catch {
                    if named.isEmpty { out.unlogged.append((server.spoken, error.reason)) }
                }
            }
            for log in named where !log.isEmpty && !out.logs.contains(log) {
                out.logs.append(log)
            }
        }
        for log in usualLogs where FileState(path: log) != nil && !out.logs.contains(log) {
            out.logs.append(log)
        }
        out.logs.sort()
        return out
    }

    /// The log that a server names itself; none where it writes to its standard output.
    private static func asked(
        _ server: Server, _ login: ServerLogin
    ) throws(LiveError) -> [String] {
        guard let address = server.address else {
            throw LiveError(reason: "its address is not known")
        }
        guard login.encryption == nil else {
            throw LiveError(reason: "servers behind TLS are not asked for their logs")
        }
        var connection = try ServerConnection(address, seconds: 0.5)
        try connection.login(login)
        guard let log = try connection.settings("logfile").first?.1, !log.isEmpty else {
            if server.unit != nil { return [] }
            throw LiveError(reason: "it writes its log to standard output, which is no file")
        }
        return [absolute(log, server.pid)]
    }

    private static func command(of pid: Int32) -> String? {
        readSmallFile("/proc/\(pid)/comm").map {
            String(decoding: $0, as: UTF8.self).filter { $0 != "\n" }
        }
    }

    private static func server(_ pid: Int32) -> Server? {
        guard let command = command(of: pid), programs.contains(command) else { return nil }
        let groups = readSmallFile("/proc/\(pid)/cgroup").map {
            String(decoding: $0, as: UTF8.self)
        }
        let unit = groups?.split { $0 == "/" || $0 == "\n" }.last { $0.hasSuffix(".service") }
        let title = (readSmallFile("/proc/\(pid)/cmdline") ?? []).split { $0 == 0 || $0 == 0x20 }
            .map { String(decoding: $0, as: UTF8.self) }
        let address = title.dropFirst().lazy.compactMap { word -> ServerAddress? in
            if word.hasPrefix("unixsocket:") { return ServerAddress(String(word.dropFirst(11))) }
            return word.contains(":") ? ServerAddress(word) : nil
        }.first
        return Server(
            pid: pid, command: command, unit: unit.map(String.init), address: address)
    }

    /// The logs that a server names in its command line or its configuration file, and what its
    /// standard output is.
    private static func logs(of pid: Int32) -> [String] {
        var out: [String] = []
        let words = (readSmallFile("/proc/\(pid)/cmdline") ?? []).split(separator: 0).map {
            String(decoding: $0, as: UTF8.self)
        }
        if let at = words.firstIndex(of: "--logfile"), at + 1 < words.count {
            out.append(words[at + 1])
        }
        for word in words.dropFirst() where word.hasSuffix(".conf") {
            if let log = logfile(inConfiguration: absolute(word, pid)) { out.append(log) }
        }
        if let target = Directory.linkTarget("/proc/\(pid)/fd/1"), target.hasPrefix("/"),
            FileState(path: target)?.isRegular ?? false
        {
            out.append(target)
        }
        return out.filter { !$0.isEmpty }.map { absolute($0, pid) }
    }

    private static func absolute(_ path: String, _ pid: Int32) -> String {
        if path.hasPrefix("/") { return path }
        return (Directory.linkTarget("/proc/\(pid)/cwd") ?? "") + "/" + path
    }

    static func logfile(inConfiguration path: String) -> String? {
        guard let bytes = readSmallFile(path) else { return nil }
        var out: String?
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let words = line.split { $0 == " " || $0 == "\t" }
            guard words.count == 2, words[0].lowercased() == "logfile" else { continue }
            let name = words[1].filter { $0 != "\"" && $0 != "'" }
            out = name.isEmpty ? nil : String(name)
        }
        return out
    }
}
