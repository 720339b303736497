// SPDX-License-Identifier: Apache-2.0
internal import Foundation
internal import Generator

/// What is run: the program itself, and each peer in its fastest correct setting.
struct Commands {
    let binary: String
    /// A file with `Union.patterns`.
    let patterns: String
    /// The folder of lnav's format file.
    let lnav: String
    /// A folder for what programs keep between runs.
    let home: String

    func forktopsy(_ path: String, _ more: [String] = []) -> Command {
        Command("forktopsy", [binary, "analyze", "--format", "json"] + more + [path])
    }

    func ripgrep(_ path: String, _ more: [String] = []) -> Command {
        Command("rg", ["rg", "-c", "--no-unicode"] + more + ["-f", patterns, path])
    }

    func ugrep(_ path: String, _ more: [String] = []) -> Command {
        Command("ugrep", ["ugrep"] + more + ["-c", "-E", "-f", patterns, path])
    }

    func grep(_ path: String) -> Command {
        Command("grep", ["env", "LC_ALL=C", "grep", "-a", "-c", "-E", "-f", patterns, path])
    }

    func pcre2grep(_ path: String) -> Command {
        Command("pcre2grep", ["pcre2grep", "-c", Union.joined, path])
    }

    /// Reads what it needs of the entries of the servers' unit.
    func jq(_ path: String) -> Command {
        let filter = #"select(._SYSTEMD_UNIT=="redis-server@6379.service")|.MESSAGE"#
        return Command("jq", ["jq", "-c", filter, path])
    }

    /// Counts refused forks with a format that knows Redis logs.
    func lnav(_ path: String) -> Command {
        let query = """
            ;SELECT count(*) FROM redis_log WHERE log_body LIKE 'Can''t %fork%'
            """
        return Command(
            "lnav",
            [
                "env", "HOME=\(home)", "lnav", "-I", lnav, "-n", "-c", query, "-c",
                ":write-csv-to -", path,
            ])
    }

    /// The first line of what each program says of its version, and of the library behind it.
    static func versions(binary: String) -> [String] {
        [
            [binary, "--version"], ["rg", "--version"], ["ugrep", "--version"],
            ["grep", "--version"], ["pcre2grep", "--version"], ["jq", "--version"],
            ["lnav", "-V"], ["gzip", "--version"], ["zstd", "--version"], ["tail", "--version"],
        ].compactMap { command in
            guard let said = Launcher.text(command), said.status == 0,
                let line = said.text.split(separator: "\n").first(where: { !$0.isEmpty })
            else { return nil }
            let name = URL(fileURLWithPath: command[0]).lastPathComponent
            let words = line.trimmingCharacters(in: .whitespaces)
            return words.hasPrefix(name) ? words : "\(name): \(words)"
        }
    }
}

/// What the measurements were made on.
func machine() -> [String] {
    func first(_ path: String, _ key: String) -> String? {
        (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: "\n")
            .first { $0.hasPrefix(key) }?
            .split(separator: ":").last?.trimmingCharacters(in: .whitespaces)
    }
    let load = try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8)
    return [
        "\(ProcessInfo.processInfo.activeProcessorCount) x "
            + (first("/proc/cpuinfo", "model name") ?? "unknown processor"),
        "memory: " + (first("/proc/meminfo", "MemTotal") ?? "unknown"),
        "Linux " + (Launcher.text(["uname", "-r"])?.text.trimmingCharacters(in: .newlines) ?? "?"),
        Launcher.text(["sh", "-c", ". /etc/os-release; echo \"$PRETTY_NAME\""])?.text
            .trimmingCharacters(in: .newlines) ?? "",
        "load at the start: "
            + (load?.split(separator: " ").prefix(3).joined(separator: " ") ?? "?"),
    ].filter { !$0.isEmpty }
}
