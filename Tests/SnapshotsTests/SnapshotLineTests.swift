// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSON
import Model
import Testing

@testable import Snapshots

struct SnapshotLineTests {
    private static let at = Timestamp(nanoseconds: 1_795_348_258_433_000_000)

    private static func snapshot(_ subject: SnapshotSubject, _ format: String) -> Snapshot {
        Snapshot(
            format: format, subject: subject,
            stamp: Stamp(form: .zoned, precision: .millisecond, nanoseconds: at.nanoseconds),
            timeBasis: .inFormat, line: 1, offset: 0)
    }

    private static let all: [Snapshot] = {
        var host = snapshot(SnapshotSubject(.host, host: "db1"), "meminfo")
        host.values = [
            SnapshotValue(.memTotal, .whole(25_276_502_016), line: 1),
            SnapshotValue(.committedAS, .whole(706_928_640), line: 1),
            SnapshotValue(.hugePagesTotal, .whole(0), line: 1),
            SnapshotValue(.pressureSome10, .real(1.25), line: 1),
            SnapshotValue(.kernelRelease, .text("6.1.0-\"18\"\u{1B}-amd64"), line: 1),
        ]
        var process = snapshot(
            SnapshotSubject(
                .process, host: "db1", pid: 7, port: 6379, isChild: true, command: "redis-rdb"),
            "status")
        process.values = [
            SnapshotValue(.vmRSS, .whole(4096), line: 1),
            SnapshotValue(.limitAddressSpace, .whole(.max), line: 1),
        ]
        var group = snapshot(
            SnapshotSubject(.cgroup, host: "db1", path: "/system.slice/redis.service"), "cgroup")
        group.values = [SnapshotValue(.cgroupLimit, .whole(.max), line: 1)]
        var change = snapshot(SnapshotSubject(.host, host: "db1"), "command")
        change.isChange = true
        change.stamp.nanoseconds -= 5_000_000_000
        change.values = [SnapshotValue(.overcommitMemory, .whole(1), line: 1)]
        return [host, process, group, change]
    }()

    @Test func whatIsWrittenIsReadBack() {
        let line = Self.all.snapshotLine(at: Self.at, tool: "1.0")
        #expect(!line.contains("\n"))
        #expect(snapshots(line) == Self.all)
        var others = Self.all
        others[1].subject.host = "db2"
        #expect(snapshots(others.snapshotLine(at: Self.at, tool: "1.0")) == others)
    }

    @Test func linesMayStandAnywhere() {
        let line = Self.all.snapshotLine(at: Self.at, tool: "1.0")
        let found = snapshots("some text\n{\"level\":\"info\"}\n\(line)\n\(line)\nmore\n\(line)\n")
        #expect(found.count == 12)
        #expect(found[4].line == 4)
    }

    @Test func everySampleComesBackAsOneLine() throws {
        for sample in SeriesSample.all {
            let found = try sample.read().snapshots
            for snapshot in found where snapshot.stamp.isKnownInstant {
                let at = Timestamp(nanoseconds: snapshot.stamp.nanoseconds)
                let back = snapshots([snapshot].snapshotLine(at: at, tool: "1.0"))
                #expect(back.count == 1)
                #expect(back.first?.subject == snapshot.subject)
                #expect(
                    back.first?.stamp.nanoseconds
                        == snapshot.stamp.nanoseconds / 1_000_000 * 1_000_000)
                for value in snapshot.values {
                    #expect(back.first?.real(value.measure) == snapshot.real(value.measure))
                    #expect(back.first?.text(value.measure) == snapshot.text(value.measure))
                }
            }
        }
    }

    @Test func othersJSONIsNoSnapshot() {
        for text in [
            "{\"schema\":\"forktopsy.report/1\",\"groups\":[]}", "[1, 2, 3]", "{}", "[]", "{",
            "[", "[{\"a\":1}]", "{\"status\":\"success\",\"data\":[\"up\"]}",
            "{\"schema\":\"forktopsy.snapshot/1\"}", "[info] starting", "{not json",
        ] {
            #expect(snapshots(text).isEmpty)
        }
    }

    /// `docs/schema/snapshot.schema.json` lists what a line may hold, and nothing else.
    @Test func theSchemaNamesEveryMember() throws {
        let path = SeriesSample.folder.appending(
            path: "../../../../docs/schema/snapshot.schema.json")
        let schema = try JSONValue(parsing: String(contentsOf: path, encoding: .utf8))
        let line = try JSONValue(
            parsing: Self.all.snapshotLine(at: Self.at, tool: "1.0"))
        guard case .object(let members) = line, case .array(let groups)? = line["groups"] else {
            Issue.record("not an object with groups")
            return
        }
        for member in members { #expect(schema["properties"]?[member.name] != nil) }
        let group = schema["$defs"]?["group"]?["properties"]
        for case .object(let members) in groups {
            for member in members { #expect(group?[member.name] != nil, "\(member.name)") }
        }
        let scopes = SnapshotSubject.Scope.allCases.count
        guard case .array(let words)? = group?["scope"]?["enum"] else {
            Issue.record("no scopes")
            return
        }
        #expect(words.count == scopes)
        for unit in Measure.Unit.allCases { #expect(group?[unit.rawValue] != nil) }
    }
}
