// SPDX-License-Identifier: Apache-2.0

internal import Model

// MARK: - Evidence

extension IncidentComposer {
    var evidenceSection: Section? {
        var sections = incident.causes.map { Block.section(section(of: $0, parts: .all)) }
        if let trigger = incident.trigger, !trigger.evidence.isEmpty {
            sections.append(
                .section(
                    Section(
                        "What changed just before", worth: .evidence,
                        [.paragraph(Prose([.text(asSentence(trigger.statement))]))]
                            + list(trigger.evidence))))
        }
        return sections.isEmpty ? nil : Section("Evidence", worth: .evidence, sections)
    }

    /// Which parts of a cause a section holds, besides its claim, its arithmetic and its evidence.
    struct CauseParts: OptionSet {
        let rawValue: Int
        static let missing = CauseParts(rawValue: 1)
        static let remedies = CauseParts(rawValue: 2)
        static let all: CauseParts = [.missing, .remedies]
    }

    /// All that is known of a cause.
    func section(of cause: Finding, parts: CauseParts) -> Section {
        var blocks: [Block] = [.paragraph(Prose([.text(asSentence(cause.statement))]))]
        if !cause.arithmetic.isEmpty { blocks.append(.table(cause.arithmetic.table(shortNames))) }
        blocks += side(.for, of: cause, "For it:")
        blocks += side(.against, of: cause, "Against it:")
        if parts.contains(.missing), !cause.missing.isEmpty {
            blocks += [
                .paragraph("\(strong: "Not known:")"),
                .list(cause.missing.map(\.blocks), ordered: false),
            ]
        }
        let isWanted = parts.contains(.remedies) && cause.verdict != .ruled_out
        let further = isWanted ? furtherRemedies(of: cause) : []
        if !further.isEmpty {
            let title: Prose =
                cause.id == answer?.id ? "\(strong: "Then:")" : "\(strong: "If this is it:")"
            blocks += [
                .paragraph(title),
                .list(
                    further.map { $0.blocks(toldAt: told.numberForFurther($0)) }, ordered: true),
            ]
        }
        // Of what is only possible a high confidence would be misread.
        let isClaim = cause.verdict == .confirmed || cause.verdict == .likely
        let confidence = isClaim ? ", confidence \(cause.confidence.rawValue)" : ""
        return Section(
            "\(code: cause.id) \(cause.verdict.phrase(cause.role))\(confidence)",
            worth: cause.verdict == .ruled_out ? .detail : .evidence, isFolded: true, blocks)
    }

    private func side(
        _ direction: Evidence.Direction, of cause: Finding, _ label: String
    )
        -> [Block]
    {
        let evidence = cause.evidence.filter { $0.direction == direction }
        return evidence.isEmpty ? [] : [.paragraph("\(strong: label)")] + list(evidence)
    }

    func list(_ evidence: [Evidence]) -> [Block] {
        let shown = evidence.prefix(detail.evidence)
        var blocks: [Block] = [.list(folded(Array(shown)), ordered: false)]
        let rest = evidence.count - shown.count
        if rest > 0 {
            blocks.append(.leftOut("\(counted(rest, "more piece")) of evidence"))
        }
        return blocks
    }
}

extension IncidentComposer {
    /// An item for each claim: the first line that carries it, and where it stands again.
    private func folded(_ evidence: [Evidence]) -> [[Block]] {
        var items: [[Block]] = []
        var places: [String: (item: Int, again: [Prose])] = [:]
        for piece in evidence {
            guard piece.quote != nil, piece.value == nil else {
                items.append(piece.blocks(shortNames))
                continue
            }
            if var known = places[piece.statement] {
                known.again.append(piece.placeAndTime(shortNames))
                places[piece.statement] = known
            } else {
                places[piece.statement] = (items.count, [])
                items.append(piece.blocks(shortNames))
            }
        }
        for (item, again) in places.values where !again.isEmpty {
            items[item].append(
                .paragraph("Again: " + Prose.list(again) + "."))
        }
        return items
    }
}

extension SourceReference {
    /// The place by the name that its input has where room is short.
    func spoken(_ shortNames: [String: String]) -> String {
        shortNames[path].map { "\($0):\(line)" } ?? spoken
    }
}

extension Evidence {
    /// The line and the time, as a caption has them.
    func place(_ shortNames: [String: String]) -> String {
        [source?.spoken(shortNames), at?.spoken].compactMap(\.self).joined(separator: ", ")
    }

    /// The same within a sentence.
    func placeAndTime(_ shortNames: [String: String]) -> Prose {
        let time = at.map { Prose([.text($0.spoken)]) }
        guard let source else { return time ?? Prose() }
        let place = Prose([.code(source.spoken(shortNames))])
        return time.map { place + " (" + $0 + ")" } ?? place
    }

    /// The claim, and below it the raw line that carries it.
    func blocks(_ shortNames: [String: String] = [:]) -> [Block] {
        var claim = statement
        if let value { claim += " (\(value.spoken(unit: unit ?? "")))" }
        guard let quote else {
            let parts = [
                source.map { Prose([.code($0.spoken(shortNames))]) },
                at.map { Prose([.text($0.spoken)]) },
            ].compactMap(\.self)
            let suffix: Prose =
                parts.isEmpty
                ? Prose()
                : " (" + parts.dropFirst().reduce(parts[0]) { $0 + ", " + $1 } + ")"
            return [.paragraph(Prose([.text(claim)]) + suffix)]
        }
        return [
            .paragraph(Prose([.text(claim + (claim.hasSuffix(":") ? "" : ":"))])),
            .code(CodeBlock(quote, caption: place(shortNames), place: source?.place)),
        ]
    }
}

extension MissingFact {
    /// What is not known and why it matters, and below it the command that tells.
    var blocks: [Block] {
        let claim = Prose([
            .text([what, why].filter { !$0.isEmpty }.map(asSentence).joined(separator: " "))
        ])
        return command.isEmpty
            ? [.paragraph(claim)]
            : [.paragraph(claim), .code(CodeBlock(command, language: .shell))]
    }
}

extension [Quantity] {
    fileprivate func table(_ shortNames: [String: String]) -> Table {
        Table(
            columns: [
                Table.Column("quantity"), Table.Column("value", isNumeric: true),
                Table.Column("source"),
            ],
            rows: map { [$0.name, $0.value.spoken(unit: $0.unit), $0.source(shortNames)] })
    }
}

extension Quantity {
    /// Where it is from, with the short names of the inputs that it names.
    fileprivate func source(_ shortNames: [String: String]) -> String {
        source.split(separator: " ", omittingEmptySubsequences: false).map { word in
            guard let colon = word.lastIndex(of: ":"),
                let short = shortNames[String(word[..<colon])]
            else { return String(word) }
            return short + word[colon...]
        }.joined(separator: " ")
    }
}

extension Double {
    /// The number with its unit; bytes also in a unit for people.
    func spoken(unit: String) -> String {
        let number = self == rounded() && abs(self) < 1e15 ? grouped(Int(self)) : description
        guard unit == "bytes" || unit == "B" else {
            return unit.isEmpty || unit == "count" ? number : "\(number) \(unit)"
        }
        guard abs(self) >= 1024, abs(self) < 1e18 else { return "\(number) bytes" }
        return "\(number) bytes, \(ByteCount(bytes: Int64(self)).description)"
    }
}

// MARK: - Counts, facts, memory

extension IncidentComposer {
    var countsSection: Section? {
        var blocks: [Block] = [.definitions(counts)]
        if !incident.facts.isEmpty {
            blocks.append(
                .section(Section("Facts", worth: .detail, facts)))
        }
        if !incident.memory.isEmpty {
            blocks.append(.section(Section("Memory", worth: .detail, isFolded: true, memory)))
        }
        return Section("Counts and facts", worth: .detail, isFolded: true, blocks)
    }

    /// Facts that were read at one time together, below what is said of that time once.
    private var facts: [Block] {
        var order: [String] = []
        var groups: [String: [Definition]] = [:]
        for fact in incident.facts {
            let when = [fact.reach, fact.at?.spoken].compactMap(\.self).filter { !$0.isEmpty }
                .joined(separator: ", ")
            if groups[when] == nil { order.append(when) }
            groups[when, default: []].append(fact.row(shortNames))
        }
        return order.flatMap { when -> [Block] in
            let title: [Block] =
                when.isEmpty ? [] : [.paragraph(Prose([.text(asTitle(when))]))]
            return title + [.definitions(groups[when] ?? [])]
        }
    }

    private func asTitle(_ when: String) -> String {
        when.prefix(1).uppercased() + when.dropFirst() + ":"
    }

    private var counts: [Definition] {
        var rows = [Definition("Incident", identity)]
        rows.append(Definition("Instance", incident.instance.prose))
        if !incident.failures.operations.isEmpty {
            rows.append(Definition("By operation", incident.failures.operations.prose))
        }
        if !incident.failures.errnos.isEmpty {
            rows.append(Definition("By errno", incident.failures.errnos.prose))
        }
        rows.append(Definition("Saves", incident.persistence.saves.prose))
        return rows
    }

    var identity: Prose {
        var parts: [Prose] = ["\(code: incident.id)", Prose([.text(incident.severity.rawValue)])]
        if !incident.supersedes.isEmpty {
            parts.append("supersedes " + Prose.list(incident.supersedes.map { Prose([.code($0)]) }))
        }
        if !incident.related.isEmpty {
            parts.append("related to " + Prose.list(incident.related.map { Prose([.code($0)]) }))
        }
        return parts.filter { !$0.isEmpty }.reduce(Prose()) { $0.isEmpty ? $1 : $0 + ", " + $1 }
    }

    private var memory: [Block] {
        let shown = WorthSelection(incident.memory.map { _ in 0 }, limit: detail.memory).indices
        let rows = shown.map { incident.memory[$0].row }
        let table = Table(
            columns: [Table.Column("time"), Table.Column("scope"), Table.Column("values")],
            rows: rows)
        let rest = incident.memory.count - shown.count
        return [.table(table)] + (rest > 0 ? [.leftOut(counted(rest, "more sample"))] : [])
    }
}

extension [NamedCount] {
    fileprivate var prose: Prose {
        Prose([.text(map { "\($0.name) \(grouped($0.count))" }.joined(separator: ", "))])
    }
}

extension Fact {
    fileprivate func row(_ shortNames: [String: String]) -> Definition {
        var text: Prose = "\(code: value)"
        if let source { text += " (\(source.spoken(shortNames)))" }
        return Definition(name, text)
    }
}

extension MemorySample {
    /// Quantities that are sizes; others are counts.
    private static let sizes: Set<String> = Set(
        [
            Measure.memTotal, .memAvailable, .memFree, .committedAS, .commitLimit, .swapTotal,
            .swapFree, .cgroupUsage, .cgroupLimit, .vmSize, .vmRSS, .vmData, .vmSwap,
            .privateDirty, .accounted, .usedMemory, .usedMemoryRSS, .maxmemory, .lastSaveCopied,
        ].map(\.name))

    /// `2,147,483,648 (2.0 GiB)` for a size, the bare number for a count.
    private static func spoken(_ name: String, _ value: Int64) -> String {
        let number = grouped(Int(clamping: value))
        guard sizes.contains(name), value >= 1024 else { return number }
        return "\(number) (\(ByteCount(bytes: value).description))"
    }

    fileprivate var row: [String] {
        let offset = offsetSeconds.map { "\($0 < 0 ? "" : "+")\(oneDecimal($0)) s" }
        let text = values.map { "\($0.name) \(Self.spoken($0.name, $0.value))" }
            .joined(separator: ", ")
        let whose = subject.map { "\(scope.rawValue) \($0)" } ?? scope.rawValue
        return [at?.spoken ?? offset ?? "no time", whose, text]
    }
}
