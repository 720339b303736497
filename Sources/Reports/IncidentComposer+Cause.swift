// SPDX-License-Identifier: Apache-2.0

internal import Model

// MARK: - The cause, on the first screen

extension IncidentComposer {
    /// The cause that counts as the answer; the first of the best verdict, if it is good enough.
    var answer: Finding? {
        guard incident.verdict.state == .decided else { return nil }
        let answers = incident.causes.filter {
            $0.role == .primary && ($0.verdict == .confirmed || $0.verdict == .likely)
        }
        // Of forks that were refused after another failure the cause may be surer than that of the failure.
        return answers.first { incident.verdict.statement == $0.statement } ?? answers.first
    }

    var causeRows: [Definition] {
        var rows = [Definition(causeTerm, causeProse)]
        if let against = speaksAgainst { rows.append(Definition("Against", against)) }
        if let trigger = incident.trigger {
            let when = trigger.at.map { " (\($0.spoken))" } ?? ""
            rows.append(Definition("Just before", Prose([.text(trigger.statement + when)])))
        }
        return rows
    }

    var causeTerm: String {
        switch answer?.verdict {
        case .confirmed: "Cause"
        case .likely: "Likely cause"
        default: incident.verdict.state == .decided ? "Cause" : "Cause open"
        }
    }

    var causeProse: Prose {
        let statement = incident.verdict.statement
        var sentences = [
            Prose([.text(asSentence(statement.isEmpty ? answer?.statement ?? "" : statement))])
        ]
        if let answer {
            let grade = "\(answer.verdict.rawValue), confidence \(answer.confidence.rawValue)"
            sentences.append("(\(code: answer.id): \(grade))")
        } else if incident.verdict.state == .undecided {
            sentences.append(notDecided(betweenOfFirst))
        }
        if answer != nil, !rivals.isEmpty {
            sentences.append("Also possible: " + Prose.list(rivals) + ".")
        }
        sentences += ofRefusals
        return Prose.sentences(sentences)
    }

    /// The candidates for what failed first.
    var betweenOfFirst: [String] {
        let refusals = incident.verdict.betweenOfRefusals
        return incident.verdict.between.filter { !refusals.contains($0) }
    }

    /// What is said of forks that were refused after another failure.
    private var ofRefusals: [Prose] {
        let statement = incident.verdict.statementOfRefusals
        guard !statement.isEmpty else { return [] }
        let ids = incident.verdict.betweenOfRefusals
        return [Prose([.text(statement)])]
            + (ids.isEmpty ? [] : ["What refused them: " + notDecided(ids, "not decided")])
    }

    private func notDecided(_ ids: [String], _ words: String = "Not decided") -> Prose {
        guard let only = ids.first else { return "\(words)." }
        guard ids.count > 1 else { return "\(words): \(code: only) is possible." }
        return "\(words) between " + Prose.list(ids.map { Prose([.code($0)]) }) + "."
    }

    /// Other primary causes that are not ruled out.
    private var rivals: [Prose] {
        incident.causes.filter {
            $0.role == .primary && $0.id != answer?.id && $0.verdict != .ruled_out
                && !incident.verdict.betweenOfRefusals.contains($0.id)
        }.map { Prose([.code($0.id)]) }
    }

    private var speaksAgainst: Prose? {
        let statements = (answer?.evidence ?? []).filter { $0.direction == .against }.map(
            \.statement)
        guard !statements.isEmpty else { return nil }
        let shown = statements.prefix(2).map { Prose([.text(asSentence($0))]) }
        let rest = statements.count - shown.count
        return Prose.sentences(shown + (rest > 0 ? ["\(rest) more below."] : []))
    }
}

/// `text` with a capital first and a full stop last, unless it has them already.
func asSentence(_ text: String) -> String {
    guard let first = text.first, let last = text.last else { return "" }
    // A name keeps its case: "vm.overcommit_memory …", "smaps' flags …".
    let word = text.prefix { $0 != " " }
    let isCommand = text.dropFirst(word.count).hasPrefix(" -")
    let isName =
        isCommand || word.contains { "._/-`()'".contains($0) } || word.contains(where: \.isNumber)
        || programs.contains(String(word))
    let begun = isName ? text : first.uppercased() + text.dropFirst()
    // A remark in brackets that is a sentence of its own has its stop already.
    let isEnded = [".", "?", ":"].contains(last) || text.hasSuffix(".)")
    return isEnded ? begun : begun + "."
}

/// Programs whose names are no words of English: a sentence that begins with one shows a command.
private let programs: Set<String> = [
    "sysctl", "sudo", "grep", "df", "ls", "ps", "findmnt", "dmesg", "journalctl", "systemctl",
    "docker", "podman", "kubectl", "crictl", "prlimit", "ulimit", "swapon", "swapoff", "getenforce",
    "ausearch",
]

// MARK: - Do this now

extension IncidentComposer {
    /// The one step for now: the first remedy of the answer, or the command that decides.
    var step: Step {
        if let remedy = remedies(of: answer).first { return .remedy(remedy) }
        if let remedy = decidingRemedy { return .remedy(remedy) }
        if let command = incident.verdict.nextCommand, !command.isEmpty { return .decide(command) }
        let open = incident.causes.filter { $0.verdict != .ruled_out }
        if let missing = open.flatMap(\.missing).first(where: { !$0.command.isEmpty }) {
            return .find(missing)
        }
        return .nothing
    }

    /// While the cause is open: the step that runs the deciding command, with its check and its
    /// way back.
    private var decidingRemedy: Remedy? {
        guard incident.verdict.state == .undecided, let command = incident.verdict.nextCommand
        else { return nil }
        return incident.causes.lazy.flatMap(\.remedies).first { $0.command == command }
    }

    enum Step {
        case remedy(Remedy)
        case decide(String)
        case find(MissingFact)
        case nothing
    }

    func remedies(of cause: Finding?) -> [Remedy] {
        (cause?.remedies ?? []).sorted { $0.order < $1.order }
    }

    var actionSection: Section? {
        guard detail.brevity < .headline else { return nil }
        let blocks: [Block] =
            switch step {
            case .remedy(let remedy) where detail.brevity >= .command && !remedy.command.isEmpty:
                [
                    .paragraph(Prose([.text(asSentence(remedy.text))])),
                    .code(CodeBlock(remedy.command, language: .shell)),
                ]
            case .remedy(let remedy) where remedy.command == incident.verdict.nextCommand:
                [.paragraph("The cause is not decided; what this prints decides it.")]
                    + remedy.blocks(toldAt: told.numberForNow(remedy))
            case .remedy(let remedy): remedy.blocks(toldAt: told.numberForNow(remedy))
            case .decide(let command):
                [
                    .paragraph(
                        command.hasPrefix("forktopsy collect")
                            ? "What was given points to no cause. This gathers what may, on the "
                                + "host in question; give its archive to analyze together with "
                                + "these inputs:"
                            : "The cause is not certain. Run this; its output decides:"),
                    .code(CodeBlock(command, language: .shell)),
                ]
            case .find(let missing):
                [
                    .paragraph(
                        Prose([
                            .text(
                                "Find out: " + asSentence(missing.what) + " "
                                    + asSentence(missing.why))
                        ])),
                    .code(CodeBlock(missing.command, language: .shell)),
                ]
            case .nothing: []
            }
        return blocks.isEmpty ? nil : Section("Do this now", worth: .head, blocks)
    }

    /// The remedies that the first screen does not show, of every cause that is not ruled out.
    func furtherRemedies(of cause: Finding) -> [Remedy] {
        guard case .remedy(let shown) = step else { return remedies(of: cause) }
        return remedies(of: cause).filter { $0 != shown }
    }
}

extension Remedy {
    /// The check before, the command, what to expect, how to take it back, and the catch.
    var blocks: [Block] {
        let changes = !rollback.hasPrefix("Nothing to take back")
        let run =
            permanent
            ? "Run (lasts beyond a reboot)"
            : changes ? "Run (does not outlive a reboot)" : "Run (only reads)"
        let steps = [
            Self.step("Check before", precheck), Self.step(run, command, isCommand: true),
            Self.step("Expect", expect), Self.step("To take it back", rollback),
        ].compactMap { $0 }
        var blocks: [Block] = [.paragraph(Prose([.text(asSentence(text))]))]
        if !steps.isEmpty { blocks.append(.list(steps, ordered: true)) }
        if !caveat.isEmpty {
            blocks.append(.note(Note(.warning, Prose([.text(asSentence(caveat))]))))
        }
        return blocks
    }

    /// A sentence after its label, or a command below it.
    private static func step(_ label: String, _ text: String, isCommand: Bool? = nil) -> [Block]? {
        guard !text.isEmpty else { return nil }
        let label: Prose = "\(strong: label + ":")"
        guard isCommand ?? looksLikeCommand(text) else {
            return [.paragraph(label + " " + Prose([.text(asSentence(text))]))]
        }
        return [.paragraph(label), .code(CodeBlock(text, language: .shell))]
    }

    /// Whether a text is a bare command, by its first word.
    private static func looksLikeCommand(_ text: String) -> Bool {
        let word = String(text.prefix { $0 != " " })
        return !text.contains("`") && !text.hasSuffix(".")
            && (commandWords.contains(word) || word.contains("=$("))
    }

    private static let commandWords: Set<String> = [
        "redis-cli", "valkey-cli", "keydb-cli", "sysctl", "sudo", "cat", "grep", "free", "df", "ls",
        "ps", "echo", "find", "findmnt", "mount", "stat", "id", "ss", "dmesg", "journalctl",
        "systemctl", "docker", "podman", "kubectl", "crictl", "prlimit", "ulimit", "swapon",
        "swapoff", "getenforce", "ausearch", "tee", "awk", "for", "cd", "rm", "mv", "test",
    ]
}
