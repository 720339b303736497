// SPDX-License-Identifier: Apache-2.0

internal import Model

/// `/proc/pressure/memory`: `some avg10=0.00 avg60=0.00 avg300=0.00 total=115253`.
///
/// Files for CPU and input/output look the same, so it is read only where something says that it is
/// about memory. Source: Linux v6.6, Documentation/accounting/psi.rst.
struct PressureFormat: SnapshotFormat {
    static let name = "pressure"
    static let openers = ["some avg10=", "full avg10="]

    private var snapshot: Snapshot?

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        let isMemory =
            sink.context.path.map { $0.hasSuffix("/pressure/memory") }
            ?? sink.context.inputPath.contains("pressure-memory")
        guard isMemory else {
            sink.note("pressure: nothing says that it is about memory; not read")
            return false
        }
        snapshot = sink.snapshot(Self.name, .host, at: line)
        return Self.read(line, into: &snapshot)
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        Self.read(line, into: &snapshot)
    }

    mutating func end(_ sink: inout SnapshotSink) {
        if let snapshot { sink.emit(snapshot) }
    }

    static func read(_ line: SnapshotLine, into snapshot: inout Snapshot?) -> Bool {
        let words = line.words
        guard words.count == 5, let kind = words.first, kind == "some" || kind == "full",
            words[4].hasPrefix("total=")
        else { return false }
        for (word, measure) in [
            ("avg10=", kind == "some" ? Measure.pressureSome10 : .pressureFull10),
            ("avg60=", kind == "some" ? Measure.pressureSome60 : .pressureFull60),
        ] {
            guard let text = words.first(where: { $0.hasPrefix(word) }),
                let number = Double(text.dropFirst(word.count)), (0...100).contains(number),
                snapshot?.value(measure) == nil
            else { continue }
            snapshot?.set(measure, number, line)
        }
        return true
    }
}
