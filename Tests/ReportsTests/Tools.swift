// SPDX-License-Identifier: Apache-2.0
// Programs of the machine that reports are held to.

import TestSupport

extension Tool {
    static var schemaPath: String { Checkout.path + "/docs/schema/report.schema.json" }

    /// What `command` prints when it reads `input`, or `nil` where it cannot be run or fails.
    static func output(of command: [String], input: String) throws -> String? {
        try output(of: command, input: Array(input.utf8)).map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    static let hasJSONSchema: Bool = has(["python3", "-c", "import jsonschema"])
    static let hasCmark: Bool = has(["cmark-gfm", "--version"])
}
