// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The records of one kernel, in which a report may be under way.
struct KernelRecords {
    private var report: KernelReportFormat?
    /// What stood around the report's first line: its time is the report's.
    private var context: SnapshotContext
    /// Records since the last that belonged to the report.
    private var others = 0

    /// A report may be mixed with stack traces and with what else the kernel says.
    private static let patience = 500

    init(_ context: SnapshotContext) { self.context = context }

    var isOpen: Bool { report != nil }

    /// Whether a message can be the first of a report.
    static func mayBegin(_ message: Span<UInt8>) -> Bool {
        for opener in openers where message.count >= opener.count {
            var i = 0
            while i < opener.count, message[i] == opener[i] { i += 1 }
            if i == opener.count { return true }
        }
        return false
    }

    private static let openers: [[UInt8]] =
        (KernelReportFormat.openers + KernelBootFormat.openers).map { Array($0.utf8) }

    /// Reads one message.
    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) {
        if line.text.contains(" invoked oom-killer: ") { end(&sink) }
        if report?.take(line, &sink) == true {
            others = 0
            if report?.isOver == true { end(&sink) }
            return
        }
        others += 1
        if others > Self.patience { end(&sink) }
        begin(line, &sink)
    }

    /// Whether a line without a stamp goes on with the report.
    mutating func goOn(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        guard let first = line.text.utf8.first, first == 0x20 || first == 0x09 else { return false }
        return report?.take(line, &sink) ?? false
    }

    /// Ends the report, if one is under way.
    mutating func end(_ sink: inout SnapshotSink) {
        guard var report else { return }
        self.report = nil
        let now = sink.context
        sink.context = context
        report.end(&sink)
        sink.context = now
    }

    private mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) {
        if KernelReportFormat.openers.contains(where: { line.text.hasPrefix($0) }) {
            var next = KernelReportFormat()
            guard next.begin(line, &sink) else { return }
            end(&sink)
            context = sink.context
            report = next
            others = 0
            if next.isOver { end(&sink) }
        } else if KernelBootFormat.openers.contains(where: { line.text.hasPrefix($0) }) {
            var boot = KernelBootFormat()
            if boot.begin(line, &sink) { boot.end(&sink) }
        }
    }
}
