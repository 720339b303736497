// SPDX-License-Identifier: Apache-2.0

internal import Model

/// A chart as SVG within a page: memory above, what lasted below it, what happened as marks that
/// reach through both, all on one time axis. Colours come from the page's style.
struct ChartDrawing {
    private let chart: Chart
    private let id: String
    private let scale: ByteScale

    // In units of the drawing, which is as wide as the text of the page.
    private static let width = 960.0
    private static let left = 84.0
    private static let right = 24.0
    private static let top = 16.0
    private static let rowHeight = 26.0
    private static let axisHeight = 34.0

    init(_ chart: Chart, id: String) {
        self.chart = chart
        self.id = id
        scale = ByteScale(top: chart.series.flatMap(\.points).map(\.bytes).max() ?? 0)
    }

    private var memoryHeight: Double { chart.series.isEmpty ? 0 : 220 }
    private var spansTop: Double { Self.top + memoryHeight + (memoryHeight > 0 ? 14 : 0) }
    private var marksTop: Double { spansTop + Double(chart.spans.count) * Self.rowHeight }
    private var axisTop: Double { marksTop + (chart.marks.isEmpty ? 0 : Self.rowHeight) + 4 }
    private var height: Double { axisTop + Self.axisHeight }

    var html: String {
        let parts = [grid, lines, spans, marks, axis].filter { !$0.isEmpty }
        let label = HTMLText.escaped(chart.title)
        return """
            <figure class="chart">
            <figcaption>\(label)</figcaption>
            <div class="scroll" tabindex="0">
            <svg viewBox="0 0 \(n(Self.width)) \(n(height))" role="img" \
            aria-labelledby="\(id)-title \(id)-text">
            <title id="\(id)-title">\(label)</title>
            <desc id="\(id)-text">\(HTMLText.escaped(description))</desc>
            \(parts.joined(separator: "\n"))
            </svg>
            </div>
            \(legend)</figure>
            """
    }

    /// The drawing in words, for those who do not see it.
    private var description: String {
        let series = chart.series.map { "\($0.name): \($0.ends)." }
        let spans = chart.spans.map { span in
            "\(span.label): \(spokenRange(span.from, span.to))\(span.isOpen ? ", no end in the data" : "")."
        }
        let marks = chart.marks.isEmpty ? [] : ["The marks are the events of the timeline."]
        return (series + spans + marks).joined(separator: " ")
    }

    private var legend: String {
        guard !chart.series.isEmpty else { return "" }
        let items = chart.series.enumerated().map { i, series in
            "<li><span class=\"swatch s\(i)\(series.isLimit ? " limit" : "")\"></span>"
                + "\(HTMLText.escaped(series.name)): \(series.ends)</li>"
        }
        return "<ul class=\"legend\">\(items.joined())</ul>\n"
    }
}

// MARK: - Memory

extension ChartDrawing {
    private func x(_ at: Timestamp) -> Double {
        Self.left + chart.position(of: at) * (Self.width - Self.left - Self.right)
    }

    private func y(_ bytes: Int64) -> Double {
        Self.top + memoryHeight * (1 - min(1, Double(bytes) / Double(scale.top)))
    }

    private var grid: String {
        guard !chart.series.isEmpty else { return "" }
        return scale.ticks.map { bytes in
            let y = n(self.y(bytes))
            return
                "<line class=\"grid\" x1=\"\(n(Self.left))\" x2=\"\(n(Self.width - Self.right))\" "
                + "y1=\"\(y)\" y2=\"\(y)\"/><text class=\"end\" x=\"\(n(Self.left - 8))\" "
                + "y=\"\(y)\" dy=\"4\">\(ByteCount(bytes: bytes).description)</text>"
        }.joined(separator: "\n")
    }

    private var lines: String {
        chart.series.enumerated().map { i, series in
            let style = "s\(i)\(series.isLimit ? " limit" : "")"
            var points = series.points.map { (x($0.at), y($0.bytes)) }
            // A limit holds beyond its samples; so does what was sampled once.
            if series.isLimit || points.count == 1, let first = points.first, let last = points.last
            {
                points = [(Self.left, first.1)] + points + [(Self.width - Self.right, last.1)]
                if !series.isLimit { points = [(first.0, first.1)] }
            }
            let path = points.map { "\(n($0.0)),\(n($0.1))" }.joined(separator: " ")
            let dots = series.isLimit ? [] : Array(series.points.prefix(400))
            return "<polyline class=\"\(style)\" points=\"\(path)\"/>"
                + dots.map { dot($0, of: series, style) }.joined()
        }.joined(separator: "\n")
    }

    private func dot(
        _ point: Chart.Series.Point, of series: Chart.Series, _ style: String
    ) -> String {
        let text = "\(series.name) \(ByteCount(bytes: point.bytes).description), \(point.at.spoken)"
        return "<circle class=\"\(style)\" cx=\"\(n(x(point.at)))\" cy=\"\(n(y(point.bytes)))\" "
            + "r=\"3\"><title>\(HTMLText.escaped(text))</title></circle>"
    }
}

// MARK: - What lasted, what happened

extension ChartDrawing {
    private var spans: String {
        chart.spans.enumerated().map { i, span in
            let y = spansTop + Double(i) * Self.rowHeight
            let (from, to) = (x(span.from), max(x(span.to), x(span.from) + 3))
            let text = span.label + (span.isOpen ? " (no end in the data)" : "")
            // Beside the bar on the side that has room.
            let isLate = from - Self.left > Self.width - Self.right - to
            let anchor = isLate ? "end" : "start"
            let at = isLate ? from - 6 : to + 6
            let isWide = to - from > 180
            let label =
                isWide
                ? "<text class=\"within\" x=\"\(n(from + 8))\" y=\"\(n(y + 15))\">\(text)</text>"
                : "<text class=\"\(anchor)\" x=\"\(n(at))\" y=\"\(n(y + 15))\">\(text)</text>"
            return "<rect class=\"span \(span.tone.rawValue)\" x=\"\(n(from))\" y=\"\(n(y))\" "
                + "width=\"\(n(to - from))\" height=\"20\" rx=\"3\">"
                + "<title>\(text), \(spokenRange(span.from, span.to))</title></rect>\(label)"
        }.joined(separator: "\n")
    }

    private var marks: String {
        chart.marks.map { mark in
            let x = n(self.x(mark.at))
            let y = marksTop + 12
            return "<line class=\"mark \(mark.tone.rawValue)\" x1=\"\(x)\" x2=\"\(x)\" "
                + "y1=\"\(n(Self.top))\" y2=\"\(n(y))\"/>"
                + "<circle class=\"mark \(mark.tone.rawValue)\" cx=\"\(x)\" cy=\"\(n(y))\" r=\"5\">"
                + "<title>\(HTMLText.escaped(mark.label)), \(mark.at.spoken)</title></circle>"
        }.joined(separator: "\n")
    }

    private var axis: String {
        let ticks = TimeTicks(from: chart.from, to: chart.to, count: 8)
        let y = n(axisTop)
        let rule =
            "<line class=\"axis\" x1=\"\(n(Self.left))\" x2=\"\(n(Self.width - Self.right))\" "
            + "y1=\"\(y)\" y2=\"\(y)\"/>"
        return rule
            + ticks.instants.map { at in
                let x = n(self.x(at))
                return "<line class=\"axis\" x1=\"\(x)\" x2=\"\(x)\" y1=\"\(y)\" "
                    + "y2=\"\(n(axisTop + 5))\"/><text class=\"middle\" x=\"\(x)\" "
                    + "y=\"\(n(axisTop + 20))\">\(ticks.label(at))</text>"
            }.joined()
    }

    /// A coordinate, to a tenth.
    private func n(_ value: Double) -> String { oneDecimal(value) }
}
