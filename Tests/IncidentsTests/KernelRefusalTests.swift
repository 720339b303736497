// SPDX-License-Identifier: Apache-2.0

import HandWritten
import Incidents
import Model
import Testing

/// Refusals that the kernel tells of, without a server's log or beside one.
@Suite struct KernelRefusalTests {
    private func kernelLog(
        _ path: String = "kern.log", pid: Int = 10, comm: String = "redis-server",
        at seconds: [Double?]
    ) -> HandWrittenLog {
        var log = HandWrittenLog(path)
        log.form = .kernel
        for second in seconds {
            log.add(
                .kernel_commit_refused, at: second,
                ["comm": comm, "pid": "\(pid)", "bytes": "7516192768"], pid: 0, role: .unknown)
        }
        return log
    }

    @Test("a kernel's log alone makes an incident that counts no fork")
    func alone() throws {
        let incidents = correlate(kernelLog(at: [100, 106])).incidents
        let incident = try #require(incidents.first)
        #expect(incidents.count == 1)
        #expect(incident.kind == .fork_failure && incident.status == .ongoing_at_end)
        #expect(incident.failures.total == nil)
        #expect(incident.failures.hiddenAtLeast == 2)
        #expect(incident.instance.pids == [10])
        #expect(incident.startedAt?.seconds == 100 && incident.lastFailureAt?.seconds == 106)
    }

    @Test("what the kernel did not print counts, where nobody else was refused")
    func suppressed() {
        for (other, hidden) in [(nil, 34), ("java", 2)] {
            var log = kernelLog(at: [100])
            if let other {
                log.add(
                    .kernel_commit_refused, at: 101, ["comm": other, "pid": "77"], pid: 0,
                    role: .unknown)
            }
            log.add(.kernel_suppressed, at: 105, ["count": "32"], pid: 0, role: .unknown)
            log.add(
                .kernel_commit_refused, at: 105, ["comm": "redis-server", "pid": "10"], pid: 0,
                role: .unknown)
            #expect(correlate(log).incidents.map(\.failures.hiddenAtLeast) == [hidden])
        }
    }

    @Test("so does the pids controller's line")
    func pids() {
        var log = HandWrittenLog("kern.log")
        log.form = .kernel
        for unit in ["redis-server", "nginx"] {
            log.add(
                .pids_rejected, at: 100, ["cgroup": "/system.slice/\(unit).service"], pid: 0,
                role: .unknown)
        }
        let incidents = correlate(log).incidents
        #expect(incidents.map(\.failures.total) == [nil])
        #expect(incidents.first?.failures.hiddenAtLeast == 1)
    }

    @Test("another program's refusal is nothing to tell")
    func stranger() {
        #expect(correlate(kernelLog(comm: "java", at: [100])).incidents.isEmpty)
        #expect(correlate(kernelLog(comm: "redis-cli", at: [100])).incidents.isEmpty)
    }

    @Test("copies of one kernel log count once")
    func copies() {
        let logs = ["dmesg.txt", "kern.log", "journal.txt"].map {
            kernelLog($0, at: [100, 106, 112])
        }
        let undated = kernelLog("dmesg-raw.txt", at: [nil, nil, nil, nil])
        let incidents = correlate(logs + [undated]).incidents
        #expect(incidents.count == 1)
        #expect(incidents.first?.failures.hiddenAtLeast == 3)
    }

    @Test("one line in three copies, of which each gives it another time, counts once")
    func copiesOfOneLine() throws {
        var log = HandWrittenLog(pid: 4711)
        log.start(at: 0)
        log.refuseSave(at: 100)
        let copies = [("dmesg_iso.txt", 99.674), ("dmesg.txt", 100.004), ("dmesg_T.txt", 99)].map {
            kernelLog($0.0, pid: 4711, at: [$0.1])
        }
        let incident = try #require(correlate([log] + copies).incidents.first)
        #expect(incident.failures.total == 1)
        #expect(incident.failures.hiddenAtLeast == 0)
    }

    @Test("a line that names another process is no evidence of a server that the host numbers")
    func anotherProcess() throws {
        var log = HandWrittenLog(pid: 4711)
        log.start(at: 0)
        log.refuseSave(at: 100)
        let incidents = correlate(log, kernelLog(pid: 99_999, at: [99.9])).incidents
        #expect(incidents.count == 2)
        let own = try #require(incidents.first { $0.failures.total == 1 })
        #expect(!own.observations.contains { $0.kind == .kernel_commit_refused })
    }

    @Test("beside the server's own line it is evidence and no incident of its own")
    func explained() {
        var log = HandWrittenLog(pid: 4711)
        log.start(at: 0)
        log.refuseSave(at: 100)
        for at in [99.7, 100.2, nil] {
            let incidents = correlate(log, kernelLog(pid: 4711, at: [at])).incidents
            #expect(incidents.map(\.failures.total) == [1])
        }
    }

    @Test("beside a log of another process, or of another time, it is told")
    func unexplained() {
        var log = HandWrittenLog(pid: 4711)
        log.start(at: 0)
        log.refuseSave(at: 100)
        log.save(at: 120)
        let other = correlate(log, kernelLog(pid: 4712, at: [100])).incidents
        #expect(Set(other.map(\.failures.total)) == [1, nil] && other.count == 2)
        let later = correlate(log, kernelLog(pid: 4711, at: [900])).incidents
        #expect(later.map(\.failures.total) == [1, nil])
        #expect(later.last?.instance.pids == [4711])
    }
}
