// SPDX-License-Identifier: Apache-2.0

internal import Model

/// `/proc/PID/cgroup`: `4:memory:/system.slice/redis-server.service`, `0::/…`.
///
/// Where a line shows a v1 hierarchy, memory and pids are looked for in v1 lines only: a line that
/// is missing must not make the v2 path theirs. Source: cgroups(7).
struct ProcCgroupFormat: SnapshotFormat {
    static let name = "proc cgroup"
    static let openers = (0...20).map { "\($0):" }

    static func isShown(in context: SnapshotContext) -> Bool {
        guard let path = context.path else { return false }
        return path.hasPrefix("/proc/") && path.hasSuffix("/cgroup")
    }

    private var snapshot: Snapshot?
    private var unified: (path: Substring, line: SnapshotLine)?
    private var isV1 = false
    private var controllers: [Substring] = []

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        guard Self.parse(line) != nil else { return false }
        snapshot = sink.snapshot(Self.name, .process, at: line)
        return take(line, &sink)
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        guard let (controllers, path) = Self.parse(line) else { return false }
        if controllers.isEmpty {
            if unified == nil { unified = (path, line) }
            return true
        }
        isV1 = true
        for controller in controllers.split(separator: ",") where !controller.hasPrefix("name=") {
            self.controllers.append(controller)
            let measure: Measure
            switch controller {
            case "memory": measure = .cgroupPath
            case "pids": measure = .pidsCgroupPath
            default: continue
            }
            if snapshot?.value(measure) == nil { snapshot?.set(measure, path, line) }
        }
        return true
    }

    mutating func end(_ sink: inout SnapshotSink) {
        guard var snapshot else { return }
        if !isV1, let unified {
            snapshot.set(.cgroupPath, unified.path, unified.line)
            snapshot.set(.pidsCgroupPath, unified.path, unified.line)
        }
        if isV1 {
            snapshot.values.append(
                SnapshotValue(
                    .cgroupControllers, .text(controllers.joined(separator: ",")),
                    line: snapshot.line))
        }
        sink.emit(snapshot)
    }

    private static func parse(
        _ line: SnapshotLine
    ) -> (controllers: Substring, path: Substring)? {
        let parts = line.text.trimmed.split(
            separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, Int(parts[0]) != nil, parts[2].hasPrefix("/"),
            parts[1].utf8.allSatisfy({
                $0 &- 0x61 < 26 || $0 == 0x2C || $0 == 0x3D || $0 == 0x5F || $0 &- 0x30 < 10
            })
        else { return nil }
        return (parts[1], parts[2])
    }
}
