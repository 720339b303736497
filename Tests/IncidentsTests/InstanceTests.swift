// SPDX-License-Identifier: Apache-2.0

import HandWritten
import Incidents
import Model
import Testing

/// Which lines are whose: several servers in one input, one server in several.
@Suite struct InstanceTests {
    /// The lines of several logs in one file, by time.
    private func mixed(_ logs: HandWrittenLog..., path: String = "all.log") -> HandWrittenLog {
        var out = HandWrittenLog(path)
        out.entries = logs.flatMap(\.entries).enumerated()
            .sorted { ($0.element.seconds ?? 0, $0.offset) < ($1.element.seconds ?? 0, $1.offset) }
            .map(\.element)
        return out
    }

    private func failing(_ path: String, pid: Int32, port: Int, from: Double = 10) -> HandWrittenLog
    {
        var log = HandWrittenLog(path, pid: pid)
        log.start(at: 0, port: port)
        for i in 0..<4 { log.refuseSave(at: from + 6 * Double(i)) }
        return log
    }

    @Test("two servers that write into one file are two, and one's save is not the other's")
    func interleaved() {
        var healthy = HandWrittenLog("x", pid: 20)
        healthy.start(at: 1, port: 6380)
        for i in 0..<6 { healthy.save(at: 8 + 6 * Double(i)) }
        let incidents = correlate(mixed(failing("x", pid: 10, port: 6379), healthy)).incidents
        #expect(incidents.map(\.instance.port) == [6379])
        #expect(incidents.map(\.status) == [.ongoing_at_end])
        #expect(incidents.map(\.failures.total) == [4])
    }

    @Test(
        "a server of another unit, of which only start lines are there, is not the one that saves")
    func startOfAnotherUnit() {
        var log = HandWrittenLog("journal.export")
        log.streams = [
            WriterStream(host: "h", unit: "redis@1.service"),
            WriterStream(host: "h", unit: "redis@2.service"),
        ]
        log.start(at: 0, port: 6379)
        log.fork(.bgsave, child: 50, at: 100)
        log.add(.server_starting, at: 100.06, pid: 77, role: .child, stream: 1)
        log.add(.server_version, at: 100.07, ["version": "7.2.4"], pid: 77, role: .child, stream: 1)
        #expect(correlate(log).incidents.isEmpty)
    }

    @Test("two logs put one after the other are two servers, too", arguments: [true, false])
    func concatenated(withPorts: Bool) {
        var first = failing("x", pid: 10, port: 6379)
        var second = failing("x", pid: 20, port: 6380)
        if !withPorts {
            first.entries.removeAll { $0.kind == .server_mode }
            second.entries.removeAll { $0.kind == .server_mode }
        }
        var all = HandWrittenLog("all.log")
        all.entries = first.entries + second.entries
        let incidents = correlate(all).incidents
        #expect(incidents.map(\.failures.total) == [4, 4])
        #expect(incidents.allSatisfy { !$0.consequences.contains("restart") })
    }

    @Test("a server that begins where another has ended is another, if its port is")
    func successorOnAnotherPort() {
        var log = failing("x", pid: 10, port: 6379)
        log.exit(at: 40)
        log.pid = 20
        log.start(at: 50, port: 6380)
        log.save(at: 60)
        #expect(correlate(log).incidents.map(\.status) == [.ended])
    }

    @Test("restarts of two servers in one file each go on with their own")
    func interleavedRestarts() throws {
        var a = failing("x", pid: 10, port: 6379)
        var b = HandWrittenLog("x", pid: 20)
        b.start(at: 1, port: 6380)
        b.exit(at: 40)
        b.pid = 21
        b.start(at: 50, port: 6380)
        a.exit(at: 45)
        a.pid = 11
        a.start(at: 60, port: 6379)
        let incident = try #require(correlate(mixed(a, b)).incidents.first)
        #expect(incident.instance.pids == [10, 11])
    }

    @Test(
        "rotated parts of a log are one server",
        arguments: [
            ["r.log", "r.log.1"], ["r.log", "r.log.2.gz"], ["r.log", "r.log-20261122"],
        ])
    func rotated(paths: [String]) throws {
        var old = HandWrittenLog(paths[1])
        old.start(at: 0)
        old.refuseSave(at: 10)
        var new = HandWrittenLog(paths[0])
        new.refuseSave(at: 20)
        new.save(at: 30)
        let incidents = correlate(new, old).incidents
        let incident = try #require(incidents.first)
        #expect(incidents.count == 1)
        #expect(incident.failures.total == 2)
        #expect(incident.instance.port == 6379)
        #expect(incident.instance.log == "r.log")
    }

    @Test("a trigger at the end of one part belongs to the fork at the beginning of the next")
    func triggerAcrossRotation() {
        var old = HandWrittenLog("r.log.1")
        old.refuseSave(at: 0)
        old.add(.sync_started, at: 10, ["operation": "full_sync", "target": "disk"])
        var new = HandWrittenLog("r.log")
        new.refuse(at: 10)
        #expect(
            correlate(new, old).incidents.first?.failures.byOperation == [
                .bgsave: 1, .full_sync: 1,
            ])
    }

    @Test(
        "the storm of a rotated log counts whole, though its parts share a moment",
        arguments: [
            Stamp.Precision.second, .millisecond,
        ])
    func stormAcrossRotation(precision: Stamp.Precision) {
        var old = HandWrittenLog("r.log.1")
        var new = HandWrittenLog("r.log")
        (old.precision, new.precision) = (precision, precision)
        for i in 0..<25 { old.refuse(at: Double(i) * 0.0004) }
        old.entries.insert(
            contentsOf: {
                var l = HandWrittenLog(); l.refuse(at: -5); return l.entries
            }(), at: 0)
        for i in 25..<50 { new.refuse(at: Double(i) * 0.0004) }
        new.refuse(at: 5)
        #expect(correlate(new, old).incidents.first?.failures.total == 52)
    }

    @Test("two containers that both call themselves process 1 stay two")
    func containers() {
        var a = failing("a/redis.log", pid: 1, port: 6379)
        var b = failing("b/redis.log", pid: 1, port: 6379, from: 10.003)
        a.streams = [WriterStream(container: "a")]
        b.streams = [WriterStream(container: "b")]
        let incidents = correlate(a, b).incidents
        #expect(incidents.map(\.failures.total) == [4, 4])
    }

    @Test("two containers in one compose log stay two")
    func compose() {
        var log = HandWrittenLog("compose.log", pid: 1)
        log.streams = [WriterStream(container: "a"), WriterStream(container: "b")]
        for i in 0..<3 {
            for stream in 0..<2 {
                log.add(
                    .fork_failed, at: Double(i) * 6,
                    ["error": "Cannot allocate memory", "operation": "bgsave"],
                    stream: UInt16(stream))
            }
        }
        let incidents = correlate(log).incidents
        #expect(incidents.map(\.failures.total) == [3, 3])
        #expect(Set(incidents.map(\.id)).count == 2)
    }

    @Test("servers whose storms meet in some milliseconds are not one")
    func stormsThatMeet() {
        var a = HandWrittenLog("a.log", pid: 1)
        var b = HandWrittenLog("b.log", pid: 1)
        for i in 0..<100 {
            a.refuse(at: Double(i) * 0.1)
            b.refuse(at: Double(i) * 0.1 + (i < 5 ? 0 : 0.013))
        }
        #expect(correlate(a, b).incidents.map(\.failures.total) == [100, 100])
    }

    @Test("a process id that changes without a start in the log is a restart")
    func unseenStart() throws {
        var log = HandWrittenLog()
        log.refuseSave(at: 0)
        log.pid = 11
        log.refuseSave(at: 100)
        let incidents = correlate(log).incidents
        #expect(incidents.count == 1)
        #expect(incidents.first?.consequences == ["restart"])
    }

    @Test("a start in place, under the same process id, is a restart")
    func sameProcessID() {
        var log = HandWrittenLog(pid: 1)
        log.start(at: 0)
        log.refuseSave(at: 10)
        log.start(at: 20)
        #expect(correlate(log).incidents.first?.consequences.contains("restart") == true)
    }

    @Test("old servers name their port only when they are ready")
    func oldPort() {
        var log = HandWrittenLog(role: .unknown)
        log.form = .bracketedPID
        log.add(.server_version, at: 0, ["product": "Redis", "version": "2.8.24"])
        log.add(.ready, at: 0, ["port": "6379"])
        log.refuseSave(at: 10)
        let instance = correlate(log).incidents.first?.instance
        #expect(instance?.port == 6379)
        #expect(instance?.version == "2.8.24")
    }

    @Test("an incident names the role in which the server failed")
    func role() {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.refuseSave(at: 10)
        log.role = .replica
        log.add(.replica_connecting, at: 20, ["master": "127.0.0.1:6380"])
        #expect(correlate(log).incidents.first?.instance.role == .master)
    }
}
