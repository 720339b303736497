// SPDX-License-Identifier: Apache-2.0

internal import Incidents
package import Model

/// Memory snapshots, written value by value: what a reader would have made of an input.
///
/// Times are seconds after `HandWrittenLog.epoch`; without one a snapshot has no time.
package struct HandWrittenSnapshots: Sendable {
    package var path: String
    package var all: [Snapshot] = []

    package init(_ path: String = "facts.txt") { self.path = path }

    /// Appends one snapshot.
    package mutating func add(
        _ subject: SnapshotSubject, at seconds: Double?, isChange: Bool = false,
        _ values: KeyValuePairs<Measure, SnapshotValue.Quantity>
    ) {
        let stamp =
            seconds.map {
                Stamp(
                    form: .epoch, precision: .millisecond,
                    nanoseconds: HandWrittenLog.epoch.adding(seconds: $0).nanoseconds)
            } ?? .none
        let line = (all.last.map { $0.line + $0.values.count } ?? 0) + 1
        var snapshot = Snapshot(
            format: "hand-written", subject: subject, stamp: stamp,
            timeBasis: seconds == nil ? .none : .header, line: line, offset: Int64(line) * 10,
            values: values.enumerated().map {
                SnapshotValue($0.element.key, $0.element.value, line: line + $0.offset)
            })
        snapshot.isChange = isChange
        all.append(snapshot)
    }

    package mutating func host(
        at seconds: Double?, _ values: KeyValuePairs<Measure, SnapshotValue.Quantity>
    ) {
        add(SnapshotSubject(.host), at: seconds, values)
    }

    package mutating func process(
        at seconds: Double?, pid: Int32 = 10, isChild: Bool = false,
        _ values: KeyValuePairs<Measure, SnapshotValue.Quantity>
    ) {
        add(
            SnapshotSubject(.process, pid: pid, isChild: isChild, command: "redis-server"),
            at: seconds, values)
    }

    package mutating func server(
        at seconds: Double?, _ values: KeyValuePairs<Measure, SnapshotValue.Quantity>
    ) {
        add(SnapshotSubject(.server, pid: 10), at: seconds, values)
    }

    package mutating func cgroup(
        at seconds: Double?, path: String = "/system.slice/redis-server.service",
        _ values: KeyValuePairs<Measure, SnapshotValue.Quantity>
    ) {
        add(SnapshotSubject(.cgroup, path: path), at: seconds, values)
    }

    /// Somebody sets a value of the host.
    package mutating func change(
        at seconds: Double, _ values: KeyValuePairs<Measure, SnapshotValue.Quantity>
    ) {
        add(SnapshotSubject(.host), at: seconds, isChange: true, values)
    }

    // MARK: - Altering what is written

    /// Takes a fact away, wherever it stands.
    package mutating func remove(_ measures: Measure...) {
        for i in all.indices { all[i].values.removeAll { measures.contains($0.measure) } }
    }

    /// Gives a fact another value, wherever it stands.
    package mutating func set(_ measure: Measure, _ quantity: SnapshotValue.Quantity) {
        for i in all.indices {
            for j in all[i].values.indices where all[i].values[j].measure == measure {
                all[i].values[j].quantity = quantity
            }
        }
    }

    // MARK: - Linking

    private var source: SnapshotSource {
        var log = SnapshotLog()
        for snapshot in all { log.append(snapshot) }
        return SnapshotSource(path: path, log: log, modifiedAt: nil) { stamp, _ in
            stamp.form == .epoch ? Timestamp(nanoseconds: stamp.nanoseconds) : nil
        }
    }

    /// Gives an incident the snapshots that belong to it.
    package func attach(to incident: inout Incident, _ instances: [Instance]) {
        let linker = SnapshotLinker([source], instances: instances)
        let request = SnapshotLinker.Request(
            instance: incident.instance, from: incident.startedAt,
            to: incident.recoveredAt ?? incident.lastFailureAt)
        incident.readings = linker.readings(for: [request])[0]
    }
}

extension SnapshotValue.Quantity: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByStringLiteral
{
    package init(integerLiteral value: Int64) { self = .whole(value) }
    package init(floatLiteral value: Double) { self = .real(value) }
    package init(stringLiteral value: String) { self = .text(value) }
}

extension SnapshotValue.Quantity {
    package static func gib(_ value: Double) -> Self { .whole(Int64(value * 1_073_741_824)) }
    package static func mib(_ value: Double) -> Self { .whole(Int64(value * 1_048_576)) }
}
