// SPDX-License-Identifier: Apache-2.0

package import Model

/// The forms a report comes in.
package enum ReportFormat: String, Sendable, CaseIterable {
    case text, markdown, json
}

/// How a report is to be printed.
package struct ReportOptions: Sendable {
    package var format: ReportFormat
    /// Columns of the terminal; for `text` only.
    package var width = 80
    /// Whether meaning is shown by ANSI colours too; for `text` only.
    package var color = false
    package var redact = Redaction.Mode.secrets
    /// Entries of a timeline that prose formats show.
    package var timelineLimit = ReportComposer.defaultTimelineLimit

    package init(format: ReportFormat) { self.format = format }
}

extension Report {
    /// The report in the form asked for, redacted first; ends with a line end.
    package func rendered(_ options: ReportOptions) -> String {
        var redactor = Redactor(mode: options.redact)
        let report = redactor.redacted(self)
        let redaction = redactor.redaction
        if options.format == .json { return JSONRenderer(redaction: redaction).render(report) }
        let document = ReportComposer(
            report, redaction: redaction, timelineLimit: options.timelineLimit
        ).document()
        return switch options.format {
        case .markdown: MarkdownRenderer().render(document)
        default: TextRenderer(width: options.width, color: options.color).render(document)
        }
    }
}
