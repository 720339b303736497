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
    /// The command whose output follows, in words: `["sysctl", "vm.overcommit_memory"]`.
    var command: [String] = []
    var stamp = Stamp.none
    var timeBasis = Snapshot.TimeBasis.none
    /// The host, where something in this input named it.
    var host: String?
    /// What the line above the reading says of the process: `### … pid=7 server port=6379`.
    var pid: Int32?
    var port: Int?
    var isChild = false

    init(inputPath: String) {
        self.inputPath = inputPath
        path = Self.systemPath(in: inputPath)
        let layout = ReportLayout(path: inputPath)
        host = layout.host
        command = layout.command ?? []
    }

    /// The command's name without its folder, and without `sudo` before it.
    var program: String? {
        let words = command.drop { $0 == "sudo" || $0 == "env" || $0.contains("=") }
        return words.first.map { String($0.split(separator: "/").last ?? "") }
    }

    /// Whether the command asks a server of the family.
    var isClient: Bool {
        guard let program else { return false }
        return ["redis-cli", "valkey-cli", "keydb-cli"].contains(program)
    }

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
