// SPDX-License-Identifier: Apache-2.0

internal import Model

/// A line that says what follows: a time, a command at a prompt, the name of a file.
///
/// Shapes: `### 2026-11-22T11:50:58Z pid=7 server port=6379`, `Sun Nov 22 12:17:23 UTC 2026`,
/// `$ sysctl vm.overcommit_memory`, `[root@db1 ~]# free -m`, `127.0.0.1:6379> INFO memory`,
/// `==> /sys/fs/cgroup/memory.max <==`.
enum ContextLine {
    case time(TimeText)
    /// A command, and the host that its prompt names.
    case command(String, host: String?)
    case file(Substring)
    /// `db1 | CHANGED | rc=0 >>`: what follows, ansible ran on that host.
    case host(Substring)

    init?(_ text: String) {
        let line = text.trimmed
        guard let first = line.utf8.first, line.utf8.count <= 2048 else { return nil }
        if first == 0x3D, line.hasPrefix("==> "), line.hasSuffix(" <==") {  // =
            self = .file(line.dropFirst(4).dropLast(4).trimmed)
            return
        }
        if line.hasSuffix(" >>"), let host = Self.ansibleHost(line) {
            self = .host(host)
            return
        }
        if first == 0x23, line.hasPrefix("### ") {
            guard let time = TimeText(line.dropFirst(4), allowsEpoch: true) else { return nil }
            self = .time(time)
            return
        }
        if let command = Self.command(line) {
            self = command
            return
        }
        // A time alone, or a time and the command that was run then.
        let isWord = (first | 0x20) &- 0x61 < 26 || first &- 0x30 < 10 || first >= 0x80
        guard isWord, let time = TimeText(line, allowsEpoch: true), Self.stands(time, in: line)
        else { return nil }
        self = .time(time)
    }

    /// Seconds since 1970 alone on a line. Any count looks like that, so a line is only taken for
    /// a time when nobody waits for a number.
    static func isNumber(_ text: String) -> Bool {
        let line = text.trimmed
        return !line.isEmpty && line.utf8.count <= 20
            && line.utf8.allSatisfy { $0 &- 0x30 < 10 || $0 == 0x2E }
    }

    /// Whether a time is a line of its own: nothing behind it, a command, or whose reading follows.
    private static func stands(_ time: TimeText, in line: Substring) -> Bool {
        guard let word = time.rest.split(separator: " ").first else {
            return !isNumber(String(line))
        }
        return isProgram(word) || word.hasPrefix("pid=")
    }

    /// The host in the heading of a command's output (ansible 2.16,
    /// lib/ansible/plugins/callback/minimal.py).
    private static func ansibleHost(_ line: Substring) -> Substring? {
        let parts = line.split(separator: "|")
        guard parts.count == 3, parts[2].hasPrefix(" rc="),
            ["SUCCESS", "CHANGED", "FAILED"].contains(parts[1].trimmed)
        else { return nil }
        let name = parts[0].trimmed
        return name.isEmpty || name.contains(" ") ? nil : name
    }

    // MARK: - Prompts

    private static func command(_ line: Substring) -> ContextLine? {
        // Every prompt ends in one of # $ >; most lines hold none.
        guard line.utf8.contains(where: { $0 == 0x23 || $0 == 0x24 || $0 == 0x3E }) else {
            return nil
        }
        if line.hasPrefix("$ ") { return command(line.dropFirst(2), host: nil) }
        if line.hasPrefix("# ") {
            // Also a comment, or the name of a section of INFO.
            let rest = line.dropFirst(2)
            guard let first = rest.split(separator: " ").first, isProgram(first) else { return nil }
            return command(rest, host: nil)
        }
        for mark in ["]# ", "]$ ", "# ", "$ ", "> "] {
            guard let at = line.firstRange(of: mark) else { continue }
            let prompt = line[..<at.lowerBound]
            let rest = line[at.upperBound...]
            if mark == "> " {
                guard isClientPrompt(prompt) else { continue }
                let port = prompt.split(separator: "[")[0].split(separator: ":").last ?? ""
                let server = Int(port) == nil ? "" : "-p \(port) "
                return .command("redis-cli " + server + rest, host: nil)
            }
            guard prompt.contains("@") || prompt.hasPrefix("bash-") || prompt.hasPrefix("sh-"),
                !prompt.contains("  "), prompt.utf8.count <= 96
            else { continue }
            return command(rest, host: host(in: prompt))
        }
        return nil
    }

    private static func command(_ text: Substring, host: String?) -> ContextLine? {
        let text = text.trimmed
        return text.isEmpty ? nil : .command(String(text), host: host)
    }

    /// `root@db1:~`, `[redis@db1 data`: the name behind the `@`.
    private static func host(in prompt: Substring) -> String? {
        guard let at = prompt.firstIndex(of: "@") else { return nil }
        let name = prompt[prompt.index(after: at)...].prefix {
            $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "." || $0 == "_")
        }
        return name.isEmpty ? nil : String(name)
    }

    /// `127.0.0.1:6379`, `localhost:6379[2]`, `redis /run/redis.sock`.
    private static func isClientPrompt(_ prompt: Substring) -> Bool {
        if prompt.hasPrefix("redis ") || prompt.hasPrefix("valkey ") { return true }
        let plain =
            prompt.hasSuffix("]")
            ? prompt[..<(prompt.lastIndex(of: "[") ?? prompt.endIndex)] : prompt
        guard let colon = plain.lastIndex(of: ":"), !plain.contains(" ") else { return false }
        let port = plain[plain.index(after: colon)...]
        return !port.isEmpty && port.utf8.count <= 5 && port.utf8.allSatisfy { $0 &- 0x30 < 10 }
    }

    /// Whether a word is a program whose output is read here, or that changes what is.
    private static func isProgram(_ word: Substring) -> Bool {
        programs.contains(String(word.split(separator: "/").last ?? ""))
    }

    private static let programs: Set<String> = [
        "cat", "head", "tail", "grep", "sysctl", "free", "vmstat", "sar", "sadf", "df", "ps", "top",
        "uname", "hostname", "date", "nproc", "ulimit", "prlimit", "swapon", "swapoff", "echo",
        "systemctl", "journalctl", "dmesg", "redis-cli", "valkey-cli", "keydb-cli", "docker",
        "podman", "kubectl", "crictl", "sudo", "mount", "lsblk", "cgget", "slabtop", "numastat",
        "getenforce", "loginctl", "atop", "uptime", "pmap", "curl", "fallocate", "mkswap", "kill",
        "ls", "forktopsy", "tee", "set", "export", "env", "lsof", "findmnt", "id", "getconf",
        "ssh", "sh", "bash", "pkill", "killall", "service", "timeout", "truncate", "dd",
    ]
}
