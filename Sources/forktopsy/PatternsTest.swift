// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import JSON
internal import Matching
internal import Model
internal import Reading
internal import Reports

struct PatternsTest: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Say of each line of a file what it is taken for, and why not.")

    @Argument(help: "Files, or - for standard input.")
    var files: [String]

    @Option(help: "text, or json: one object a line.")
    var format: String = "text"

    @OptionGroup var source: CatalogueOption

    func run() throws {
        guard format == "text" || format == "json" else {
            throw Failure("no format \"\(format)\"; there are text and json")
        }
        let catalogue = try source.catalogue()
        for file in files { try test(file, catalogue) }
    }

    private func test(_ file: String, _ catalogue: Catalogue) throws {
        let bench = Workbench(catalogue: catalogue, header: exampleRecord)
        var matcher = Matcher(catalogue)
        var second = Matcher(catalogue)
        let asJSON = format == "json"
        do {
            try InputReader.read(path: file, name: file) { _, run in
                _ = run { place, line, message, _ in
                    let hit = Extractor.match(
                        &matcher, line, message, place.classified, patterns: catalogue.patterns)
                    var tested = TestedLine(place: place, line: text(line))
                    if let hit {
                        tested.pattern = catalogue.patterns[hit.pattern]
                        tested.captures = captures(
                            catalogue.patterns[hit.pattern], matcher.captures,
                            hit.isInLine ? line : message)
                    } else if !asJSON {
                        tested.nearest =
                            bench.test(line: Array(tested.line.utf8), with: &second).nearest
                    }
                    _ = writeAll(asJSON ? tested.json : tested.text, to: 1)
                }
            }
        } catch {
            throw Failure("\(file): \(error.reason)")
        }
    }

    private func captures(
        _ pattern: PatternInfo, _ bounds: [Int32], _ bytes: Span<UInt8>
    ) -> [Capture] {
        var out: [Capture] = []
        for (i, slot) in pattern.captures.enumerated() {
            let (low, high) = (Int(bounds[2 * i]), Int(bounds[2 * i + 1]))
            guard low >= 0, high >= low, high <= bytes.count else { continue }
            out.append(Capture(name: slot.name, text: forktopsy.text(bytes.extracting(low..<high))))
        }
        return out
    }
}

/// One line and what it was taken for.
private struct TestedLine {
    var place: RecordPlace
    var line: String
    var pattern: PatternInfo?
    var captures: [Capture] = []
    /// The pattern that came closest, where none matched.
    var nearest: HowFar?

    /// `{"line":…,"record":…,"pattern":…,"event":…,"captures":…}`
    var json: String {
        let value = JSONValue.object([
            JSONMember("line", JSONValue(line)),
            JSONMember("record", record),
            JSONMember("pattern", JSONValue(pattern?.id)),
            JSONMember("event", JSONValue(pattern?.kind.rawValue)),
            JSONMember(
                "captures", .object(captures.map { JSONMember($0.name, JSONValue($0.text)) })),
        ])
        return value.rendered(pretty: false) + "\n"
    }

    private var record: JSONValue {
        let header = place.classified.header
        guard place.classified.isRecord else { return .null }
        let at =
            header.stamp.isKnownInstant
            ? Timestamp(nanoseconds: header.stamp.nanoseconds).rfc3339 : local
        return .object([
            JSONMember("product", JSONValue(product)),
            JSONMember("pid", header.pid == 0 ? .null : JSONValue(Int(header.pid))),
            JSONMember("role", JSONValue(header.role == .unknown ? nil : header.role.name)),
            JSONMember("level", JSONValue(header.level == .unknown ? nil : header.level.name)),
            JSONMember("at", JSONValue(at)),
        ])
    }

    /// A stamp without a zone, as it is written; nothing where the year is missing too.
    private var local: String? {
        let stamp = place.classified.header.stamp
        guard stamp.form == .local else { return nil }
        let time = CivilTime(timestamp: Timestamp(nanoseconds: stamp.nanoseconds))
        return "\(time.date)T\(time.clock)"
    }

    /// What the form of the header alone tells; most products share theirs.
    private var product: String? {
        switch place.classified.header.form {
        case .threadRole: "keydb"
        case .roleISO8601, .roleMilliseconds, .logfmt, .json: "valkey"
        case .glog: "dragonfly"
        case .kernel: "kernel"
        default: nil
        }
    }

    var text: String {
        let head = "\(place.line): \(line)\n"
        if let pattern {
            let values = captures.map { "  \($0.name)=\($0.text)" }.joined()
            return head + "    \(pattern.kind.rawValue)  \(pattern.id)\(values)\n"
        }
        guard let nearest else { return head + "    no pattern\n" }
        return head + "    no pattern; the nearest is \(nearest.id):\n"
            + nearest.excerpt.map { "        \($0)\n" }.joined()
    }
}

private func text(_ bytes: Span<UInt8>) -> String {
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count)
    for i in 0..<bytes.count { out.append(bytes[i]) }
    return String(decoding: out, as: UTF8.self)
}
