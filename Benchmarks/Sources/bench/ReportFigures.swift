// SPDX-License-Identifier: Apache-2.0
internal import Foundation
internal import Generator

/// The part of a report (`forktopsy.report/1`) that is held against the truth.
struct ReportFigures: Decodable {
    struct Summary: Decodable {
        let incidents: Int
        let fork_failures: Int
        let reported_failures: Int
        let save_failures: Int
        let oom_kills: Int
    }

    struct Input: Decodable {
        let bytes: Int
        let lines: Int
        let records: Int
        let events: Int
        let undated: Int
    }

    struct Outlook: Decodable {
        struct Saves: Decodable {
            let succeeded: Int
            let failed: Int
        }
        let saves: Saves
    }

    struct Losses: Decodable {
        let damage: [String: Int]
    }

    let summary: Summary
    let inputs: [Input]
    let outlook: [Outlook]
    let losses: Losses

    init(_ path: String) throws {
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        do {
            self = try JSONDecoder().decode(ReportFigures.self, from: data)
        } catch {
            throw BenchError("\(path) is no report: \(error)")
        }
    }

    var events: Int { inputs.reduce(0) { $0 + $1.events } }

    /// What the report says otherwise than it is.
    ///
    /// - Parameter plain: whether the input's bytes and lines are those that were generated; not so
    ///   for the JSON form of a journal.
    func disagreements(with truth: Truth, plain: Bool = true) -> [String] {
        var pairs: [(String, Int, Int)] = [
            ("incidents", summary.incidents, truth.incidents),
            ("fork failures", summary.fork_failures, truth.forkFailures),
            ("reported failures", summary.reported_failures, 0),
            ("save failures", summary.save_failures, truth.saveFailures),
            ("OOM kills", summary.oom_kills, truth.oomKills),
            ("records", inputs.reduce(0) { $0 + $1.records }, truth.records),
            ("undated", inputs.reduce(0) { $0 + $1.undated }, 0),
            ("servers", outlook.count, truth.instances),
            ("saves", outlook.reduce(0) { $0 + $1.saves.succeeded }, truth.savesSucceeded),
            ("failed saves", outlook.reduce(0) { $0 + $1.saves.failed }, truth.savesFailed),
            ("damage", losses.damage.values.reduce(0, +), 0),
        ]
        if plain {
            pairs.append(("bytes", inputs.reduce(0) { $0 + $1.bytes }, truth.bytes))
            pairs.append(("lines", inputs.reduce(0) { $0 + $1.lines }, truth.lines))
        }
        return pairs.filter { $0.1 != $0.2 }.map { "\($0.0): \($0.1) reported, \($0.2) true" }
    }
}
