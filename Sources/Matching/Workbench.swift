// SPDX-License-Identifier: Apache-2.0

package import Model
package import PatternFiles

/// The tools of `forktopsy patterns`: proves pattern files, explains patterns, and shows why a line
/// matches or does not.
package struct Workbench {
    /// What a full log line is, as `Reading` understands it; nil for a line without a header.
    package typealias HeaderReader = ([UInt8]) -> ExampleRecord?

    let catalogue: Catalogue
    private let header: HeaderReader

    package init(catalogue: Catalogue, header: @escaping HeaderReader) {
        self.catalogue = catalogue
        self.header = header
    }

    /// The record of a line; one without a header is raw, and all of it is message.
    func record(_ line: [UInt8]) -> ExampleRecord {
        header(line) ?? ExampleRecord(scope: .raw, message: line)
    }
}

/// The part of a line that patterns are tried on.
package struct ExampleRecord: Hashable, Sendable {
    package var scope: PatternScope
    /// The message, unescaped where the header's form escapes it.
    package var message: [UInt8]

    package init(scope: PatternScope, message: [UInt8]) {
        self.scope = scope
        self.message = message
    }
}

/// What a line is taken for, and why not.
package struct LineVerdict: Sendable {
    package var record: ExampleRecord
    /// Index into the catalogue's patterns.
    package var pattern: Int?
    package var captures: [Capture]
    /// Where nothing matches: the pattern that came closest.
    package var nearest: HowFar?
}

// MARK: - Checking

extension Workbench {
    /// Everything that is wrong with pattern files, in the order of files and lines. They are
    /// held against the catalogue with these files in place.
    package func check(_ texts: [PatternText]) -> [Diagnostic] {
        var problems: [Diagnostic] = []
        var files: [PatternFile] = []
        for text in texts {
            let reading = PatternFile.read(text)
            problems += reading.problems
            guard var file = reading.file else { continue }
            do {
                file.definition = try file.compiledDefinition()
                if reading.problems.isEmpty { files.append(file) }
            } catch {
                // The decoder may have said already that groups and captures differ.
                if reading.problems.isEmpty { problems.append(error) }
            }
        }
        return problems + check(files)
    }

    /// Everything that is wrong with the patterns of the catalogue itself.
    package func check() -> [Diagnostic] {
        check(catalogue.patterns.indices.compactMap { catalogue.definition(at: $0) }.map(\.asFile))
    }

    private func check(_ files: [PatternFile]) -> [Diagnostic] {
        let known = files.allSatisfy { !$0.text.bytes.isEmpty } ? files.map(\.text) : []
        do {
            let all = try catalogue.adding(known)
            var prover = Prover(catalogue: all, workbench: self)
            return files.flatMap { prover.problems(of: $0) }
        } catch {
            return error.problems
        }
    }
}

extension PatternDefinition {
    /// A file that stands for a pattern whose text is not at hand.
    fileprivate var asFile: PatternFile {
        let name = String(id.map { $0 == "." ? "/" : $0 }) + ".toml"
        var file = PatternFile(
            text: PatternText(path: name, name: name, bytes: []), definition: self)
        file.places.matches = matches.map { _ in (.start, .start) }
        file.places.rejects = rejects.map { _ in .start }
        return file
    }
}

// MARK: - Testing lines

extension Workbench {
    /// What `line` is taken for; where it is nothing, the pattern that came closest.
    package func test(line: [UInt8], with matcher: inout Matcher) -> LineVerdict {
        let record = record(line)
        guard let pattern = matcher.match(record.message.span, scope: record.scope) else {
            return LineVerdict(record: record, pattern: nil, captures: [], nearest: nearest(record))
        }
        let bounds = matcher.captures
        var captures: [Capture] = []
        for (i, slot) in catalogue.patterns[pattern].captures.enumerated() {
            guard bounds[2 * i] >= 0 else { continue }
            let bytes = record.message[Int(bounds[2 * i])..<Int(bounds[2 * i + 1])]
            captures.append(Capture(name: slot.name, text: String(decoding: bytes, as: UTF8.self)))
        }
        return LineVerdict(record: record, pattern: pattern, captures: captures, nearest: nil)
    }

    /// How far the pattern `id` gets on `line`.
    package func howFar(id: String, line: [UInt8]) -> HowFar? {
        guard let index = catalogue.index(of: id) else { return nil }
        let entry = catalogue.entries[index]
        let message = entry.info.scope.isAny ? line : record(line).message
        return ProgressFinder.howFar(id: id, regex: entry.regex, message: message)
    }

    /// Of the patterns that begin like the message, the one whose regex gets furthest.
    private func nearest(_ record: ExampleRecord) -> HowFar? {
        let similar = catalogue.entries.indices.lazy
            .filter { record.scope.tries(catalogue.patterns[$0].scope) }
            .map { (index: $0, shared: sharedPrefix(record.message, $0)) }
            .filter { $0.shared >= Self.similarPrefix }
            .sorted { ($0.shared, $1.index) > ($1.shared, $0.index) }
        return similar.prefix(5)
            .map { entry in
                let pattern = catalogue.entries[entry.index]
                return ProgressFinder.howFar(
                    id: pattern.info.id, regex: pattern.regex, message: record.message)
            }
            .max { $0.messageOffset < $1.messageOffset }
    }

    /// Bytes that a message must share with a prefix to be called similar.
    private static let similarPrefix = 6

    private func sharedPrefix(_ message: [UInt8], _ pattern: Int) -> Int {
        let shared = catalogue.entries[pattern].plan.prefixes.map { prefix in
            zip(prefix, message).prefix { $0 == $1 }.count
        }
        return shared.max() ?? 0
    }
}
