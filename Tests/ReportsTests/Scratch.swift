import Foundation
import Model
import Reports
import Testing
@Test func scratch() throws {
    for f in ReportFormat.allCases {
        var o = ReportOptions(format: f)
        try SampleReport.report.rendered(o).write(toFile: "/tmp/e/out.\(f.rawValue)", atomically: true, encoding: .utf8)
        try SampleReport.quiet.rendered(o).write(toFile: "/tmp/e/quiet.\(f.rawValue)", atomically: true, encoding: .utf8)
        o.color = true
        try SampleReport.report.rendered(o).write(toFile: "/tmp/e/color.\(f.rawValue)", atomically: true, encoding: .utf8)
    }
}
