// SPDX-License-Identifier: Apache-2.0
// The terminal form: within its width, and nothing in it but text and our own colours.

import Model
import Reports
import Testing

private func rendered(_ report: Report, width: Int, color: Bool = false) -> String {
    var options = ReportOptions(format: .text)
    options.width = width
    options.color = color
    return report.rendered(options)
}

@Test(arguments: [40, 60, 80, 100, 120])
func proseKeepsToTheWidth(width: Int) {
    // Commands and raw lines are never broken: they stand behind four spaces.
    for line in rendered(SampleReport.report, width: width).split(separator: "\n") {
        let isCode = line.hasPrefix("    ") && (line.contains("sysctl") || line.contains("5976:M"))
        let isRaw =
            line.contains("echo vm.") || line.contains("rm /etc") || line.hasPrefix("    | ")
        if !isCode, !isRaw { #expect(line.count <= width, "\(line)") }
    }
}

@Test func withoutColourThereIsNoEscape() {
    #expect(!rendered(SampleReport.report, width: 80).contains("\u{1B}"))
}

@Test func colourAddsNothingButColour() {
    let colored = rendered(SampleReport.report, width: 80, color: true)
    #expect(colored.contains("\u{1B}[1;31mFAIL\u{1B}[0m"))
    #expect(colored.contains("\u{1B}[32mOK\u{1B}[0m"))
    let stripped = colored.replacing(#/\u{1B}\[[0-9;]*m/#, with: "")
    #expect(stripped == rendered(SampleReport.report, width: 80))
}

@Test(arguments: HostileText.lines)
func hostileTextCannotSteerTheTerminal(line: String) {
    let report = HostileText.report(line)
    let out = rendered(report, width: 80)
    #expect(
        out.unicodeScalars.allSatisfy {
            $0 == "\n" || $0.value >= 0x20 && $0.value < 0x7F || $0.properties.isAlphabetic
                || !["Cc", "Cf", "Zl", "Zp", "Co", "Cn"].contains($0.category)
        })
    #expect(out.split(separator: "\n").first == "forktopsy 0.1.0 report")
}

extension Unicode.Scalar {
    fileprivate var category: String {
        switch properties.generalCategory {
        case .control: "Cc"
        case .format: "Cf"
        case .lineSeparator: "Zl"
        case .paragraphSeparator: "Zp"
        case .privateUse: "Co"
        case .unassigned: "Cn"
        default: ""
        }
    }
}

@Test func wideCharactersCountTwice() {
    let document = Document(
        toolVersion: "1", title: "t",
        blocks: [.paragraph(Prose([.text(String(repeating: "日本語 ", count: 20))]))])
    let lines = TextRenderer(width: 40, color: false).render(document).split(separator: "\n")
    // Six columns a word and one space: five words are 34 columns, six would be 41.
    #expect(lines.contains { $0 == "日本語 日本語 日本語 日本語 日本語" })
}

@Test func aWordWiderThanTheTerminalIsBroken() {
    let document = Document(
        toolVersion: "1", title: "t",
        blocks: [.paragraph(Prose([.text(String(repeating: "x", count: 95))]))])
    let lines = TextRenderer(width: 40, color: false).render(document).split(separator: "\n")
    #expect(lines.suffix(3).map(\.count) == [40, 40, 15])
}
