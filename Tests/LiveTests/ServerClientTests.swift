// SPDX-License-Identifier: Apache-2.0
// What the system's client prints for CONFIG GET (redis-cli 7.0.15 and 7.2.4, --no-raw).

import Testing

@testable import Live

struct ServerClientTests {
    @Test func `Settings are passed on, none is nothing`() throws {
        let answer = "  1) \"save\"\n  2) \"\"\n 10) \"dir\"\n"
        #expect(try ServerClient.settings(answer: answer) == answer)
        #expect(try ServerClient.settings(answer: "(empty array)\n").isEmpty)
    }

    @Test(arguments: [
        (
            "(error) NOPERM this user has no permissions to run the 'config|get' command\n",
            "NOPERM this user has no permissions to run the 'config|get' command"
        ),
        (
            "Could not connect to Redis at 127.0.0.1:1: Connection refused\n",
            "Could not connect to Redis at 127.0.0.1:1: Connection refused"
        ),
        ("", "there was no answer"),
    ])
    func `A refusal is told with its reason`(answer: String, reason: String) {
        let error = #expect(throws: LiveError.self) { try ServerClient.settings(answer: answer) }
        #expect(error?.reason == reason)
    }
}
