// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

extension Run {
    func report() throws -> ReportJSON {
        try JSONDecoder().decode(ReportJSON.self, from: output)
    }
}

/// The parts of `forktopsy.report/1` that the tests compare.
struct ReportJSON: Decodable {
    var summary: [String: Int]
    var inputs: [Input]
    var incidents: [Incident]
    var losses: Losses

    struct Input: Decodable {
        var path: String
        var kind: String
        var events: Int
    }

    struct Incident: Decodable {
        var kind: String
        var status: String
        var consequences: [String]
        var instance: Instance
        var started_at: String?
        var last_failure_at: String?
        var recovered_at: String?
        var failures: Failures
        var persistence: Persistence
        var causes: [Cause]
    }

    struct Instance: Decodable { var port: Int? }

    struct Failures: Decodable {
        var total: Int?
        var by_operation: [String: Int]
        var by_errno: [String: Int]
    }

    struct Persistence: Decodable { var exposure: String }

    struct Cause: Decodable {
        var id: String
        var role: String
        var verdict: String

        /// Only these two are answers.
        var isClaimed: Bool { verdict == "confirmed" || verdict == "likely" }
    }

    struct Losses: Decodable {
        var damage: [String: Int]
        var notes: [String: Int]

        var isUndamaged: Bool { damage.values.allSatisfy { $0 == 0 } }
    }
}
