// SPDX-License-Identifier: Apache-2.0

package import Model

/// The forms a report comes in.
package enum ReportFormat: String, Sendable, CaseIterable {
    case text, markdown, github, gitlab, jira, adf, html, json, jsonl, timesketch

    /// Characters that the target takes, less what it may add itself; `nil` where it takes any
    /// number. Counted in bytes of UTF-8, which is the strictest way to count.
    ///
    /// Sources: GitHub answers "body is too long (maximum is 65536 characters)"; GitLab documents
    /// 1 megabyte for a description; Jira answers "It exceeds the allowed limit of 32,767
    /// characters", and appends markup of its own to what it stores.
    package var budget: Int? {
        switch self {
        case .github: 65_000
        case .gitlab: 1_000_000
        case .jira, .adf: 32_000
        case .text, .markdown, .html, .json, .jsonl, .timesketch: nil
        }
    }

    /// The smallest budget that a report can be made to fit: a title and what it was cut from. A
    /// page's style alone takes half of its.
    package var leastBudget: Int {
        switch self {
        case .html: 16_000
        case .adf: 500
        default: 200
        }
    }

    /// Whether a body can be cut to a budget. Data cannot: it is whole or wrong.
    package var isProse: Bool {
        switch self {
        case .json, .jsonl, .timesketch: false
        default: true
        }
    }
}

/// How a report is to be printed.
package struct ReportOptions: Sendable {
    package var format: ReportFormat
    package var layout = Layout.ticket
    /// Characters that the body may have; the target's own limit holds besides.
    package var budget: Int?
    /// Columns of the terminal; for `text` only.
    package var width = 80
    /// Whether meaning is shown by ANSI colours too; for `text` only.
    package var color = false
    package var redact = Redaction.Mode.secrets
    /// Makes pseudonyms the same in all reports that are made with it.
    package var key: PseudonymKey?
    /// Only the title is wanted: one plain line for a tracker's field, of at most `budget`
    /// characters or 250.
    package var isTitleOnly = false
    /// Only what is new since this report is told.
    package var earlier: EarlierReport?

    /// What the titles of all trackers take: GitLab and Jira 255 characters, GitHub 256.
    package static let titleLimit = 250

    package init(format: ReportFormat) { self.format = format }
}

extension Report {
    /// The report in the form asked for, redacted first; ends with a line end.
    package func rendered(_ options: ReportOptions) -> String {
        var redactor = Redactor(mode: options.redact, key: options.key)
        let report = redactor.redacted(self)
        let redaction = redactor.redaction
        if options.isTitleOnly {
            let title = ReportComposer(report, redaction: redaction).plainTitle
            return Literal.cut(title, to: options.budget ?? ReportOptions.titleLimit) + "\n"
        }
        switch options.format {
        case .json: return JSONRenderer(redaction: redaction).render(report)
        case .jsonl: return EventLines(redaction: redaction).render(report)
        case .timesketch: return TimesketchLines().render(report)
        default:
            let fitting = BudgetFitting(
                incidents: report.incidents.count, full: options.format == .html ? .page : Detail()
            ) { detail in
                if let earlier = options.earlier {
                    return UpdateComposer(
                        report: report, redaction: redaction, earlier: earlier, detail: detail
                    ).document()
                }
                return ReportComposer(
                    report, redaction: redaction, layout: options.layout, detail: detail
                ).document()
            }
            let limit = [options.budget, options.format.budget].compactMap(\.self).min()
            return fitting.body(options.renderer, within: limit)
        }
    }
}

extension ReportOptions {
    fileprivate var renderer: any DocumentRenderer {
        switch format {
        case .markdown: MarkdownRenderer(.commonMark)
        case .github: MarkdownRenderer(.github)
        case .gitlab: MarkdownRenderer(.gitlab)
        case .jira: JiraRenderer()
        case .adf: ADFRenderer()
        case .html: HTMLRenderer()
        case .text, .json, .jsonl, .timesketch: TextRenderer(width: width, color: color)
        }
    }
}
