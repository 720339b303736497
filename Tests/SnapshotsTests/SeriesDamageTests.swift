// SPDX-License-Identifier: Apache-2.0

import Model
import Testing

@testable import Snapshots

/// What becomes of every sample when lines are lost, doubled, moved or cut.
struct SeriesDamageTests {
    /// A value, what it is of, and when.
    private struct Reading: Hashable {
        var subject: SnapshotSubject
        var stamp: Stamp
        var measure: Measure
        var quantity: SnapshotValue.Quantity
    }

    private static func readings(_ snapshots: [Snapshot]) -> Set<Reading> {
        var out: Set<Reading> = []
        for snapshot in snapshots {
            for value in snapshot.values {
                out.insert(
                    Reading(
                        subject: snapshot.subject, stamp: snapshot.stamp, measure: value.measure,
                        quantity: value.quantity))
            }
        }
        return out
    }

    private static func lines(_ sample: SeriesSample) throws -> [Substring] {
        try sample.text().split(separator: "\n", omittingEmptySubsequences: false)
    }

    private static func places(_ count: Int) -> [Int] {
        count <= 32 ? Array(0..<count) : Array(stride(from: 0, to: count, by: count / 24))
    }

    private static func read(_ lines: [Substring], _ sample: SeriesSample) -> [Snapshot] {
        SeriesSample.read(lines.joined(separator: "\n"), path: sample.name).snapshots
    }

    /// What is lost with a line: who it was, when it was, the zone: all may be missing, none wrong.
    private static func isAmong(_ found: Set<Reading>, _ whole: Set<Reading>) -> Reading? {
        found.first { reading in
            if whole.contains(reading) { return false }
            return !whole.contains {
                $0.measure == reading.measure && $0.quantity == reading.quantity
                    && (reading.stamp == $0.stamp || reading.stamp == .none
                        || reading.stamp.form == .local
                            && reading.stamp.nanoseconds == $0.stamp.nanoseconds)
                    && (reading.subject == $0.subject || reading.subject.scope == .server
                        || reading.subject.host == nil)
            }
        }
    }

    @Test(arguments: SeriesSample.all)
    func aLostLineMakesNothingWrong(sample: SeriesSample) throws {
        let lines = try Self.lines(sample)
        let whole = Self.readings(Self.read(lines, sample))
        for i in Self.places(lines.count) {
            var left = lines
            left.remove(at: i)
            let wrong = Self.isAmong(Self.readings(Self.read(left, sample)), whole)
            #expect(wrong == nil, "without line \(i + 1)")
        }
    }

    @Test(arguments: SeriesSample.all)
    func aDoubledLineChangesNothing(sample: SeriesSample) throws {
        let lines = try Self.lines(sample)
        let whole = Self.readings(Self.read(lines, sample))
        for i in Self.places(lines.count) {
            var more = lines
            more.insert(lines[i], at: i)
            let wrong = Self.isAmong(Self.readings(Self.read(more, sample)), whole)
            #expect(wrong == nil, "line \(i + 1) twice")
        }
    }

    @Test(arguments: SeriesSample.all)
    func movedLinesMakeNothingWrong(sample: SeriesSample) throws {
        let lines = try Self.lines(sample)
        let whole = Self.readings(Self.read(lines, sample))
        for i in Self.places(lines.count - 1) {
            var moved = lines
            moved.swapAt(i, i + 1)
            let wrong = Self.isAmong(Self.readings(Self.read(moved, sample)), whole)
            #expect(wrong == nil, "lines \(i + 1) and \(i + 2) swapped")
        }
        _ = Self.read(lines.reversed(), sample)
    }

    @Test(arguments: SeriesSample.all)
    func lineEndsOfWindowsChangeNothing(sample: SeriesSample) throws {
        let lines = try Self.lines(sample)
        let found = SeriesSample.read(lines.joined(separator: "\r\n"), path: sample.name)
        #expect(Self.readings(found.snapshots) == Self.readings(Self.read(lines, sample)))
    }

    /// A number at the very end of what is left may be cut; all others are whole.
    @Test(arguments: SeriesSample.all)
    func aCutAnywhereMakesNothingWrong(sample: SeriesSample) throws {
        let text = try sample.text()
        let bytes = Array(text.utf8)
        let whole = Self.readings(SeriesSample.read(text, path: sample.name).snapshots)
        for end in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 60)) {
            let cut = String(decoding: bytes[..<end], as: UTF8.self)
            let last = cut.split(separator: "\n", omittingEmptySubsequences: false).count
            let snapshots = SeriesSample.read(cut, path: sample.name).snapshots
            let before = snapshots.map { snapshot in
                var snapshot = snapshot
                snapshot.values.removeAll { $0.line == last }
                return snapshot
            }
            #expect(Self.isAmong(Self.readings(before), whole) == nil, "cut at byte \(end)")
        }
    }

    /// Rows that are cut inside are not read, unless the cut is at their very end.
    @Test(arguments: SeriesSample.all.filter { $0.name.hasPrefix("s") || $0.name.hasPrefix("v") })
    func aCutLineMakesNothingWrong(sample: SeriesSample) throws {
        guard !sample.name.hasPrefix("sadf-p") else { return }
        let lines = try Self.lines(sample)
        let whole = Self.readings(Self.read(lines, sample))
        for i in Self.places(lines.count) where lines[i].count > 2 {
            for part in [0.3, 0.6, 0.9, 0.97] {
                var cut = lines
                cut[i] = lines[i].prefix(Int(Double(lines[i].count) * part))
                let wrong = Self.isAmong(Self.readings(Self.read(cut, sample)), whole)
                #expect(wrong == nil, "line \(i + 1) cut after \(part) of it")
            }
        }
    }
}
