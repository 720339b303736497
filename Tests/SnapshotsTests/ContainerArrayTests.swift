// SPDX-License-Identifier: Apache-2.0

import Foundation
import Model
import Testing

@testable import Snapshots

/// Several containers in one answer of a runtime.
struct ContainerArrayTests {
    @Test func severalContainersAreTold() {
        let two =
            ContainerTests.inspect.dropLast(2)
            + ",\n"
            + ContainerTests.inspect.dropFirst(2).replacing("0123", with: "fedc")
            .replacing("3221225472", with: "0")
        let found = snapshots(String(two))
        #expect(found.map { $0[.cgroupLimit] } == [3_221_225_472, .max])
        #expect(found.last?.subject.path?.hasPrefix("fedc") == true)
    }

    @Test func containersOfAnArrayAreToldWhateverTheirIdsAndLines() {
        func one(_ name: String, _ isKilled: Bool) -> String {
            "{\"Id\":\"abc\",\"Name\":\"/\(name)\",\"State\":{\"Status\":\"exited\",\"OOMKilled\":\(isKilled),"
                + "\"ExitCode\":137},\"Config\":{\"Image\":\"redis:7\"}}"
        }
        let lines = "[" + one("web", false) + ",\n" + one("cache", true) + "]\n"
        // As `docker inspect` prints it, one value a line.
        let spread = [("{", "{\n"), ("}", "\n}"), (",\"", ",\n\""), ("\":", "\": ")].reduce(lines) {
            $0.replacingOccurrences(of: $1.0, with: $1.1)
        }
        for text in [lines, spread] {
            let found = snapshots(text)
            #expect(found.map { $0.text(.containerName) } == ["web", "cache"], "\(text)")
            #expect(found.map { $0[.wasOOMKilled] } == [0, 1])
            #expect(found.map(\.subject.path) == ["web", "cache"])
        }
    }
}
