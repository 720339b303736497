// SPDX-License-Identifier: Apache-2.0

/// The layout of a sosreport: files named after the commands whose output they hold.
///
/// Source: sos 4.7, sos/report/plugins/__init__.py (`_mangle_command`): blanks become `_`, slashes
/// `.`; short names stand as links in the root.
struct ReportLayout {
    /// The host that the folder's name gives.
    private(set) var host: String?
    /// The command whose output the file holds, in words.
    private(set) var command: [String]?

    init(path: String) {
        let parts = path.split(separator: "/").map(String.init)
        guard let root = parts.lastIndex(where: Self.isRoot), root < parts.count - 1 else { return }
        host = Self.host(in: parts[root])
        let inside = parts[(root + 1)...]
        if inside.first == "sos_commands", inside.count > 2, let name = inside.last {
            command = Self.words(name)
        } else if inside.count == 1, Self.links.contains(inside[root + 1]) {
            command = [inside[root + 1]]
        }
    }

    /// `sosreport-db1-2026-11-22-abcdefg`, not the archive of that name.
    private static func isRoot(_ name: String) -> Bool {
        name.hasPrefix("sosreport-") && !name.contains(".tar") && !name.hasSuffix(".zip")
    }

    /// What stands before the date, without the number of the case.
    private static func host(in name: String) -> String? {
        var words = name.split(separator: "-").dropFirst()
        guard
            let year = words.indices.first(where: {
                words[$0].count == 4 && Int(words[$0]) != nil && $0 + 2 < words.endIndex
                    && words[$0 + 1].count == 2 && Int(words[$0 + 1]) != nil
                    && words[$0 + 2].count == 2 && Int(words[$0 + 2]) != nil
            })
        else { return nil }
        words = words[..<year]
        // The number of a support case stands between; a host's own number is shorter.
        if words.count > 1, let last = words.last, last.count > 4, Int(last) != nil {
            words = words.dropLast()
        }
        return words.isEmpty ? nil : words.joined(separator: "-")
    }

    /// `free_-m`, `ps_auxwww`, `redis-cli_info`.
    private static func words(_ name: String) -> [String]? {
        let words = name.split(separator: "_").map(String.init)
        guard let program = words.first?.split(separator: ".").last.map(String.init) else {
            return nil
        }
        return [program] + words.dropFirst()
    }

    private static let links: Set<String> = [
        "free", "ps", "df", "uname", "uptime", "date", "hostname", "mount", "vmstat", "dmesg",
    ]
}
