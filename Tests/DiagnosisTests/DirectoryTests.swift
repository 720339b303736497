// SPDX-License-Identifier: Apache-2.0

import HandWritten
import Incidents
import Model
import Testing

@testable import Diagnosis

/// What the asked-for output says of a data directory that could not be written.
@Suite struct DirectoryTests {
    private func world(_ error: String, dir: String = "/var/lib/redis/data") -> World {
        World().with {
            $0.log.start(at: 0)
            $0.log.fork(.bgsave, child: 97, at: 100)
            $0.log.add(
                .rdb_file_error, at: 100.1, ["error": error, "dir": dir], pid: 97, role: .child)
            $0.log.add(.operation_failed, at: 100.2, ["operation": "bgsave"])
        }
    }

    private func finding(_ world: World) throws -> Finding {
        try #require(world.incident?.causes.first { $0.id == "dir_not_writable" })
    }

    @Test(
        "owner, mode and user decide a denied file",
        arguments: [
            (0o755, 0, 999, Finding.Verdict.confirmed), (0o700, 0, 999, .confirmed),
            (0o555, 999, 999, .confirmed), (0o755, 999, 999, .possible),
            (0o777, 0, 999, .possible), (0o755, 0, 0, .possible), (0o775, 0, 999, .confirmed),
            (0o770, 0, 998, .possible), (0o750, 0, 998, .confirmed), (0o707, 0, 998, .confirmed),
        ])
    func rights(mode: Int, owner: Int, user: Int, verdict: Finding.Verdict) throws {
        var world = world("Permission denied")
        world.facts.process(
            at: 130,
            [
                .directoryMode: .text(String(mode, radix: 8)),
                .directoryOwner: .whole(Int64(owner)),
                .userID: .whole(Int64(user)), .directoryGroup: 7,
                .processGroups: user == 998 ? "998,7" : "999",
            ])
        let finding = try finding(world)
        #expect(finding.verdict == verdict)
        #expect(finding.missing.isEmpty == (verdict == .confirmed))
        // What was given is not asked for again.
        #expect(finding.missing.allSatisfy { !$0.command.contains("directory_mode") })
    }

    @Test("where the group may write, its members must be known")
    func groupNotRead() throws {
        var world = world("Permission denied")
        world.facts.process(
            at: 130, [.directoryMode: "770", .directoryOwner: 0, .userID: 999])
        let finding = try finding(world)
        #expect(finding.verdict == .possible)
        #expect(finding.missing.first?.command.contains("process_groups") == true)
    }

    @Test("a file system that does not hold the directory says nothing of it")
    func otherMount() throws {
        var full = world("No space left on device")
        full.facts.add(SnapshotSubject(.fileSystem, path: "/boot"), at: 101, [.diskAvailable: 0])
        let disk = try #require(full.incident?.causes.first { $0.id == "disk_full" })
        #expect(disk.verdict == .possible)
        #expect(disk.arithmetic.isEmpty)
        var readOnly = world("Read-only file system")
        readOnly.facts.add(
            SnapshotSubject(.fileSystem, path: "/boot"), at: 101, [.mountOptions: "ro,relatime"])
        #expect(try finding(readOnly).verdict == .possible)
    }

    @Test("the only file system that was told of may be the one, where no line names the directory")
    func onlyMount() throws {
        var world = World().with {
            $0.log.start(at: 0)
            $0.log.failSave(at: 100)
        }
        for (path, verdict) in [
            ("/data", Finding.Verdict.confirmed), ("/", .likely), ("/boot", .possible),
        ] {
            world.facts = HandWrittenSnapshots()
            world.facts.add(SnapshotSubject(.fileSystem, path: path), at: 101, [.diskAvailable: 0])
            let disk = try #require(world.incident?.causes.first { $0.id == "disk_full" })
            #expect(disk.verdict == verdict, "\(path)")
            #expect(disk.confidence == (path == "/" ? .medium : .high), "\(path)")
        }
    }

    @Test(
        "a kernel line counts for the device of the data directory, at that time",
        arguments: [
            ("sdb", "/dev/sdb1", 99.0, Finding.Verdict.likely),
            ("fd0", "/dev/sdb1", 99, .possible), ("sdb", "/dev/sda1", 99, .possible),
            ("dm-1", "/dev/mapper/vg-data", 99, .possible), ("sdb", "/dev/sdb1", -900, .possible),
        ])
    func device(device: String, source: String, at: Double, verdict: Finding.Verdict) throws {
        var world = World().with {
            $0.log.start(at: -1000)
            $0.log.add(
                .storage_error, at: at, ["device": device], pid: 0, role: .unknown, form: .kernel)
            $0.log.failSave(at: 100, error: "Input/output error")
        }
        world.facts.add(
            SnapshotSubject(.fileSystem, path: "/data"), at: 130,
            [.mountSource: .text(source)])
        let finding = try #require(world.incident?.causes.first { $0.id == "io_error" })
        #expect(finding.verdict == verdict)
    }

    @Test("a directory that is not there, at the time and a day later")
    func missing() throws {
        for (at, verdict) in [(130.0, Finding.Verdict.confirmed), (90_000, .likely)] {
            var world = world("No such file or directory")
            world.facts.process(at: at, [.directoryMode: "none"])
            #expect(try finding(world).verdict == verdict)
        }
        var there = world("No such file or directory")
        there.facts.process(at: 130, [.directoryMode: "750"])
        #expect(try finding(there).verdict == .possible)
    }

    @Test(
        "a server whose directory was removed cannot name it, and one of the same name is another")
    func removed() throws {
        var world = world("No such file or directory", dir: "unknown")
        #expect(world.incident?.directory == nil)
        #expect(try !finding(world).statement.contains("unknown"))
        world.facts.process(at: 130, [.directoryMode: "none"])
        let finding = try finding(world)
        #expect(finding.verdict == .confirmed)
        #expect(finding.remedies.first?.text.contains("CONFIG SET dir") == true)
    }

    @Test("where no inode is left, the report does not blame the space")
    func inodes() throws {
        var world = world("No space left on device")
        func disk() throws -> Finding {
            try #require(world.incident?.causes.first { $0.id == "disk_full" })
        }
        #expect(try disk().verdict == .possible)
        world.facts.add(
            SnapshotSubject(.fileSystem, path: "/"), at: 130,
            [.diskAvailable: .gib(2), .inodesFree: 0])
        let finding = try disk()
        #expect(finding.verdict == .confirmed)
        #expect(finding.statement.hasSuffix("and no inode was free."))
        #expect(finding.arithmetic.isEmpty)
        #expect(
            finding.evidence.first { $0.statement.hasPrefix("free space") }?.direction == .against)
    }

    @Test(
        "that a file may need more than was free confirms nothing; room after a save is no room then"
    )
    func upperBound() throws {
        func disk(_ free: Double, used: Double) throws -> Finding {
            var world = world("No space left on device")
            world.facts.server(at: 90, [.usedMemory: .mib(used)])
            world.facts.add(
                SnapshotSubject(.fileSystem, path: "/"), at: 130, [.diskAvailable: .mib(free)])
            return try #require(world.incident?.causes.first { $0.id == "disk_full" })
        }
        let perhaps = try disk(38, used: 61)
        #expect(perhaps.verdict == .likely && perhaps.statement.contains("may need"))
        let enough = try disk(80, used: 61)
        #expect(enough.evidence.contains { $0.direction == .against })
        let unknown = try #require(
            world("No space left on device").with {
                $0.facts.add(
                    SnapshotSubject(.fileSystem, path: "/"), at: 130, [.diskAvailable: .mib(3)])
            }.incident?.causes.first { $0.id == "disk_full" })
        #expect(!unknown.evidence.contains { $0.direction == .against })
    }

    @Test("what INFO says while saves go on failing decides, whenever it is read")
    func laterStatus() throws {
        let finding = try #require(
            world("No space left on device").with {
                $0.facts.server(at: 900, [.lastSaveStatus: "err"])
            }.incident?.causes.first { $0.id == "disk_full" })
        #expect(finding.verdict == .likely)
        #expect(
            FactCommands.disk(Incident(kind: .save_failure, instance: Instance())).contains("INFO"))
    }

    @Test("the mount is that of the longest path above the directory")
    func mount() throws {
        var world = world("Read-only file system")
        for (path, options) in [("/", "rw,relatime"), ("/var/lib/redis", "ro,relatime")] {
            world.facts.add(
                SnapshotSubject(.fileSystem, path: path), at: 130, [.mountOptions: .text(options)])
        }
        #expect(try finding(world).verdict == .confirmed)
    }

    @Test("the report says of how many file systems it was told, where none is known to be meant")
    func unplaced() throws {
        var world = World().with {
            $0.log.start(at: 0)
            $0.log.failSave(at: 100)
        }
        for path in ["/", "/opt", "/srv"] {
            world.facts.add(
                SnapshotSubject(.fileSystem, path: path), at: 101, [.diskAvailable: .gib(9)])
        }
        let finding = try #require(world.incident?.causes.first { $0.id == "disk_full" })
        #expect(finding.missing.first?.why.contains("the 3 file systems") == true)
    }

    // MARK: - Where to look

    @Test("what asks for the directory of a container is run inside it")
    func container() throws {
        var log = HandWrittenLog(pid: 1)
        log.failSave(at: 100)
        var world = World()
        world.log = log
        let check = try #require(world.incident?.causes.first?.remedies.first?.precheck)
        #expect(check.contains("inside that container"))
        #expect(!check.contains("not to another node or into its container"))
    }

    @Test("an incident without a candidate still says how to go on")
    func noCandidate() throws {
        var replica = HandWrittenLog(pid: 20, role: .replica)
        replica.add(
            .replica_refused_by_master, at: 7200,
            ["reason": "-ERR BGSAVE failed, replication can't continue"])
        var world = World()
        world.log = replica
        let verdict = try #require(world.incident?.verdict)
        #expect(verdict.between.isEmpty)
        #expect(verdict.nextCommand?.hasPrefix("forktopsy collect --since ") == true)
    }

    @Test("a write refused for the AOF is no failed save")
    func appendOnlyFile() throws {
        var log = HandWrittenLog("app.log", pid: 0, role: .unknown)
        log.form = .none
        log.add(
            .writes_refused, at: 0, ["target": "aof", "error": "No space left on device"],
            pattern: "reported.misconf-aof")
        let incident = try #require(
            World().with { $0.log = log }.incident)
        #expect(incident.causes.first?.id == "disk_full")
        #expect(incident.timeline.contains { $0.text.contains("the AOF could not be written") })
    }
}
