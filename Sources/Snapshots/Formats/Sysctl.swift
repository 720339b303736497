// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The output of sysctl(8): `vm.overcommit_memory = 0`, one setting a line.
///
/// The same lines in a configuration file say what is to be set at the next start, not what is.
struct SysctlFormat: SnapshotFormat {
    static let name = "sysctl"
    static let openers = ["vm.", "kernel.", "net.core.somaxconn", "vm/", "kernel/"]

    static func isShown(in context: SnapshotContext) -> Bool { context.program == "sysctl" }

    private var snapshot: Snapshot?

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        let path = sink.context.path ?? sink.context.inputPath
        guard !path.hasSuffix(".conf"), !path.hasPrefix("/etc/"), Self.parse(line) != nil else {
            return false
        }
        snapshot = sink.snapshot(Self.name, .host, at: line)
        return take(line, &sink)
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        guard let (name, value) = Self.parse(line) else { return false }
        if name == "kernel.osrelease" {
            if snapshot?.value(.kernelRelease) == nil { snapshot?.set(.kernelRelease, value, line) }
            return true
        }
        guard let measure = SysctlNames.measure(name) else { return true }
        guard let number = Int64(value) else {
            sink.note("line \(line.number): \(name) is no number; not read")
            return true
        }
        let whole = SysctlNames.value(number, measure)
        // Where a name comes again with another value, another reading begins.
        if let known = snapshot?[measure] { return known == whole }
        snapshot?.set(measure, whole, line)
        return true
    }

    mutating func end(_ sink: inout SnapshotSink) {
        if let snapshot { sink.emit(snapshot) }
    }

    /// Name and value; sysctl prints a blank on either side of `=`.
    private static func parse(_ line: SnapshotLine) -> (name: Substring, value: Substring)? {
        guard let (name, value) = line.split(at: "="), name.contains(".") || name.contains("/"),
            name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return nil }
        return (name, value)
    }
}
