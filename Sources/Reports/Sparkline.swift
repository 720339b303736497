// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Draws quantities of a chart as one line of text each, on a scale they share.
struct Sparkline {
    private let chart: Chart
    private let columns: Int
    private let top: Int64
    private static let heights = Array("▁▂▃▄▅▆▇█")

    init(_ chart: Chart, columns: Int) {
        self.chart = chart
        self.columns = columns
        top = max(1, chart.series.flatMap(\.points).map(\.bytes).max() ?? 1)
    }

    /// A letter for each column in which something of that meaning happened, the gravest of them.
    func marks() -> String {
        var cells = Array(repeating: Character("·"), count: columns)
        let letters: [(tone: Tone, letter: Character)] = [
            (.muted, "o"), (.plain, "s"), (.warning, "w"), (.recovery, "R"), (.failure, "F"),
        ]
        for (tone, letter) in letters {
            for mark in chart.marks where mark.tone == tone { cells[column(of: mark.at)] = letter }
        }
        return String(cells)
    }

    private func column(of at: Timestamp) -> Int {
        min(columns - 1, Int(chart.position(of: at) * Double(columns)))
    }

    /// The times of both ends, `12:17:23` and `12:17:43`, as far apart as the columns are wide.
    func ends() -> String {
        let (from, to) = (CivilTime(timestamp: chart.from), CivilTime(timestamp: chart.to))
        let gap = columns - 16
        guard gap > 0 else { return "\(from.clockToSecond) to \(to.clockToSecond)" }
        return from.clockToSecond + String(repeating: " ", count: gap) + to.clockToSecond
    }

    /// A bar for each column in which there is a value, the largest of them; a line between two
    /// readings, and a dot before the first and after the last.
    func bars(_ series: Chart.Series) -> String {
        var cells: [Int64?] = Array(repeating: nil, count: columns)
        for point in series.points {
            let column = column(of: point.at)
            cells[column] = max(cells[column] ?? 0, point.bytes)
        }
        let first = cells.firstIndex { $0 != nil } ?? 0
        let last = cells.lastIndex { $0 != nil } ?? 0
        return String(
            cells.enumerated().map { i, value in
                guard let value else { return i > first && i < last ? "┈" : "·" }
                let height = Double(value) / Double(top) * Double(Self.heights.count - 1)
                return Self.heights[Int(height.rounded())]
            })
    }
}

extension Chart.Series {
    /// `1.2 GiB to 2.0 GiB`, `limit 2.0 GiB`: the first value and the last.
    var ends: String {
        let values = [points.first, points.last].compactMap {
            $0.map { ByteCount(bytes: $0.bytes).description }
        }
        let text = values.first == values.last ? values[0] : values.joined(separator: " to ")
        return isLimit ? "limit " + text : text
    }
}
