// SPDX-License-Identifier: Apache-2.0

internal import Model

extension Document {
    /// The document with every statement, quote and cell cut to `limit` characters, for targets
    /// with next to no room. Commands are never cut: one that is too long is left out, and said.
    func shortened(to limit: Int) -> Document {
        Document(
            toolVersion: toolVersion, title: title.cut(to: limit * 2),
            blocks: blocks.map { $0.shortened(to: limit) })
    }
}

extension Block {
    fileprivate func shortened(to limit: Int) -> Block {
        switch self {
        case .section(var section):
            section.title = section.title.cut(to: limit)
            section.blocks = section.blocks.map { $0.shortened(to: limit) }
            return .section(section)
        case .paragraph(let prose): return .paragraph(prose.cut(to: limit))
        case .list(let items, let ordered):
            return .list(items.map { $0.map { $0.shortened(to: limit) } }, ordered: ordered)
        case .definitions(let rows):
            return .definitions(
                rows.map {
                    Definition(
                        Literal.cut($0.term, to: limit), $0.text.cut(to: limit), tone: $0.tone)
                })
        case .table(var table):
            table.rows = table.rows.map { $0.map { Literal.cut($0, to: limit) } }
            return .table(table)
        case .code(let code): return code.shortened(to: limit)
        case .note(let note): return .note(Note(note.level, note.text.cut(to: max(limit, 200))))
        case .timeline(let timeline): return .timeline(timeline.shortened(to: limit))
        case .chart: return self
        }
    }
}

extension CodeBlock {
    fileprivate func shortened(to limit: Int) -> Block {
        guard text.count > limit else { return .code(self) }
        if language == .shell, text.count > 2 * limit {
            return .leftOut("A command of \(counted(text.count, "character"))")
        }
        guard language != .shell else { return .code(self) }
        var copy = self
        copy.caption = Literal.cut(caption, to: limit)
        copy.text = Literal.cut(Literal.line(text), to: limit)
        return .code(copy)
    }
}

extension Timeline {
    fileprivate func shortened(to limit: Int) -> Timeline {
        var copy = self
        copy.rows = rows.map { row in
            guard case .entry(var entry) = row else { return row }
            entry.text = entry.text.cut(to: limit)
            entry.quote = entry.quote.map { Literal.cut($0, to: limit) }
            entry.source = entry.source.map { Literal.cut($0, to: limit) }
            entry.local = entry.local.map { Literal.cut($0, to: limit) }
            return .entry(entry)
        }
        return copy
    }
}

extension Prose {
    /// The first `limit` columns; `…` where something is missing.
    func cut(to limit: Int) -> Prose {
        guard Literal.width(plain) > limit else { return self }
        var left = limit
        var out = Prose()
        for run in runs {
            let width = Literal.width(run.plain)
            if width > left {
                out.runs.append(run.cut(to: max(left, 2)))
                return out
            }
            out.runs.append(run)
            left -= width
        }
        return out
    }
}

extension Inline {
    fileprivate func cut(to limit: Int) -> Inline {
        switch self {
        case .text(let text): .text(Literal.cut(text, to: limit))
        case .strong(let text, let tone): .strong(Literal.cut(text, to: limit), tone)
        case .code(let text): .code(Literal.cut(text, to: limit))
        case .link(let text, let address): .link(Literal.cut(text, to: limit), to: address)
        }
    }
}
