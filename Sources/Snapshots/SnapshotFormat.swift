// SPDX-License-Identifier: Apache-2.0

internal import Model

/// One kind of reading: how it begins, what its lines say, where it ends.
///
/// A format is a value that lives as long as the block it reads. `SnapshotReader` offers it lines:
/// first to `begin`, then to `take` until that refuses one, then it calls `end`. A format must
/// bear any line: what it cannot read it leaves out and, where that is damage, notes as a problem.
protocol SnapshotFormat: Sendable {
    init()

    /// What reports call it.
    static var name: String { get }
    /// How lines that can begin a block begin, blanks before them left out. Others are not offered
    /// to `begin`, so that foreign text costs nothing.
    static var openers: [String] { get }
    /// How they end, where the beginning does not tell: `24684084 K total memory`.
    static var closers: [String] { get }
    /// Whether a line, without blanks around it, can begin a block; asked before `begin`.
    static func mayBegin(_ text: Substring) -> Bool
    /// Whether the output of the context's command, or its file, is this format, however it begins.
    static func isShown(in context: SnapshotContext) -> Bool
    /// Whether `#` begins comments in a file of this format, so that they are no prompts.
    static var hasHashComments: Bool { get }

    /// Whether the block is open in such a way that the next line, whatever it looks like, is first
    /// of all part of it: inside a JSON document, a text at a prompt is a value.
    var isInside: Bool { get }
    /// Whether a block begins with this line, which then is read.
    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool
    /// Whether the line belongs to the block, in which case it is read.
    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool
    /// Whether the block goes on in the file that the context now names: several files of one
    /// reading, one after the other (`==> path <==`).
    func goesOn(in context: SnapshotContext) -> Bool
    /// The block is over: emits what is not yet emitted.
    mutating func end(_ sink: inout SnapshotSink)
}

extension SnapshotFormat {
    static var closers: [String] { [] }

    static func mayBegin(_ text: Substring) -> Bool {
        openers.contains { text.hasPrefix($0) } || closers.contains { text.hasSuffix($0) }
    }

    static func isShown(in context: SnapshotContext) -> Bool { false }
    static var hasHashComments: Bool { false }

    func goesOn(in context: SnapshotContext) -> Bool { false }
    var isInside: Bool { false }
}

/// Every format, the more specific first. A new format is a new file and a line here.
let snapshotFormats: [any SnapshotFormat.Type] = [
    InfoFormat.self,
    ConfigGetFormat.self,
    MemoryStatsFormat.self,
    ClientStatFormat.self,
    ServerConfigurationFormat.self,
    KernelReportFormat.self,
    KernelBootFormat.self,
    QuietKernelLogFormat.self,
    ContainerInspectFormat.self,
    PodDescriptionFormat.self,
    PodObjectFormat.self,
    ContainerStatsFormat.self,
    PodTopFormat.self,
    ContainerHostFormat.self,
    SystemFileFormat.self,
    CgroupFormat.self,
    MeminfoFormat.self,
    FreeFormat.self,
    ProcStatusFormat.self,
    SmapsFormat.self,
    CommandFactsFormat.self,
    LimitsFormat.self,
    UlimitFormat.self,
    TopFormat.self,
    ProcessListFormat.self,
    ProcCgroupFormat.self,
    SystemctlShowFormat.self,
    SystemctlStatusFormat.self,
    SysctlFormat.self,
    PressureFormat.self,
    KernelCountersFormat.self,
    SwapAreasFormat.self,
    SarTable.self, SadfTable.self, SadfPairs.self, SadfXML.self,
    VmstatTable.self, VmstatSummary.self,
    AtopLines.self, PrometheusText.self, JSONDocument.self,
    OneLineFormat.self,
    DiskFreeFormat.self,
    MountsFormat.self,
]

/// Where formats put what they read, with the context they read it in.
struct SnapshotSink {
    var context: SnapshotContext
    private(set) var snapshots: [Snapshot] = []
    private(set) var problems: [String] = []

    init(context: SnapshotContext) { self.context = context }

    /// A snapshot of the context's time and host, that begins at `line`.
    func snapshot(
        _ format: String, _ scope: SnapshotSubject.Scope, at line: SnapshotLine
    ) -> Snapshot {
        var subject = SnapshotSubject(scope, host: context.remoteHost ?? context.host)
        if scope == .process || scope == .server {
            subject.pid = context.pid
            subject.port = context.port
            subject.isChild = context.isChild
        }
        return Snapshot(
            format: format, subject: subject, stamp: context.stamp,
            timeBasis: context.timeBasis, line: line.number, offset: line.offset)
    }

    /// Keeps a snapshot, unless it says nothing. A number that no machine has is noted, not kept.
    mutating func emit(_ snapshot: Snapshot) {
        var snapshot = snapshot
        for value in snapshot.values where !value.isCredible {
            note("line \(value.line): no machine has this \(value.measure.name); not read")
        }
        snapshot.values.removeAll { !$0.isCredible }
        guard !snapshot.values.isEmpty else { return }
        snapshots.append(snapshot)
    }

    /// Notes something that was damaged or could not be read; repeats are counted once.
    mutating func note(_ problem: String) {
        guard problems.count < 20, !problems.contains(problem) else { return }
        problems.append(problem)
    }

    mutating func drain() -> [Snapshot] {
        guard !snapshots.isEmpty else { return [] }
        defer { snapshots = [] }
        return snapshots
    }
}

extension Snapshot {
    mutating func set(_ measure: Measure, _ number: Int64, _ line: SnapshotLine) {
        values.append(SnapshotValue(measure, .whole(number), line: line.number))
    }

    mutating func set(_ measure: Measure, _ number: Double, _ line: SnapshotLine) {
        values.append(SnapshotValue(measure, .real(number), line: line.number))
    }

    mutating func set(_ measure: Measure, _ text: some StringProtocol, _ line: SnapshotLine) {
        values.append(SnapshotValue(measure, .text(String(text)), line: line.number))
    }
}
