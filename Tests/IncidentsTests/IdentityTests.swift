// SPDX-License-Identifier: Apache-2.0

import HandWritten
import Incidents
import Model
import TestSupport
import Testing

/// The same data told in other ways gives the same incidents.
@Suite struct IdentityTests {
    /// A server, its replica and a Sentinel, with a rotated log and a good deal of trouble.
    private var scene: [HandWrittenLog] {
        var old = HandWrittenLog("a.log.1")
        old.start(at: 0, overcommit: "not_one")
        old.sync("127.0.0.1:6380", at: 1)
        old.save(at: 5)
        for i in 0..<5 { old.refuseSave(at: 20 + 6 * Double(i)) }
        var new = HandWrittenLog("a.log")
        new.refuseSync(at: 60, target: "disk")
        new.refuseRewrite(at: 61)
        new.add(.replica_lost, at: 62, ["replica": "127.0.0.1:6380"])
        new.pid = 11
        new.start(at: 90)
        new.save(at: 100)
        new.rewrite(at: 110)
        new.sync("127.0.0.1:6380", at: 120)
        new.failSave(at: 200)
        var replica = HandWrittenLog("b.log", pid: 20, role: .replica)
        replica.start(at: 0, port: 6380)
        replica.add(.replica_connecting, at: 1, ["master": "127.0.0.1:6379"])
        replica.add(.replica_refused_by_master, at: 60.1, ["reason": "-ERR BGSAVE failed, x"])
        replica.add(.role_changed, at: 63, ["mode": "master"], role: .master)
        var sentinel = HandWrittenLog("s.log", pid: 30, role: .sentinel)
        sentinel.add(.sentinel_switch, at: 64, ["old_port": "6379", "new_port": "6380"])
        return [old, new, replica, sentinel]
    }

    /// All that a report is made of, but for which copy of a line is shown.
    private func told(_ result: Correlation, minus shift: Double = 0) -> [String] {
        result.incidents.map { incident in
            func t(_ at: Timestamp?) -> String {
                at.map { "\(Int((($0.seconds - shift) * 1000).rounded()))" } ?? "-"
            }
            let persistence = incident.persistence
            let parts = [
                incident.id, incident.kind.rawValue, incident.status.rawValue,
                incident.severity.rawValue, "\(incident.consequences)", "\(incident.instance.pids)",
                "\(incident.instance.port ?? 0)", t(incident.startedAt), t(incident.lastFailureAt),
                t(incident.recoveredAt), "\(incident.failures.total ?? -1)",
                "\(incident.failures.saveFailures)",
                "\(incident.failures.byOperation.sorted { $0.key.rawValue < $1.key.rawValue })",
                persistence.exposure.rawValue, t(persistence.exposedFrom),
                t(persistence.exposedUntil),
                t(persistence.writesRefused?.from), t(persistence.writesRefused?.until),
                "\(persistence.saves)", "\(persistence.rewrites)",
                incident.timeline.map { "\(t($0.at)) \($0.text) x\($0.count)" }.joined(
                    separator: "\n"),
            ]
            return parts.joined(separator: "|")
        }
    }

    @Test("the scene holds two incidents")
    func sceneHolds() {
        #expect(correlate(scene).incidents.map(\.kind) == [.fork_failure, .save_failure])
    }

    @Test("the order of the inputs changes nothing")
    func order() {
        let expected = told(correlate(scene))
        var numbers = Seeded(7)
        for _ in 0..<24 {
            var shuffled = scene
            shuffled.shuffle(using: &numbers)
            #expect(told(correlate(shuffled)) == expected)
        }
    }

    @Test(
        "an input given twice changes nothing, and its lines are counted as folded",
        arguments: 0..<4)
    func doubled(number: Int) {
        let expected = correlate(scene)
        var copy = scene[number]
        copy.path = "copy/of/\(copy.path)"
        let doubled = correlate(scene + [copy])
        #expect(told(doubled) == told(expected))
        #expect(doubled.duplicatesFolded == copy.entries.count)
    }

    @Test("a copy in which neighbours changed places counts nothing twice")
    func swapped() {
        let expected = correlate(scene).incidents.map(\.failures.total)
        for first in 0..<2 {
            var copy = scene[0]
            copy.path = "copy/of/\(copy.path)"
            for i in stride(from: first, to: copy.entries.count - 1, by: 2) {
                copy.entries.swapAt(i, i + 1)
            }
            #expect(correlate(scene + [copy]).incidents.map(\.failures.total) == expected)
        }
    }

    @Test("part of an input given twice changes nothing")
    func overlapping() {
        let expected = told(correlate(scene))
        var part = scene[0]
        part.path = "part.log"
        part.entries = Array(part.entries.dropFirst(6).dropLast(2))
        #expect(told(correlate(scene + [part])) == expected)
    }

    @Test("old logs without milliseconds, given twice, count once")
    func coarseCopies() {
        var log = HandWrittenLog("a.log", role: .unknown)
        log.form = .bracketedPID
        log.precision = .second
        for i in 0..<20 { log.refuseSave(at: Double(i) * 0.5) }
        var copy = log
        copy.path = "b.log"
        #expect(correlate(log, copy).incidents.map(\.failures.total) == [20])
    }

    @Test(
        "another zone, or a clock that is set right later, changes nothing but times",
        arguments: [
            -43_200.0, -3600.0, 0.5, 31_536_000.0,
        ])
    func shifted(by shift: Double) {
        #expect(told(correlate(scene, shift: shift), minus: shift) == told(correlate(scene)))
    }

    @Test("later evidence does not change an id")
    func laterEvidence() {
        var log = HandWrittenLog()
        log.refuseSave(at: 0)
        let before = correlate(log).incidents.map(\.id)
        log.refuseSave(at: 6)
        log.save(at: 12)
        #expect(correlate(log).incidents.map(\.id) == before)
    }

    @Test("evidence of where the server runs does not change an id")
    func wrapped() {
        var log = HandWrittenLog()
        log.refuseSave(at: 0)
        var wrapped = log
        wrapped.path = "journal"
        wrapped.streams = [WriterStream(host: "db-1", unit: "redis.service")]
        #expect(correlate(log).incidents.map(\.id) == correlate(wrapped).incidents.map(\.id))
    }

    @Test("older evidence that moves the first failure supersedes the id it had")
    func supersedes() throws {
        var old = HandWrittenLog("r.log.1")
        old.refuseSave(at: 0)
        var new = HandWrittenLog("r.log")
        new.refuseSave(at: 10)
        new.refuseSave(at: 16)
        let before = try #require(correlate(new).incidents.first)
        let after = try #require(correlate(new, old).incidents.first)
        #expect(before.supersedes.isEmpty)
        #expect(after.id != before.id)
        #expect(after.supersedes == [before.id])
    }

    @Test("lines that repeat within one input all count")
    func repeats() {
        var log = HandWrittenLog()
        for _ in 0..<30 { log.refuse(at: 0) }
        #expect(correlate(log).incidents.map(\.failures.total) == [30])
    }

    @Test("lines that repeat out of order within one input all count, beside another input")
    func repeatsOutOfOrder() {
        var log = HandWrittenLog("a.log")
        for at in [0.0, 6, 0, 12, 6] { log.refuse(at: at) }
        var other = HandWrittenLog("b.log", pid: 900)
        other.start(at: 1, port: 7000)
        #expect(correlate(log, other).incidents.map(\.failures.total) == [5])
    }

    @Test("a log pasted twice into one file tells of two incidents with ids of their own")
    func pastedTwice() {
        var log = HandWrittenLog()
        for _ in 0..<3 {
            log.start(at: 0)
            log.refuseSave(at: 10)
            log.save(at: 20)
        }
        let ids = correlate(log).incidents.map(\.id)
        #expect(ids.count == 3)
        #expect(Set(ids).count == 3)
        #expect(ids == correlate(log).incidents.map(\.id))
    }

}
