// SPDX-License-Identifier: Apache-2.0

package import Model

/// A report as data, made of its incidents one by one, so that they need not be in memory at once.
///
/// What stands before the incidents counts what was hidden in them, so that it is made last.
package struct ReportStream {
    private let format: Format
    private var redactor: Redactor
    private var report: Report

    private enum Format { case json, jsonl }

    /// `nil` for formats that are composed from all incidents together. `report` holds its
    /// incidents without their evidence.
    package init?(_ report: Report, _ options: ReportOptions) {
        switch options.format {
        case .json: format = .json
        case .jsonl: format = .jsonl
        default: return nil
        }
        redactor = Redactor(mode: options.redact, key: options.key)
        self.report = report
        redactor.redactBeginning(of: &self.report)
        self.report.incidents = []
    }

    /// The text of the next incident, redacted.
    package mutating func text(of incident: Incident) -> String {
        var shown = incident
        redactor.redact(&shown)
        switch format {
        case .json: return JSONRenderer.text(of: shown)
        case .jsonl: return EventLines(redaction: redactor.redaction).text(of: shown)
        }
    }

    /// What stands before the incidents and behind them, once all of them are made.
    package mutating func frame() -> (opening: String, closing: String) {
        redactor.redactEnd(of: &report)
        switch format {
        case .json: return JSONRenderer(redaction: redactor.redaction).frame(of: report)
        case .jsonl: return (EventLines(redaction: redactor.redaction).opening(of: report), "")
        }
    }

    /// What stands between two incidents.
    package var separator: String { format == .json ? JSONRenderer.separator : "" }
}
