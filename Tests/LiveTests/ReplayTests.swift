// SPDX-License-Identifier: Apache-2.0
// Live and archived agree: what tail has stored of a log is what analyze finds in it.

import Foundation
import TestSupport
import Testing

struct ReplayTests {
    @Test(arguments: Workshop.samples)
    func `Following a sample stores the incidents of analyze`(sample: String) throws {
        try withTemporaryFolder { folder in
            let inputs = Workshop.inputs(of: sample)
            _ = try Program.run([
                "tail", "--state", folder, "--from-start", "--until-idle", "0.05", inputs,
            ])
            let stored = try Workshop.report(["incidents", "--state", folder])
            let expected = try Workshop.report(["analyze", inputs])
            #expect(stored.incidents == expected.incidents)
            #expect(stored.inputs.count == expected.inputs.count)
        }
    }
}
