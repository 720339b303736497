// SPDX-License-Identifier: Apache-2.0

import Foundation
import Model
import Testing

@testable import Snapshots

/// The tree of `Samples/server/sosreport-…` is constructed.
struct ReportLayoutTests {
    private static let root = "sosreport-db1-03456789-2026-11-22-abcdefg"

    private func read(_ file: String) throws -> [Snapshot] {
        let path = Self.root + "/" + file
        let bytes = try Data(contentsOf: ServerSample.folder.appending(path: path))
        return ServerSample.read([UInt8](bytes), path: "reports.tar.xz/" + path).snapshots
    }

    @Test func filesAreNamedAfterWhatTheyHold() throws {
        let info = try read("sos_commands/redis/redis-cli_info")
        #expect(info.map { $0[.usedMemory] } == [9_663_676_416])
        #expect(info.first?.subject.host == "db1")
        let meminfo = try read("proc/meminfo")
        #expect(meminfo.map { $0[.memTotal] } == [25_276_502_016])
        #expect(meminfo.first?.subject.host == "db1")
        let settings = try read("etc/redis/redis.conf")
        #expect(settings.first?.text(.configSave) == "3600 1")
        #expect(settings.first?.subject.host == "db1")
    }

    @Test(
        arguments: [
            ("x/sosreport-db1-2026-11-22-abc/sos_commands/memory/free_-m", ["free", "-m"]),
            ("sosreport-db1-2026-11-22-abc/sos_commands/process/ps_auxwww", ["ps", "auxwww"]),
            ("sosreport-db1-2026-11-22-abc/free", ["free"]),
            ("sosreport-db1-2026-11-22-abc/version.txt", nil),
            ("reports/free", nil),
        ] as [(String, [String]?)])
    func commandsFollowFromNames(path: String, words: [String]?) {
        #expect(ReportLayout(path: path).command == words)
    }

    @Test(
        arguments: [
            ("sosreport-db1-2026-11-22-abc/free", "db1"),
            ("sosreport-cache-07-2026-11-22-abc/free", "cache-07"),
            ("sosreport-db1-03456789-2026-11-22-abc/free", "db1"),
            ("sosreport-db1/free", nil),
        ] as [(String, String?)])
    func hostsFollowFromTheFolder(path: String, host: String?) {
        #expect(ReportLayout(path: path).host == host)
    }
}
