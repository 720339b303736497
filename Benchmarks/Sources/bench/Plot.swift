// SPDX-License-Identifier: Apache-2.0
internal import Foundation

/// A picture of some curves: a panel each, both axes logarithmic, as SVG.
struct Plot {
    struct Point {
        let x: Double
        let y: Double
    }

    struct Panel {
        let title: String
        let xLabel: String
        let yLabel: String
        let points: [Point]
        /// Draws the line through the first point along which the time grows as `x` does.
        var hasGuide = true
        /// Where both axes count from zero.
        var isLinear = false
    }

    let panels: [Panel]
    private let width = 300.0
    private let height = 220.0

    init(_ panels: [Panel]) { self.panels = panels }

    var svg: String {
        let columns = min(3, panels.count)
        let rows = (panels.count + columns - 1) / columns
        let (w, h) = (Int(width) * columns, Int(height) * rows)
        var out = """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(w) \(h)" width="\(w)" \
            height="\(h)" font-family="sans-serif" font-size="11">
            <rect width="100%" height="100%" fill="white"/>

            """
        for (place, panel) in panels.enumerated() {
            let (x, y) = (Double(place % columns) * width, Double(place / columns) * height)
            out += "<g transform=\"translate(\(Int(x)) \(Int(y)))\">\n" + draw(panel) + "</g>\n"
        }
        return out + "</svg>\n"
    }

    private func draw(_ panel: Panel) -> String {
        let points = panel.points.filter { panel.isLinear || ($0.x > 0 && $0.y > 0) }
        guard let first = points.first, points.count > 1 else { return "" }
        let scale: (Double) -> Double = { panel.isLinear ? $0 : log10($0) }
        let origin = panel.isLinear ? 0 : nil as Double?
        let xs = Axis(
            points.map { scale($0.x) }, from: origin, on: Stretch(from: 52, to: width - 14))
        let ys = Axis(
            points.map { scale($0.y) }, from: origin, on: Stretch(from: height - 44, to: 30))
        var out = text(panel.title, x: width / 2, y: 16, "middle", bold: true)
        out += text(panel.xLabel, x: width / 2 + 20, y: height - 8, "middle")
        out += text(panel.yLabel, x: 8, y: 28, "start")
        let (bottom, top) = (height - 44, 30.0)
        for tick in xs.ticks(panel.isLinear) {
            let x = xs.place(tick)
            out += line(x, bottom, x, top, "#ddd")
            out += text(label(tick, panel.isLinear), x: x, y: bottom + 14, "middle")
        }
        for tick in ys.ticks(panel.isLinear) {
            let y = ys.place(tick)
            out += line(52, y, width - 14, y, "#ddd")
            out += text(label(tick, panel.isLinear), x: 48, y: y + 4, "end")
        }
        if panel.hasGuide, !panel.isLinear {
            // A line of slope one, as far as the panel goes.
            let room = min(
                xs.range.upperBound - scale(first.x), ys.range.upperBound - scale(first.y))
            out += line(
                xs.place(scale(first.x)), ys.place(scale(first.y)),
                xs.place(scale(first.x) + room), ys.place(scale(first.y) + room), "#c60",
                dashed: true)
        }
        let path = points.map {
            "\(short(xs.place(scale($0.x)))),\(short(ys.place(scale($0.y))))"
        }
        out += "<polyline points=\"\(path.joined(separator: " "))\" fill=\"none\" "
        out += "stroke=\"#157\" stroke-width=\"1.5\"/>\n"
        guard points.count <= 40 else { return out }
        for point in points {
            out += "<circle cx=\"\(short(xs.place(scale(point.x))))\" "
            out += "cy=\"\(short(ys.place(scale(point.y))))\" r=\"2.5\" fill=\"#157\"/>\n"
        }
        return out
    }

    private func label(_ tick: Double, _ isLinear: Bool) -> String {
        let value = isLinear ? tick : pow(10, tick)
        if value >= 1_000_000 { return "\(Int(value / 1_000_000))M" }
        if value >= 10_000 { return "\(Int(value / 1000))k" }
        if value >= 1 || value == 0 { return String(Int(value)) }
        return String(format: "%g", value)
    }

    private func line(
        _ x: Double, _ y: Double, _ toX: Double, _ toY: Double, _ colour: String,
        dashed: Bool = false
    ) -> String {
        "<line x1=\"\(short(x))\" y1=\"\(short(y))\" x2=\"\(short(toX))\" y2=\"\(short(toY))\" "
            + "stroke=\"\(colour)\"\(dashed ? " stroke-dasharray=\"4 3\"" : "")/>\n"
    }

    private func text(
        _ words: String, x: Double, y: Double, _ anchor: String, bold: Bool = false
    ) -> String {
        "<text x=\"\(short(x))\" y=\"\(short(y))\" text-anchor=\"\(anchor)\""
            + "\(bold ? " font-weight=\"bold\"" : "")>\(words)</text>\n"
    }
}

/// Maps figures to a stretch of the picture, which may run upwards.
private struct Axis {
    let range: ClosedRange<Double>
    private let from: Double
    private let to: Double

    init(_ values: [Double], from origin: Double?, on stretch: Stretch) {
        let (least, largest) = (values.min() ?? 0, values.max() ?? 1)
        let margin = max((largest - least) * 0.06, 0.05)
        range = (origin ?? (least - margin))...(largest + margin)
        (from, to) = (stretch.from, stretch.to)
    }

    func place(_ value: Double) -> Double {
        from + (value - range.lowerBound) / (range.upperBound - range.lowerBound) * (to - from)
    }

    /// Powers of ten, or some five round figures.
    func ticks(_ isLinear: Bool) -> [Double] {
        guard isLinear else {
            let whole = Array(
                stride(from: range.lowerBound.rounded(.up), through: range.upperBound, by: 1))
            guard whole.count < 2 else { return whole }
            return stride(
                from: (range.lowerBound * 10).rounded(.up) / 10, through: range.upperBound, by: 0.3
            ).map { $0 }
        }
        let width = range.upperBound - range.lowerBound
        let power = pow(10, log10(width / 5).rounded(.down))
        let step = [1, 2, 5, 10].map { $0 * power }.first { width / $0 <= 6 } ?? width
        return Array(stride(from: 0, through: range.upperBound, by: step))
    }
}

/// A stretch of the picture from one place to another, to the right or upwards.
private struct Stretch {
    let from: Double
    let to: Double
}
