// SPDX-License-Identifier: Apache-2.0
// What a named directory gives, and what is listed and not read.

import Foundation
import TestSupport
import Testing

@testable import Reading

struct InputWalkerTests {
    private func walked(_ make: (String) throws -> Void) throws -> InputWalker {
        try withTemporaryFolder { folder in
            try FileManager.default.createDirectory(
                atPath: folder + "/named/sub", withIntermediateDirectories: true)
            try FileManager.default.createDirectory(
                atPath: folder + "/elsewhere", withIntermediateDirectories: true)
            for name in ["named/a.log", "named/sub/b.log", "elsewhere/c.log"] {
                try Data("x\n".utf8).write(to: URL(fileURLWithPath: folder + "/" + name))
            }
            try make(folder)
            var walker = InputWalker()
            try walker.add(folder + "/named")
            return walker
        }
    }

    private func link(_ path: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
    }

    @Test func `All below a directory is found`() throws {
        let walker = try walked { _ in }
        #expect(walker.found.map { $0.path.suffix(5) } == ["a.log", "b.log"])
        #expect(walker.passedBy.isEmpty && walker.unreadable.isEmpty)
    }

    @Test func `Links to directories elsewhere are listed and not followed`() throws {
        let walker = try walked { folder in
            try link(folder + "/named/all", to: folder + "/elsewhere")
            try link(folder + "/named/up", to: "..")
            try link(folder + "/named/gone", to: folder + "/nowhere")
        }
        #expect(walker.found.count == 2)
        #expect(walker.passedBy.map { $0.name.suffix(3) } == ["all", "/up"])
        // What is not there may have been evidence: it is damage.
        #expect(walker.unreadable.map(\.reason) == ["a link to nothing"])
    }

    @Test func `Links within the directory, and to files elsewhere, are followed`() throws {
        // /var/log/containers holds nothing but links to files elsewhere.
        let walker = try walked { folder in
            try link(folder + "/named/again", to: "sub")
            try link(folder + "/named/c.log", to: folder + "/elsewhere/c.log")
        }
        #expect(walker.found.map { $0.path.suffix(5) } == ["a.log", "b.log", "c.log"])
        #expect(walker.passedBy.isEmpty)
    }

    @Test func `What the running kernel shows of itself is no evidence of another host`() throws {
        let walker = try walked { try link($0 + "/named/meminfo", to: "/proc/meminfo") }
        #expect(walker.found.count == 2)
        #expect(walker.passedBy.map { $0.name.suffix(7) } == ["meminfo"])
    }

    @Test func `Files of a process that do not end are listed, not read`() throws {
        var walker = InputWalker()
        try walker.add("/proc/self/")
        #expect(walker.passedBy.contains { $0.name == "/proc/self/pagemap" })
        #expect(walker.found.contains { $0.path == "/proc/self/status" })
        #expect(!walker.found.contains { $0.path.hasSuffix("/mem") })
    }

    @Test func `Pipes are listed, not waited for`() throws {
        let walker = try walked { folder in
            _ = try #require(try Tool.output(of: ["mkfifo", folder + "/named/pipe"]))
        }
        #expect(walker.passedBy.map { $0.name.suffix(4) } == ["pipe"])
    }
}
