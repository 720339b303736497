// SPDX-License-Identifier: Apache-2.0

internal import Model

/// What a container runtime or Kubernetes says of one container.
struct ContainerState {
    private(set) var values: [SnapshotValue] = []
    var id: String?
    var pid: Int32?
    var host: String?
    /// Whether it has ended: only then the exit code of a running container's record means one.
    var hasEnded: Bool?
    private var exit: (code: Int64, line: SnapshotLine)?
    private var image: (name: String, line: SnapshotLine)?

    var isEmpty: Bool { values.isEmpty && exit == nil }

    func has(_ measure: Measure) -> Bool { values.contains { $0.measure == measure } }

    /// Keeps the first value of a measure.
    mutating func set(_ measure: Measure, _ number: Int64?, _ line: SnapshotLine) {
        guard let number, !has(measure) else { return }
        values.append(SnapshotValue(measure, .whole(number), line: line.number))
    }

    mutating func set(_ measure: Measure, text: String, _ line: SnapshotLine) {
        guard !text.isEmpty, !has(measure) else { return }
        values.append(SnapshotValue(measure, .text(text), line: line.number))
    }

    mutating func setExit(_ text: String, _ line: SnapshotLine) {
        guard exit == nil, let code = Int64(text) else { return }
        exit = (code, line)
    }

    /// A time with a zone, as seconds since 1970. The year 1 stands for never.
    mutating func set(_ measure: Measure, time text: String, _ line: SnapshotLine) {
        guard let stamp = TimeText(text[...])?.stamp, stamp.isKnownInstant,
            stamp.nanoseconds > 0
        else { return }
        set(measure, stamp.nanoseconds / 1_000_000_000, line)
    }

    /// `OOMKilled`, `Error`, `Completed`.
    mutating func setReason(_ reason: String, _ line: SnapshotLine) {
        guard !has(.terminationReason), Self.reasons.contains(reason) else { return }
        set(.terminationReason, text: reason, line)
        set(.wasOOMKilled, reason == "OOMKilled" ? 1 : 0, line)
    }

    /// Reasons for an end; a container that waits has others (`CrashLoopBackOff`).
    /// Source: kubernetes 1.30, pkg/kubelet; containerd 1.7, internal/cri/server.
    private static let reasons: Set<String> = [
        "OOMKilled", "Error", "Completed", "ContainerCannotRun", "DeadlineExceeded", "Evicted",
        "ContainerStatusUnknown", "StartError", "Unknown",
    ]

    /// The image, which says nothing of a container that nothing else is known of.
    mutating func setImage(_ name: String, _ line: SnapshotLine) {
        guard image == nil, !name.isEmpty, !name.hasPrefix("sha256:") else { return }
        image = (name, line)
    }

    mutating func setID(_ text: String) {
        let id = text.split(separator: "/").last.map(String.init) ?? ""
        guard self.id == nil, id.utf8.count >= 12, id.utf8.allSatisfy(Self.isHexadecimal) else {
            return
        }
        self.id = id
    }

    /// `shop-7d9/redis`: excerpts without ids tell containers apart by it.
    private var name: String? {
        let names = [Measure.podName, .containerName].compactMap { measure -> String? in
            guard case .text(let name)? = values.first(where: { $0.measure == measure })?.quantity
            else { return nil }
            return name
        }
        return names.isEmpty ? nil : names.joined(separator: "/")
    }

    func emit(_ format: String, at line: SnapshotLine, _ sink: inout SnapshotSink) {
        var snapshot = sink.snapshot(format, .cgroup, at: line)
        snapshot.subject.path = id ?? name
        snapshot.subject.pid = pid
        if let host { snapshot.subject.host = host }
        snapshot.values = values
        if let exit, hasEnded == true { snapshot.set(.exitCode, exit.code, exit.line) }
        if let image, !values.isEmpty || exit != nil {
            snapshot.set(.containerImage, image.name, image.line)
        }
        sink.emit(snapshot)
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || byte &- 0x61 < 6
    }

    /// A quantity of Kubernetes in bytes: `2Gi`, `512M`, `1e9`, `2147483648`, `128974848000m`.
    static func quantity(_ text: String) -> Int64? {
        if let number = Int64(text) { return number }
        if text.hasSuffix("m"), let thousandths = Int64(text.dropLast()) {
            return thousandths / 1000
        }
        if let number = Double(text), number.isFinite { return Int64(exactly: number) }
        guard let last = text.last, "ikMGTPE".contains(last) else { return nil }
        return Amounts.human(text, isDecimal: !text.hasSuffix("i"))
    }

    /// A limit where 0, or less, or nothing means none.
    static func limit(_ text: String) -> Int64? {
        if text == "null" { return Amounts.unlimited }
        return Int64(text).map { $0 <= 0 ? Amounts.unlimited : $0 }
    }
}
