// SPDX-License-Identifier: Apache-2.0

internal import Model

/// What was hidden in a report, and how often.
package struct Redaction: Hashable, Sendable {
    package enum Mode: String, Sendable, CaseIterable {
        case none
        /// Passwords, tokens and keys.
        case secrets
        /// Secrets, and addresses and host names behind pseudonyms.
        case addresses
        /// The same, and names of containers and units, and paths of certificates and keys.
        case all
    }

    package var mode: Mode
    package var secretsReplaced = 0
    package var addressesReplaced = 0

    package init(mode: Mode) { self.mode = mode }

    /// What stands in the place of a secret.
    package static let mark = "[redacted]"
}

extension Redaction {
    /// How much was hidden, and by which option.
    var block: Block {
        var text = found(secretsReplaced, "secret", "secrets")
        if mode != .secrets {
            text += " \(found(addressesReplaced, "address", "addresses"))"
        }
        let option = Prose([.code("--redact \(mode.rawValue)")])
        return .paragraph("\(text) (\(option))")
    }

    private func found(_ count: Int, _ singular: String, _ plural: String) -> String {
        guard count > 0 else { return "No \(singular) was found." }
        return "\(counted(count, singular, plural)) \(count == 1 ? "was" : "were") replaced."
    }
}
