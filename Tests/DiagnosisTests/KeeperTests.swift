// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Diagnosis

/// Names of pods and containers become words of commands, or are left out.
@Suite struct KeeperTests {
    @Test(
        arguments: [
            "cache", "redis-7d9f-x2x", "shop_redis.1", "0a1b2c3d4e5f",
            String(repeating: "a", count: 253),
        ])
    func namesThatAreWords(name: String) { #expect(Keeper.word(name) == name) }

    @Test(
        arguments: [
            "", "-rf", ".hidden", "_x", "a b", "a;reboot", "a$(id)", "a`id`", "a'b", "a/b", "é",
            String(repeating: "a", count: 254),
        ])
    func namesThatAreNone(name: String) { #expect(Keeper.word(name) == nil) }
}
