// SPDX-License-Identifier: Apache-2.0

import Foundation
import Model
import Reading
import TestSupport
import Testing

@testable import forktopsy

/// Five refused forks in uneven steps and a save that succeeds, as seconds since a start.
struct Outage {
    /// Seconds since 1970.
    var start: Int
    var pid = 4711
    /// When forks are refused, in seconds since the start.
    var refusals = [25.0, 30.2, 36.3, 42.3, 47.4]

    private static let kernelText =
        "__vm_enough_memory: pid: %, comm: redis-server, bytes: 7518715904 not enough memory for "
        + "the allocation"
    private static let refused = "Can't save in background: fork: Cannot allocate memory"
    private static let saved = "Background saving terminated with success"

    static let origin = Outage(start: 1_795_348_258)

    private var recoveredAfter: Double { max(70.4, (refusals.last ?? 0) + 23) }

    private func at(_ seconds: Double) -> Timestamp {
        Timestamp(seconds: Int64(start)).adding(seconds: seconds)
    }

    var firstFailure: String { at(refusals[0]).rfc3339 }
    var recovery: String { at(recoveredAfter).rfc3339 }

    var records: [(at: Timestamp, mark: String, text: String)] {
        [(at(0), "#", "oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo")]
            + refusals.map { (at($0), "#", Self.refused) } + [(at(recoveredAfter), "*", Self.saved)]
    }

    /// The server's own log in the local time of `zone`.
    func log(_ zone: TimeZoneRules) -> [String] {
        records.map { "\(pid):M \(serverDate($0.at, zone)) \($0.mark) \($0.text)" }
    }

    /// `dmesg -T` in the local time of `zone`.
    func dmesgT(_ zone: TimeZoneRules) -> [String] {
        kernel.map { "[\(wallClock($0.at, zone))] \($0.text)" }
    }

    /// `dmesg` with times since a boot.
    func dmesg(boot: Int) -> [String] {
        kernel.map { moment in
            let seconds = moment.at.seconds(since: Timestamp(seconds: Int64(boot)))
            return "[\(String(format: "%12.6f", seconds))] \(moment.text)"
        }
    }

    /// `dmesg --time-format=iso` in UTC.
    var dmesgISO: [String] {
        kernel.map { moment in
            let time = CivilTime(timestamp: moment.at)
            let micros = padded(time.nanosecond / 1000, 6)
            return "\(time.date)T\(time.clockToSecond),\(micros)+00:00 \(moment.text)"
        }
    }

    private var kernel: [(at: Timestamp, text: String)] {
        refusals.map {
            (at($0 - 0.001), Self.kernelText.replacing("%", with: String(pid)))
        }
    }

    /// Syslog in the local time of `outer`, around records in that of `inner`; without `inner` the
    /// bare messages.
    func syslog(_ outer: TimeZoneRules, around inner: TimeZoneRules?) -> [String] {
        let server = records.map { record in
            let own = inner.map { "\(pid):M \(serverDate(record.at, $0)) \(record.mark) " } ?? ""
            return (record.at, "redis-server[\(pid)]: \(own)\(record.text)")
        }
        return (server + kernel.map { ($0.at, "kernel: \($0.text)") }).sorted { $0.0 < $1.0 }
            .map { "\(syslogDate($0.0, outer)) cache-01 \($0.1)" }
    }

    /// A journal with the bare messages that the server sent to syslog.
    var bareJournal: [String] {
        records.enumerated().map { i, record in
            """
            {"__CURSOR":"i=\(i)","__REALTIME_TIMESTAMP":"\(record.at.nanoseconds / 1000 + 900)",\
            "_HOSTNAME":"cache-01","_TRANSPORT":"syslog","SYSLOG_IDENTIFIER":"redis",\
            "SYSLOG_PID":"\(pid)","_PID":"\(pid)","_COMM":"redis-server",\
            "MESSAGE":"\(record.text)"}
            """
        }
    }
}

private let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
]

private func civil(_ at: Timestamp, _ zone: TimeZoneRules) -> CivilTime {
    CivilTime(timestamp: at, offsetSeconds: zone.offset(at: at))
}

private func serverDate(_ at: Timestamp, _ zone: TimeZoneRules) -> String {
    let time = civil(at, zone)
    return "\(padded(time.day, 2)) \(months[time.month - 1]) \(time.year) \(time.clock)"
}

private func syslogDate(_ at: Timestamp, _ zone: TimeZoneRules) -> String {
    let time = civil(at, zone)
    let day = time.day < 10 ? " \(time.day)" : "\(time.day)"
    return "\(months[time.month - 1]) \(day) \(time.clockToSecond)"
}

private func wallClock(_ at: Timestamp, _ zone: TimeZoneRules) -> String {
    // Which day of the week it is plays no part.
    "Sun \(syslogDate(at, zone)) \(civil(at, zone).year)"
}

extension Outage {
    static func fixed(_ hours: Double) -> TimeZoneRules {
        TimeZoneRules(fixedOffsetSeconds: Int(hours * 3600))
    }

    /// The report of files with these lines.
    static func analyzed(
        _ files: [(String, [String])], zone: TimeZoneRules? = nil, newestYear: Int? = nil
    ) throws -> Report {
        try withTemporaryFolder { folder in
            for (name, lines) in files {
                let path = URL(fileURLWithPath: folder + "/" + name)
                try FileManager.default.createDirectory(
                    at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: path)
                // A time that tells the year, and no zone.
                let written = Date(timeIntervalSince1970: 1_798_000_123.457)
                try FileManager.default.setAttributes(
                    [.modificationDate: written], ofItemAtPath: path.path)
            }
            var assembler = Assembler()
            assembler.clocks.now = Timestamp(seconds: 1_798_000_200)
            assembler.clocks.newestYear = newestYear
            if let zone { assembler.clocks.zones = [(nil, zone)] }
            return assembler.report(
                try Pipeline.extractions(of: [folder]), patterns: Pipeline.patterns)
        }
    }

    /// One incident with all five failures, which is over, and no word of a kernel's beside it.
    static func expectOne(
        _ report: Report, _ outage: Outage = .origin, isPlaced: Bool = true,
        _ place: SourceLocation = #_sourceLocation
    ) {
        #expect(report.incidents.count == 1, sourceLocation: place)
        guard let incident = report.incidents.first else { return }
        #expect(incident.failures.total == 5, sourceLocation: place)
        #expect(incident.failures.hiddenAtLeast == 0, sourceLocation: place)
        #expect(incident.status == .recovered, sourceLocation: place)
        guard isPlaced else { return }
        #expect(incident.startedAt?.rfc3339 == outage.firstFailure, sourceLocation: place)
        #expect(incident.recoveredAt?.rfc3339 == outage.recovery, sourceLocation: place)
    }
}

extension Report {
    func clock(of name: String) -> [ClockSegment] {
        inputs.first { $0.facts.path.hasSuffix("/" + name) }?.clock ?? []
    }
}
