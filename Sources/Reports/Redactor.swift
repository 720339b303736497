// SPDX-License-Identifier: Apache-2.0

package import Model

/// Hides secrets and, on request, addresses in a report, before anything is composed from it.
///
/// One pass over every string of the report, in its order, so that pseudonyms are stable: the
/// same address has the same name in each quote, statement and path.
package struct Redactor: Sendable {
    package private(set) var redaction: Redaction
    private var pseudonyms: Pseudonyms
    /// Texts that were met lately: the incidents of one log share most of theirs.
    private var known: [String: Known] = [:]

    private static let knownLimit = 2048

    /// What became of a text, and how much was replaced in it.
    private struct Known {
        var text: String
        var secrets: Int
        var addresses: Int
    }

    /// With a key, pseudonyms are the same in every report that is made with it.
    package init(mode: Redaction.Mode, key: PseudonymKey? = nil) {
        redaction = Redaction(mode: mode)
        pseudonyms = Pseudonyms(key: key)
    }

    /// The report with everything replaced that its mode asks for.
    package mutating func redacted(_ report: Report) -> Report {
        guard redaction.mode != .none else { return report }
        var copy = report
        redactBeginning(of: &copy)
        for i in copy.incidents.indices { redact(&copy.incidents[i]) }
        redactEnd(of: &copy)
        return copy
    }

    /// Redacts what stands before the incidents of a report, and learns the names in all of it.
    package mutating func redactBeginning(of report: inout Report) {
        guard redaction.mode != .none else { return }
        if redaction.mode != .secrets { learnNames(report) }
        report.mapBeginning { redact($0) }
    }

    /// Redacts the next incident of the report.
    package mutating func redact(_ incident: inout Incident) {
        guard redaction.mode != .none else { return }
        hideNamedSecrets(&incident)
        incident.mapStrings { redact($0) }
    }

    /// Redacts what stands behind the incidents of a report.
    mutating func redactEnd(of report: inout Report) {
        guard redaction.mode != .none else { return }
        report.mapEnd { redact($0) }
    }

    /// A fact called `requirepass` is a secret whatever its value looks like.
    private mutating func hideNamedSecrets(_ incident: inout Incident) {
        for i in incident.facts.indices {
            let fact = incident.facts[i]
            guard SecretScanner.isSecretName(fact.name), !fact.value.isEmpty else { continue }
            incident.facts[i].value = Redaction.mark
            redaction.secretsReplaced += 1
        }
    }

    /// Whether the value of what is called so is to be hidden.
    package func isSecret(named name: String) -> Bool {
        redaction.mode != .none && SecretScanner.isSecretName(name)
    }

    /// A text that is no part of a report, with what the mode asks for replaced.
    package mutating func hidden(in text: String) -> String {
        redaction.mode == .none ? text : redact(text)
    }

    private mutating func redact(_ text: String) -> String {
        // Equal texts beyond ASCII may differ in their bytes.
        guard text.utf8.count > 15, text.isASCII else { return scanned(text) }
        if let known = known[text] {
            redaction.secretsReplaced += known.secrets
            redaction.addressesReplaced += known.addresses
            return known.text
        }
        let before = redaction
        let out = scanned(text)
        if known.count >= Self.knownLimit { known.removeAll(keepingCapacity: true) }
        known[text] = Known(
            text: out, secrets: redaction.secretsReplaced - before.secretsReplaced,
            addresses: redaction.addressesReplaced - before.addressesReplaced)
        return out
    }

    private mutating func scanned(_ text: String) -> String {
        var scanner = SecretScanner(text, hidesPaths: redaction.mode == .all)
        var out = scanner.redacted()
        redaction.secretsReplaced += scanner.count
        guard redaction.mode != .secrets else { return out }
        var addresses = AddressScanner(out)
        out = addresses.redacted(&pseudonyms)
        redaction.addressesReplaced += addresses.count
        return out
    }

    /// Names that only the report itself tells to be names: a host is just a word in a line.
    private mutating func learnNames(_ report: Report) {
        let instances = report.incidents.map(\.instance) + report.outlook.map(\.instance)
        for host in instances.compactMap(\.host) { pseudonyms.learn(host, as: .host) }
        guard redaction.mode == .all else { return }
        for name in instances.compactMap(\.container) { pseudonyms.learn(name, as: .container) }
        for name in instances.compactMap(\.unit) { pseudonyms.learn(name, as: .unit) }
    }
}

/// Names that stand for addresses: numbered in the order in which they were first met, or with a
/// key from the address itself.
struct Pseudonyms: Sendable {
    enum Kind: String, Sendable { case addr, host, container, unit }

    let key: PseudonymKey?
    private var names: [String: String] = [:]
    private var taken: Set<String> = []
    private var counts: [Kind: Int] = [:]
    /// Words to be replaced wherever they stand alone, longest first.
    private(set) var words: [[UInt8]] = []

    init(key: PseudonymKey? = nil) { self.key = key }

    mutating func name(for text: String, as kind: Kind) -> String {
        let text = text.lowercased()
        if let known = names[text] { return known }
        let name = "\(kind.rawValue)-\(distinguisher(of: text, kind))"
        names[text] = name
        return name
    }

    private mutating func distinguisher(of text: String, _ kind: Kind) -> String {
        guard let key else {
            let number = (counts[kind] ?? 0) + 1
            counts[kind] = number
            return String(number)
        }
        var attempt = 0
        var word = key.name(for: text, attempt: attempt)
        while !taken.insert(word).inserted {
            attempt += 1
            word = key.name(for: text, attempt: attempt)
        }
        return word
    }

    mutating func learn(_ text: String, as kind: Kind) {
        guard text.utf8.count > 1, names[text.lowercased()] == nil, !Address.isHarmless(text) else {
            return
        }
        _ = name(for: text, as: Address.isIP(text) ? .addr : kind)
        words.append(Array(text.utf8))
        words.sort { $0.count > $1.count }
    }
}
