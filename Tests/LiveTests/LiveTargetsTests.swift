// SPDX-License-Identifier: Apache-2.0
// Which logs there are in a folder, also where a log is away for the moment of its rotation.

import Foundation
import TestSupport
import Testing

@testable import forktopsy

struct LiveTargetsTests {
    struct Folder: Sendable {
        var files: [String]
        /// Logs of which something was read before.
        var known: Set<String> = []
        var logs: Set<String>
    }

    static let folders = [
        Folder(files: ["redis.log", "redis.1.log", "redis.2.log"], logs: ["redis.log"]),
        Folder(files: ["redis.1.log", "redis.2.log"], logs: ["redis.1.log", "redis.2.log"]),
        Folder(files: ["redis.1.log", "redis.2.log.zst"], logs: ["redis.log"]),
        Folder(files: ["redis.1.log"], known: ["redis.log"], logs: ["redis.log"]),
        Folder(
            files: ["redis.1.log.1.gz", "redis.1.log", "redis.2.log"],
            logs: ["redis.1.log", "redis.2.log"]),
        Folder(files: ["redis.log.1", "redis-6380.log"], logs: ["redis.log", "redis-6380.log"]),
    ]

    @Test(arguments: folders.indices, ["", "/*"])
    func `Numbered files are logs or parts of one`(index: Int, pattern: String) throws {
        let folder = Self.folders[index]
        try withTemporaryFolder { path in
            for file in folder.files {
                try Data("x\n".utf8).write(to: URL(fileURLWithPath: path + "/" + file))
            }
            var targets = LiveTargets([path + pattern])
            let logs = targets.logs { folder.known.contains(String($0.dropFirst(path.count + 1))) }
            #expect(Set(logs) == Set(folder.logs.map { path + "/" + $0 }))
        }
    }
}
