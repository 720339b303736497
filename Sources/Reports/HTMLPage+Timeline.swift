// SPDX-License-Identifier: Apache-2.0

internal import Model

// MARK: - The timeline, with its filter

extension HTMLPage {
    /// A list in order of time; boxes above it show and hide events by what they mean.
    mutating func html(_ timeline: Timeline) -> String {
        let tones = Self.filters.filter { filter in
            timeline.rows.contains { $0.tone == filter.tone }
        }
        var boxes: [String] = []
        for filter in tones where tones.count > 1 {
            let id = self.id("show")
            let count = timeline.rows.count { $0.tone == filter.tone }
            boxes.append(
                "<input type=\"checkbox\" class=\"show-\(filter.tone.rawValue)\" id=\"\(id)\" checked>"
                    + "<label for=\"\(id)\">\(filter.name) <span class=\"count\">\(grouped(count))"
                    + "</span></label>")
        }
        let rows = items(timeline).joined(separator: "\n")
        let label = boxes.isEmpty ? "" : "<span class=\"label\">Show</span>"
        return """
            <div class="timeline" role="group" aria-label="Timeline">
            \(label)\(boxes.joined(separator: "\n"))
            <ol class="events">
            \(rows)
            </ol>
            </div>
            """
    }

    private static let filters: [(tone: Tone, name: String)] = [
        (.failure, "failures"), (.warning, "warnings"), (.recovery, "recoveries"),
        (.plain, "everything else"),
    ]

    private func items(_ timeline: Timeline) -> [String] {
        var out: [String] = []
        var date: String?
        for row in timeline.rows {
            switch row {
            case .omitted(let count):
                let text = "… \(counted(count, "entry", "entries")) left out …"
                out.append("<li class=\"omitted\">\(text)</li>")
            case .entry(let entry):
                if let new = entry.date, new != date {
                    date = new
                    out.append("<li class=\"date\"><strong>\(new)</strong> (UTC)</li>")
                }
                out.append(item(entry, showsLocal: timeline.showsLocal))
            }
        }
        return out
    }

    private func item(_ entry: Timeline.Entry, showsLocal: Bool) -> String {
        var when = HTMLText.escaped(entry.clock ?? "no time")
        if let date = entry.date, let clock = entry.clock {
            when = "<time datetime=\"\(date)T\(clock)Z\">\(when)</time>"
        }
        if showsLocal, let local = entry.local {
            when += " <span class=\"local\">in the log \(HTMLText.escaped(local))</span>"
        }
        let label = entry.tone.label.map { "<span class=\"label\">\($0)</span> " } ?? ""
        var text = label + Self.inline(entry.text)
        if let source = entry.source { text += " " + self.source(source, entry.place) }
        if let quote = entry.quote {
            text += "<code class=\"line\">\(HTMLText.escaped(quote))</code>"
        }
        return "<li class=\"\(entry.tone.rawValue)\"><div class=\"when\">\(when)</div>"
            + "<div class=\"what\">\(text)</div></li>"
    }

    /// The name of the line; a link where the evidence quotes it.
    private func source(_ text: String, _ place: Place?) -> String {
        let text = HTMLText.escaped(text)
        guard let id = link(to: place) else { return "<span class=\"source\">\(text)</span>" }
        return "<a class=\"source\" href=\"#\(id)\">\(text)</a>"
    }
}

extension Timeline.Row {
    fileprivate var tone: Tone? {
        guard case .entry(let entry) = self else { return nil }
        return entry.tone == .muted ? .plain : entry.tone
    }
}
