// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Snapshots

struct KubernetesQuantityTests {
    @Test(
        arguments: [
            ("2Gi", 2_147_483_648), ("512M", 512_000_000), ("1e9", 1_000_000_000),
            ("128974848000m", 128_974_848), ("64Ki", 65536), ("5k", 5000),
        ] as [(String, Int64)])
    func quantitiesAreThoseOfKubernetes(text: String, bytes: Int64) {
        #expect(ContainerState.quantity(text) == bytes)
    }
}
