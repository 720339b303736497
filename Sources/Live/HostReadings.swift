// SPDX-License-Identifier: Apache-2.0

/// The files of this host, and the answers of its servers, that tell about memory and limits.
///
/// Everything is read only, as the user that asks; what could not be read is named with its reason.
package struct HostReadings: Sendable {
    /// One file's text, or one answer's, and the words that a person would type for it.
    package struct Item: Sendable {
        /// The file; a name such as `info_6379.txt` for an answer.
        package var path: String
        /// The command whose output it is; `nil` for a file.
        package var command: String?
        package var text: String
        /// The server it is about.
        package var pid: Int32?
        package var port: Int?
        package var isChild = false
        /// The address of the server that answered, as it is spoken; `nil` for a file.
        package var address: String?
    }

    package var items: [Item] = []
    package var unread: [(what: String, reason: String)] = []
    /// The servers that were asked, by address.
    package var asked: [String] = []

    package init() {}

    /// How a server that could not be asked is called in `unread`, before its address.
    package static let serverAt = "the server at "
    /// What the settings of a server are called in `unread`, before its address.
    package static let settingsOf = "the settings of the server at "

    private static let host = [
        "/proc/meminfo", "/proc/sys/vm/overcommit_memory", "/proc/sys/vm/overcommit_ratio",
        "/proc/sys/vm/overcommit_kbytes", "/proc/sys/vm/swappiness",
        "/proc/sys/vm/max_map_count", "/proc/sys/vm/min_free_kbytes",
        "/proc/sys/vm/admin_reserve_kbytes", "/proc/sys/vm/user_reserve_kbytes",
        "/proc/sys/vm/panic_on_oom", "/proc/sys/kernel/pid_max",
        "/proc/sys/kernel/threads-max", "/proc/sys/kernel/osrelease",
        "/sys/kernel/mm/transparent_hugepage/enabled",
        "/sys/kernel/mm/transparent_hugepage/defrag", "/proc/pressure/memory", "/proc/swaps",
    ]
    private static let process = ["status", "smaps_rollup", "limits", "cgroup", "oom_score_adj"]
    private static let memoryV2 = [
        "memory.current", "memory.max", "memory.high", "memory.peak", "memory.swap.current",
        "memory.swap.max", "memory.events", "memory.stat", "memory.oom.group",
    ]
    private static let memoryV1 = [
        "memory.usage_in_bytes", "memory.limit_in_bytes", "memory.max_usage_in_bytes",
        "memory.failcnt", "memory.memsw.limit_in_bytes", "memory.stat", "memory.oom_control",
    ]
    private static let pids = ["pids.current", "pids.max", "pids.events"]

    // MARK: - Reading

    /// Reads what the host says of itself.
    package mutating func readHost() { for path in Self.host { read(path, isOptional: true) } }

    /// Reads what the kernel says of a server, its children and its control groups.
    ///
    /// `withMappings`: also what a fork has to account of each mapping, which decides where
    /// accounting refuses (Linux v6.6, fs/proc/task_mmu.c, `ac`); in mode 1 it never does.
    package mutating func readServer(_ pid: Int32, withMappings: Bool = false) {
        for name in Self.process { read("/proc/\(pid)/\(name)", pid: pid) }
        let mode = items.first { $0.path == "/proc/sys/vm/overcommit_memory" }?.text
        if withMappings, mode?.first != "1" {
            readMappings(of: pid)
        }
        for child in Self.children(of: pid).prefix(4) {
            for name in ["status", "smaps_rollup"] {
                read("/proc/\(child)/\(name)", pid: child, isChild: true, isOptional: true)
            }
        }
        readGroups(of: pid)
    }

    /// Asks a server what it says of itself. `settings` is a list of patterns for CONFIG GET.
    package mutating func ask(
        _ address: ServerAddress, _ login: ServerLogin, pid: Int32?, settings: [String] = [],
        seconds: Double
    ) {
        asked.append(address.spoken)
        do throws(LiveError) {
            let port = address.path == nil ? address.port : nil
            let target = address.path.map { "-s \($0)" } ?? "-h \(address.host) -p \(address.port)"
            let answers = try Self.answers(of: address, login, settings, seconds)
            items.append(
                Item(
                    path: "info_\(port.map(String.init) ?? "socket").txt",
                    command: "redis-cli \(target) INFO", text: answers.info, pid: pid,
                    port: port, address: address.spoken))
            for (pattern, text) in answers.settings {
                items.append(
                    Item(
                        path: "config_\(port.map(String.init) ?? "socket").txt",
                        command: "redis-cli \(target) CONFIG GET \(pattern)", text: text, pid: pid,
                        port: port, address: address.spoken))
            }
            if let refusal = answers.refusal {
                unread.append((Self.settingsOf + address.spoken, refusal))
            }
        } catch {
            unread.append((Self.serverAt + address.spoken, error.reason))
        }
    }

    /// What a server answers: over a connection of our own, or through the system's client where the
    /// connection must be encrypted. What INFO tells stays where CONFIG GET is refused.
    private static func answers(
        of address: ServerAddress, _ login: ServerLogin, _ patterns: [String], _ seconds: Double
    ) throws(LiveError)
        -> (info: String, settings: [(pattern: String, text: String)], refusal: String?)
    {
        var settings: [(pattern: String, text: String)] = []
        if let encryption = login.encryption {
            let client = try ServerClient(address, login, encryption, seconds: seconds)
            let info = try client.info()
            do throws(LiveError) {
                for pattern in patterns {
                    let text = try client.settings(pattern)
                    if !text.isEmpty { settings.append((pattern, text)) }
                }
            } catch {
                return (info, settings, error.reason)
            }
            return (info, settings, nil)
        }
        var server = try ServerConnection(address, seconds: seconds)
        try server.login(login)
        let info = try server.info()
        do throws(LiveError) {
            for pattern in patterns {
                let found = try server.settings(pattern)
                guard !found.isEmpty else { continue }
                settings.append((pattern, Self.numbered(found)))
            }
        } catch {
            return (info, settings, error.reason)
        }
        return (info, settings, nil)
    }

    /// Names and values as a terminal shows them: on bare lines a value may be empty, or look like
    /// something else.
    static func numbered(_ settings: [(String, String)]) -> String {
        settings.flatMap { [$0, $1] }.enumerated().map { i, text in
            "\(i + 1)) \"\(text.replacing("\n", with: " "))\"\n"
        }.joined()
    }

    package mutating func read(
        _ path: String, pid: Int32? = nil, isChild: Bool = false, isOptional: Bool = false,
        limit: Int = 1 << 18
    ) {
        do throws(LiveError) {
            let file = try OpenFile(path: path)
            var block = [UInt8](repeating: 0, count: 1 << 16)
            var text: [UInt8] = []
            while text.count < limit,
                case let count = try file.read(into: &block, at: Int64(text.count)),
                count > 0
            {
                text += block[..<count]
            }
            items.append(
                Item(
                    path: path, text: String(decoding: text.prefix(limit), as: UTF8.self),
                    pid: pid, isChild: isChild))
        } catch {
            if !isOptional || !error.isMissing { unread.append((path, error.reason)) }
        }
    }

    /// Reads of each mapping of a process where it lies and its flags: all that says what a fork has
    /// to account, and a tenth of the text.
    private mutating func readMappings(of pid: Int32) {
        let path = "/proc/\(pid)/smaps"
        do throws(LiveError) {
            let file = try OpenFile(path: path)
            var lines = MappingLines()
            var block = [UInt8](repeating: 0, count: 1 << 16)
            var offset: Int64 = 0
            while offset < Self.mappingsLimit,
                case let count = try file.read(into: &block, at: offset),
                count > 0
            {
                lines.take(block[..<count])
                offset += Int64(count)
            }
            items.append(
                Item(path: path, text: String(decoding: lines.kept, as: UTF8.self), pid: pid))
        } catch {
            unread.append((path, error.reason))
        }
    }

    /// Bytes of smaps that are read: more mappings than the kernel allows by default take less.
    private static let mappingsLimit: Int64 = 64 << 20

    /// Counts the tasks of the users that servers run as, and all: limits count them.
    package mutating func countTasks(of servers: [Int32]) {
        var users: [String: Int] = [:]
        var all = 0
        let wanted = Set(servers.compactMap { Self.userAndThreads($0)?.user })
        for pid in (Directory.names(in: "/proc") ?? []).compactMap({ Int32($0) }) {
            guard let (user, threads) = Self.userAndThreads(pid) else { continue }
            all += threads
            if wanted.contains(user) { users[user, default: 0] += threads }
        }
        for (user, count) in users.sorted(by: { $0.key < $1.key }) {
            items.append(
                Item(
                    path: "tasks_\(user).txt", command: "ps -L -u \(user) -o pid= | wc -l",
                    text: "\(count)\n"))
        }
        items.append(
            Item(path: "tasks.txt", command: "ps -eL -o pid= | wc -l", text: "\(all)\n"))
    }

    /// The real user of a process, and how many threads it has.
    private static func userAndThreads(_ pid: Int32) -> (user: String, threads: Int)? {
        guard let bytes = readSmallFile("/proc/\(pid)/status") else { return nil }
        var user: String?
        var threads = 0
        for line in bytes.split(separator: 0x0A) {
            guard line.first == UInt8(ascii: "U") || line.first == UInt8(ascii: "T") else {
                continue
            }
            let words = String(decoding: line, as: UTF8.self).split { $0 == "\t" || $0 == " " }
            guard words.count >= 2 else { continue }
            if words[0] == "Uid:" { user = String(words[1]) }
            if words[0] == "Threads:" { threads = Int(words[1]) ?? 0 }
        }
        return user.map { ($0, threads) }
    }

    private static func children(of pid: Int32) -> [Int32] {
        guard let bytes = readSmallFile("/proc/\(pid)/task/\(pid)/children") else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(separator: " ").compactMap {
            Int32($0)
        }
    }

    /// The files of each group that a server is in, up to the root: each has a limit of its own.
    private mutating func readGroups(of pid: Int32) {
        guard let bytes = readSmallFile("/proc/\(pid)/cgroup") else { return }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            let controllers = parts[1].split(separator: ",")
            if parts[1].isEmpty {
                let isMixed = FileState(path: "/sys/fs/cgroup/cgroup.procs") == nil
                let root = isMixed ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup"
                readGroup(root, String(parts[2]), Self.memoryV2 + Self.pids)
            } else if controllers.contains("memory") {
                readGroup("/sys/fs/cgroup/memory", String(parts[2]), Self.memoryV1)
            } else if controllers.contains("pids") {
                readGroup("/sys/fs/cgroup/pids", String(parts[2]), Self.pids)
            }
        }
    }

    private mutating func readGroup(_ root: String, _ group: String, _ names: [String]) {
        var path = group
        while true {
            let base = path == "/" ? root : root + path
            for name in names where !items.contains(where: { $0.path == "\(base)/\(name)" }) {
                read("\(base)/\(name)", isOptional: true)
            }
            guard let slash = path.lastIndex(of: "/"), path != "/" else { return }
            path = slash == path.startIndex ? "/" : String(path[..<slash])
        }
    }

    // MARK: - As text

    /// All items one below the other, as a person would have typed for them; `time` is RFC 3339.
    /// `begins` is called with the number of each item's first line, from 1.
    package func transcript(time: String, _ begins: (Item, Int) -> Void = { _, _ in }) -> String {
        var out = ""
        var above = ""
        var lines = 0
        var counted = 0
        for item in items {
            lines += out.utf8.dropFirst(counted).count { $0 == 0x0A }
            counted = out.utf8.count
            begins(item, lines + 1)
            var head = "### \(time)"
            if let pid = item.pid { head += " pid=\(pid) \(item.isChild ? "child of" : "server")" }
            if let port = item.port { head += " port=\(port)" }
            // Files of one group stand together, and are one reading.
            if head != above { out += head + "\n" }
            above = head
            out += item.command.map { "$ \($0)\n" } ?? "==> \(item.path) <==\n"
            out += item.text
            if !item.text.hasSuffix("\n") { out += "\n" }
        }
        return out
    }
}
