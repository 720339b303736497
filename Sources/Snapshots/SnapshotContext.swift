// SPDX-License-Identifier: Apache-2.0

internal import Model

/// What stands around a reading: the file it is in, the time above it, the command it is the
/// output of.
struct SnapshotContext {
    /// The name of the input, as reports call it.
    let inputPath: String
    /// The file whose content follows: from `==> path <==`, `$ cat path`, or the input itself.
    /// Absolute where the source says so, `/proc/meminfo`; for a sosreport's or a collected tree
    /// the part of the path from `proc/`, `sys/` or `etc/` on, made absolute.
    var path: String?
    /// All files whose content follows, one after the other (`$ cat path path`).
    var files: [String] = []
    /// The command whose output follows, in words: `["sysctl", "vm.overcommit_memory"]`. What only
    /// runs it (sudo, ssh, docker exec) is left out.
    var command: [String] = []
    /// The commands that its output goes through: `| grep -i commit`.
    var filters: [[String]] = []
    /// Whether the command line prints the time before its output.
    var printsDate = false
    /// Whether the file or the output has been read whole: what follows is something else.
    var isRead = false
    var stamp = Stamp.none
    var timeBasis = Snapshot.TimeBasis.none
    /// The host, where something in this input named it.
    var host: String?
    /// The host that the command went to by ssh.
    var remoteHost: String?
    /// What the line above the reading says of the process: `### … pid=7 server port=6379`.
    var pid: Int32?
    var port: Int?
    var isChild = false
    /// Whether a JSON document of any kind may stand here: at the start of an input, below a line
    /// that says what follows, behind another document.
    var expectsDocument = true
    /// The file that the input itself is.
    private let ownPath: String?

    init(inputPath: String) {
        self.inputPath = inputPath
        ownPath = Self.systemPath(in: inputPath)
        path = ownPath
        pid = path.flatMap(Self.processID(inPath:))
        let layout = ReportLayout(path: inputPath)
        host = layout.host
        command = layout.command ?? []
    }

    /// The command's name without its folder.
    var program: String? { command.first.map { String($0.split(separator: "/").last ?? "") } }

    /// A time stands above what follows.
    mutating func enter(_ time: TimeText) {
        stamp = time.stamp
        timeBasis = .header
        isRead = false
        guard !printsDate else { return }
        path = ownPath
        pid = path.flatMap(Self.processID(inPath:))
        port = nil
        isChild = false
        command = []
        filters = []
        files = []
        remoteHost = nil
    }

    /// Whether a file of the kernel's is shown. No blank line stands in what is read of them.
    var isSystemFile: Bool {
        guard let path else { return false }
        return path.hasPrefix("/proc/") || path.hasPrefix("/sys/") || CgroupFile(path: path) != nil
    }

    /// Whether the command asks a server of the family.
    var isClient: Bool {
        guard let program else { return false }
        return ["redis-cli", "valkey-cli", "keydb-cli"].contains(program)
    }

    /// The content of a file follows.
    mutating func enter(file: String) {
        path = file
        isRead = false
        if let process = Self.processID(inPath: file) { pid = process }
    }

    /// The output of a command follows.
    mutating func enter(_ line: CommandLine) {
        isRead = false
        remoteHost = line.host
        printsDate = line.commands.contains { $0.program == "date" }
        let main = line.main
        command = main?.command.words ?? []
        filters = main?.filters.map(\.words) ?? []
        files = []
        if ["cat", "head", "tail", "grep", "zcat", "more", "less"].contains(program) {
            files = command.dropFirst().filter { $0.contains("/") && !$0.hasPrefix("-") }
        }
        if program == "sysctl", command.contains(where: { $0 == "-n" || $0 == "-bn" }) {
            // Values alone, in the order of the names.
            files = command.dropFirst().filter { !$0.hasPrefix("-") && !$0.contains("=") }
                .map { "/proc/sys/" + $0.map { $0 == "." ? "/" : String($0) }.joined() }
        }
        path = files.count == 1 ? files[0] : nil
        isChild = false
        port = nil
        pid = Self.processID(in: command)
        if isClient, let at = command.firstIndex(of: "-p"), at + 1 < command.count {
            port = Int(command[at + 1])
        }
    }

    // MARK: - Processes

    /// The process that a command is about: `cat /proc/7/limits`, `prlimit --pid 7`, `ps -p 7`.
    private static func processID(in words: [String]) -> Int32? {
        let program = words.first.map { String($0.split(separator: "/").last ?? "") } ?? ""
        let takesPID = ["ps", "prlimit", "top", "pmap", "pidstat", "nsenter"].contains(program)
        for (i, word) in words.enumerated() {
            if let pid = processID(inPath: word) { return pid }
            guard takesPID else { continue }
            if word == "-p" || word == "--pid" || word == "-P", i + 1 < words.count,
                let pid = Int32(words[i + 1])
            {
                return pid
            }
            for prefix in ["--pid=", "-p"] where word.hasPrefix(prefix) {
                if let pid = Int32(word.dropFirst(prefix.count)) { return pid }
            }
        }
        return nil
    }

    /// `/proc/7/limits`: 7.
    private static func processID(inPath path: String) -> Int32? {
        guard path.hasPrefix("/proc/") else { return nil }
        return Int32(path.dropFirst(6).prefix { $0.isASCII && $0.isNumber })
    }

    // MARK: - Names of inputs

    /// The part of an input's path that is a path of the host it shows.
    ///
    /// `sosreport-x/proc/meminfo` shows /proc/meminfo; `collect/sys/fs/cgroup/…` likewise.
    private static func systemPath(in path: String) -> String? {
        let parts = path.split(separator: "/")
        guard parts.count > 1 else { return nil }
        let roots = ["proc", "sys", "etc"]
        guard let at = parts.firstIndex(where: { roots.contains(String($0)) }),
            at < parts.count - 1
        else { return nil }
        return "/" + parts[at...].joined(separator: "/")
    }
}
