// SPDX-License-Identifier: Apache-2.0

/// A line that names its file before what stands in it, as grep(1) prints several files:
/// `/sys/fs/cgroup/x/memory.max:1073741824`, `memory.events:oom_kill 2`.
enum PrefixedLine {
    static let openers = ["/proc/", "/sys/", "/etc/", "./", "memory.", "pids.", "cgroup."]

    static func split(_ text: String) -> (file: String, value: String)? {
        guard let first = text.utf8.first,
            first == 0x2F || first == 0x2E || first == 0x6D || first == 0x70 || first == 0x63,
            let colon = text.firstIndex(of: ":")
        else { return nil }
        let file = text[..<colon]
        guard openers.contains(where: { file.hasPrefix($0) }), !file.contains(" "),
            file.hasPrefix("/") || CgroupFile(path: String(file)) != nil
        else { return nil }
        return (String(file), String(text[text.index(after: colon)...].trimmed))
    }
}
