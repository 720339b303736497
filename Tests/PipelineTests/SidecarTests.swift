// SPDX-License-Identifier: Apache-2.0

import Model
import Testing

@testable import forktopsy

/// A pod in which another container stands beside the server's.
struct SidecarTests {
    private func container(
        _ name: String, _ image: String, ended: String, limit: String
    ) -> [String] {
        [
            "  \(name):", "    Image:          \(image)", "    Last State:     Terminated",
            "      Reason:       OOMKilled", "      Exit Code:    137",
            "      Started:      Mon, 02 Mar 2026 08:00:05 +0000",
            "      Finished:     Tue, 03 Mar 2026 \(ended) +0000", "    Restart Count:  1",
            "    Limits:", "      memory:  \(limit)",
        ]
    }

    @Test(arguments: [false, true])
    func `The server's container is judged by its own state and limit`(isFirst: Bool) throws {
        let web = container("web", "registry/shop-web:1.2", ended: "02:14:09", limit: "512Mi")
        let redis = container("redis", "redis:7.0.11", ended: "03:00:09", limit: "2Gi")
        let lines =
            ["Name:         shop-7d9", "Namespace:    prod", "Containers:"]
            + (isFirst ? redis + web : web + redis)
        let incidents = try Outage.analyzed([("describe.txt", lines)]).incidents
        #expect(incidents.count == 1)
        let cause = try #require(
            incidents.first?.causes.first { $0.id == "cgroup_memory_oom_kill" })
        #expect(cause.verdict == .likely)
        let limits = cause.arithmetic.filter { $0.name == "limit" }.map(\.value)
        #expect(limits.allSatisfy { $0 == 2_147_483_648 }, "\(limits)")
    }
}
