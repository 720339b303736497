// SPDX-License-Identifier: Apache-2.0

internal import Model
internal import PCRE2
internal import PatternFiles

/// Holds pattern files to every rule of the catalogue.
struct Prover: ~Copyable {
    private let catalogue: Catalogue
    private let workbench: Workbench
    private var matcher: Matcher
    private var data = MatchData()
    /// The catalogue's patterns, compiled; nil where a regex does not compile.
    private let compiled: [Proven?]

    /// A class because an array cannot hold noncopyable values.
    private final class Proven {
        let pattern: Pattern
        init(_ regex: String) throws(PatternError) { pattern = try Pattern(regex) }
    }

    init(catalogue: Catalogue, workbench: Workbench) {
        self.catalogue = catalogue
        self.workbench = workbench
        matcher = Matcher(catalogue)
        compiled = catalogue.entries.map { try? Proven($0.regex) }
    }

    /// What is wrong with `file`, in the order of its lines.
    mutating func problems(of file: PatternFile) -> [Diagnostic] {
        guard let index = catalogue.index(of: file.definition.id), let proven = compiled[index]
        else {
            return [file.text.problem("the regex does not compile", at: file.places.regex.start)]
        }
        var problems = file.formProblems + file.planProblems(catalogue.entries[index].plan)
        for i in file.definition.matches.indices {
            problems += matchProblems(file, i, proven, index)
        }
        for i in file.definition.rejects.indices {
            problems += rejectProblems(file, i, proven)
        }
        return problems.sorted { $0.position < $1.position }
    }
}

// MARK: - Rules of form

extension PatternFile {
    /// Rules that need no regex: a sentence, a source, an example of each kind.
    fileprivate var formProblems: [Diagnostic] {
        var problems: [Diagnostic] = []
        if !definition.means.hasSuffix(".") {
            problems.append(
                text.problem("'means' is a sentence with a full stop", at: places.means))
        }
        let missing = [
            ("source", definition.sources.isEmpty), ("match", definition.matches.isEmpty),
            ("reject", definition.rejects.isEmpty),
        ]
        for (key, isMissing) in missing where isMissing {
            problems.append(text.problem("there must be at least one [[\(key)]]", at: places.id))
        }
        for constant in definition.constants
        where definition.captures.contains(where: { $0.name == constant.name }) {
            problems.append(
                text.problem("'\(constant.name)' is both set and captured", at: places.regex.start))
        }
        return problems
    }

    /// Rules about the regex as it is written.
    fileprivate func planProblems(_ plan: SearchPlan) -> [Diagnostic] {
        if let problem = syntaxProblem { return [problem] }
        var problems: [Diagnostic] = []
        if !definition.scope.isAny, !plan.isAnchored {
            problems.append(problem("the regex must begin with '^'", inRegex: 0))
        }
        if !plan.hasUsefulPrefixes, plan.literals.isEmpty {
            problems.append(
                problem("no text stands in every match; state one as 'literal'", inRegex: 0))
        }
        if let literal = definition.literal, !SearchPlan(regex: definition.regex).literals.isEmpty {
            let message = "'literal' is needless: the regex shows its own, so remove '\(literal)'"
            problems.append(text.problem(message, at: places.literal))
        }
        let nested = (try? RegexParser.parse(definition.regex))?.nestedRepetition()
        if let nested {
            problems.append(
                problem(
                    "an unbounded repetition inside another can take exponential time",
                    inRegex: nested.range.lowerBound))
        }
        return problems
    }
}

// MARK: - Examples that must match

extension Prover {
    private mutating func matchProblems(
        _ file: PatternFile, _ i: Int, _ proven: Proven, _ index: Int
    ) -> [Diagnostic] {
        let place = file.places.matches[i].line
        let record = workbench.record(Array(file.definition.matches[i].line.utf8))
        let subject = subject(file, record, line: file.definition.matches[i].line)
        guard data.match(proven.pattern, in: subject.span) == .matched else {
            let far = ProgressFinder.howFar(
                id: file.definition.id, regex: file.definition.regex, message: subject)
            return [
                Diagnostic(
                    path: file.text.path, position: place,
                    message: "the regex does not match this example", excerpt: far.excerpt)
            ]
        }
        return captureProblems(file, i, subject)
            + scopeProblems(file, record, place)
            + rivalProblems(file, i, record, index)
            + literalProblems(file, subject, place)
            + costProblems(file, subject, place, proven)
    }

    /// `any` sees whole lines, everything else the message of a record.
    private func subject(_ file: PatternFile, _ record: ExampleRecord, line: String) -> [UInt8] {
        file.definition.scope.isAny ? Array(line.utf8) : record.message
    }

    private func captureProblems(
        _ file: PatternFile, _ i: Int, _ subject: [UInt8]
    ) -> [Diagnostic] {
        var found: [Capture] = []
        var problems: [Diagnostic] = []
        let place = file.places.matches[i].captures
        for (group, slot) in file.definition.captures.enumerated() {
            let (start, end) = data.bounds(ofGroup: group + 1)
            guard start >= 0 else { continue }
            let text = String(decoding: subject[Int(start)..<Int(end)], as: UTF8.self)
            found.append(Capture(name: slot.name, text: text))
            if !slot.type.accepts(text) {
                let message = "'\(slot.name)' is '\(text)', which is no \(slot.type.rawValue)"
                problems.append(file.text.problem(message, at: place))
            }
        }
        let expected = file.definition.matches[i].captures
        if Set(found) != Set(expected) {
            let message = "the captures are \(described(found)), expected \(described(expected))"
            problems.append(file.text.problem(message, at: place))
        }
        return problems
    }

    private func described(_ captures: [Capture]) -> String {
        let parts = captures.sorted { $0.name < $1.name }.map { "\($0.name) = '\($0.text)'" }
        return parts.isEmpty ? "none" : parts.joined(separator: ", ")
    }

    private func scopeProblems(
        _ file: PatternFile, _ record: ExampleRecord, _ place: FilePosition
    ) -> [Diagnostic] {
        let scope = file.definition.scope
        if scope.isAny || record.scope.tries(scope) { return [] }
        let message =
            "this line is read as a \(record.scope.rawValue) record, and the pattern is tried on "
            + "\(scope.rawValue) records"
        return [file.text.problem(message, at: place)]
    }

    /// Patterns are disjoint: no example of one matches another.
    private mutating func rivalProblems(
        _ file: PatternFile, _ i: Int, _ record: ExampleRecord, _ index: Int
    ) -> [Diagnostic] {
        let line = Array(file.definition.matches[i].line.utf8)
        let place = file.places.matches[i].line
        var problems: [Diagnostic] = []
        for (other, info) in catalogue.patterns.enumerated() where other != index {
            let isAny = info.scope.isAny
            guard isAny || record.scope.tries(info.scope), let rival = compiled[other] else {
                continue
            }
            let subject = isAny ? line : record.message
            guard data.match(rival.pattern, in: subject.span) == .matched else { continue }
            problems.append(file.text.problem("this example also matches \(info.id)", at: place))
        }
        let scope = file.definition.scope.isAny ? PatternScope.any : record.scope
        let subject = subject(file, record, line: file.definition.matches[i].line)
        if problems.isEmpty, scope.tries(file.definition.scope),
            matcher.match(subject.span, scope: scope) != index
        {
            problems.append(
                file.text.problem("the prefilter turns this example away: a defect", at: place))
        }
        return problems
    }

    private func literalProblems(
        _ file: PatternFile, _ subject: [UInt8], _ place: FilePosition
    ) -> [Diagnostic] {
        guard let literal = file.definition.literal else { return [] }
        let text = String(decoding: subject, as: UTF8.self)
        if text.contains(literal) { return [] }
        return [file.text.problem("this example does not hold the literal '\(literal)'", at: place)]
    }

    /// The example with its tail, and with each half, repeated to the length at which servers cut
    /// their messages: it may match or not, but not run into the limits.
    private mutating func costProblems(
        _ file: PatternFile, _ subject: [UInt8], _ place: FilePosition, _ proven: Proven
    ) -> [Diagnostic] {
        let half = subject.count / 2
        let tails = [Array(subject.suffix(1)), Array(subject[half...]), Array(subject[..<half])]
        for tail in tails where !tail.isEmpty {
            let times = max(1, 1023 / tail.count)
            let pumped = subject + Array(repeatElement(tail, count: times).joined()) + [0x01]
            if case .limitHit(let limit) = data.match(proven.pattern, in: pumped.span) {
                let message = "a longer form of this example exceeds the \(limit.rawValue) limit"
                return [file.text.problem(message, at: place)]
            }
        }
        return []
    }
}

// MARK: - Examples that must not match

extension Prover {
    private mutating func rejectProblems(
        _ file: PatternFile, _ i: Int, _ proven: Proven
    ) -> [Diagnostic] {
        let example = file.definition.rejects[i]
        let record = workbench.record(Array(example.line.utf8))
        let subject = subject(file, record, line: example.line)
        guard data.match(proven.pattern, in: subject.span) == .matched else { return [] }
        let message = "the regex matches this line, which it should reject: \(example.why)"
        return [file.text.problem(message, at: file.places.rejects[i])]
    }
}

extension PatternScope {
    /// Whether patterns of this scope see whole lines. (`==` of a raw-valued enum compares texts.)
    var isAny: Bool {
        if case .any = self { true } else { false }
    }
}

// MARK: - Types of captures

extension CaptureType {
    /// Whether `text` is what the type promises. Texts of errors, paths and addresses are free.
    package func accepts(_ text: String) -> Bool {
        switch self {
        case .int, .pid, .signal, .bytes, .kib, .usec, .minutes, .port: Int(text) != nil
        case .mib, .seconds, .percent: Double(text) != nil
        case .text: true
        case .errno, .version, .path, .address: !text.isEmpty
        }
    }
}
