// SPDX-License-Identifier: Apache-2.0

import Foundation
import Model
import Testing

@testable import Snapshots

/// A file of `Samples/host`, as commands and kernels wrote it, but for those with `constructed` in
/// their names.
struct HostSample: CustomTestStringConvertible {
    let name: String
    /// The command line that printed it, where the content alone does not tell what it is.
    var command: String?

    var testDescription: String { name }

    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Samples/host")

    private static let commands = [
        "proc-PID-oom.txt": "cat /proc/2186/oom_score /proc/2186/oom_score_adj",
        "proc-loadavg-uptime.txt": "cat /proc/loadavg /proc/uptime",
        "proc-pressure-memory.txt": "cat /proc/pressure/memory", "free-m.txt": "free -m",
        "free-h-si.txt": "free -h --si", "free-b.txt": "free -b", "free.txt": "free",
        "proc-PID-limits.txt": "cat /proc/2186/limits",
        "proc-PID-cgroup.txt": "cat /proc/2186/cgroup",
        "proc-PID-smaps.noreserve.txt": "cat /proc/2186/smaps",
        "proc-PID-smaps_rollup.txt": "cat /proc/2186/smaps_rollup",
        "ulimit-a.bash.txt": "ulimit -a", "ulimit-a.dash.txt": "ulimit -a",
        "prlimit.txt": "prlimit --pid 2186", "df-h.txt": "df -h", "df-i.txt": "df -i",
    ]

    static let all: [HostSample] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.sorted().map { HostSample(name: $0, command: commands[$0]) }
    }()

    init(name: String, command: String? = nil) {
        self.name = name
        self.command = command
    }

    init(_ name: String) { self = HostSample(name: name, command: Self.commands[name]) }

    /// Its lines, behind the prompt with the command.
    func lines() throws -> [String] {
        let bytes = try Data(contentsOf: Self.folder.appending(path: name))
        var lines = String(decoding: bytes, as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return (command.map { ["$ " + $0] } ?? []) + lines
    }

    func read() throws -> [Snapshot] {
        snapshots(try lines().joined(separator: "\n"), path: name)
    }
}

/// What /proc writes as `kB`, in bytes.
func kibibytes(_ number: Int64) -> Int64 { number * 1024 }

/// A value without where it stands.
struct Value: Hashable {
    var scope: SnapshotSubject.Scope
    var measure: Measure
    var quantity: SnapshotValue.Quantity

    /// All but the list of controllers, which is what lines it has: one less with a line less.
    static func all(of snapshots: [Snapshot]) -> Set<Value> {
        Set(
            snapshots.flatMap { snapshot in
                snapshot.values.filter { $0.measure != .cgroupControllers }.map {
                    Value(
                        scope: snapshot.subject.scope, measure: $0.measure, quantity: $0.quantity)
                }
            })
    }
}

/// Whether a snapshot says of each measure what is expected; what it lacks or says otherwise.
func differences(_ snapshot: Snapshot, _ expected: [(Measure, Int64)]) -> [String] {
    expected.compactMap { measure, value in
        snapshot[measure] == value
            ? nil
            : "\(measure.name): \(snapshot[measure].map { "\($0)" } ?? "missing"), not \(value)"
    }
}
