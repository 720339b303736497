// SPDX-License-Identifier: Apache-2.0

internal import Model

/// What is mounted where and how: mount(8), /proc/mounts, findmnt(8).
///
/// Shapes: `/dev/vda on / type ext4 (rw,relatime)`, `/dev/vda / ext4 rw,relatime 0 0`, and the table
/// of findmnt. File systems that hold no data (proc, sysfs, cgroup) are left out.
struct MountsFormat: SnapshotFormat {
    static let name = "mounts"
    static let openers = ["/dev/", "tmpfs on ", "overlay on ", "TARGET "]

    static func isShown(in context: SnapshotContext) -> Bool {
        if context.program == "mount" { return context.command.count == 1 }
        return context.path == "/proc/mounts" || context.path == "/etc/mtab"
            || (context.path?.hasPrefix("/proc/") == true
                && context.path?.hasSuffix("/mounts") == true)
    }

    private var isTable = false

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        isTable = line.words == ["TARGET", "SOURCE", "FSTYPE", "OPTIONS"]
        return isTable || take(line, &sink)
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        guard let (source, place, kind, options) = isTable ? Self.row(line) : Self.mounted(line)
        else {
            return false
        }
        let words = options.split(separator: ",")
        guard words.contains("rw") || words.contains("ro") else { return false }
        guard !Self.empty.contains(where: { kind.hasPrefix($0) }) else { return true }
        var snapshot = sink.snapshot(Self.name, .fileSystem, at: line)
        snapshot.subject.path = String(place)
        snapshot.set(.mountSource, source, line)
        snapshot.set(.fileSystem, kind, line)
        snapshot.set(.mountOptions, options, line)
        sink.emit(snapshot)
        return true
    }

    mutating func end(_ sink: inout SnapshotSink) {}

    private static let empty = [
        "proc", "sysfs", "cgroup", "devpts", "devtmpfs", "securityfs", "debugfs", "tracefs", "bpf",
        "pstore", "mqueue", "hugetlbfs", "configfs", "fusectl", "autofs", "binfmt_misc", "squashfs",
        "nsfs", "efivarfs", "rpc_pipefs", "selinuxfs",
    ]

    private typealias Mount = (
        source: Substring, place: Substring, kind: Substring, options: Substring
    )

    private static func mounted(_ line: SnapshotLine) -> Mount? {
        if let on = line.text.firstRange(of: " on /"),
            let type = line.text.firstRange(of: " type "),
            on.upperBound < type.lowerBound, line.text.hasSuffix(")")
        {
            let rest = line.text[type.upperBound...].split(separator: " ", maxSplits: 1)
            guard rest.count == 2, rest[1].hasPrefix("(") else { return nil }
            let place = line.text[line.text.index(before: on.upperBound)..<type.lowerBound]
            let source = line.text[..<on.lowerBound].trimmed
            return (source, place, rest[0], rest[1].dropFirst().dropLast())
        }
        let words = line.words
        guard words.count == 6, words[1].hasPrefix("/"), Int(words[4]) != nil, Int(words[5]) != nil
        else { return nil }
        return (words[0], words[1], words[2], words[3])
    }

    private static func row(_ line: SnapshotLine) -> Mount? {
        // `├─/proc  proc  proc  rw,relatime`
        let words = line.words.drop { !$0.contains("/") }
        guard words.count == 4, let first = words.first, let slash = first.firstIndex(of: "/")
        else {
            return nil
        }
        let at = words.startIndex
        // A bind mount: `/dev/vda1[/data]`.
        let source = words[at + 1].prefix { $0 != "[" }
        return (source, first[slash...], words[at + 2], words[at + 3])
    }
}
