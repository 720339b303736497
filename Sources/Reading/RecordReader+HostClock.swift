// SPDX-License-Identifier: Apache-2.0
// What lines that are no records say of the clock of the host that they show.

internal import Model

extension RecordReader {
    /// Notes the zone that a host keeps and when it booted, where the line tells.
    mutating func noteHostClock(_ line: Span<UInt8>, _ number: Int) {
        if toldBootLimit > 0 { noteToldBoot(line, number) }
        switch line.byte(0) {
        case 0x20: noteTimedatectl(line, number)
        case 0x62: noteBoot(line)
        case 0x6C: noteLink(line, number)
        case 0x7A: noteManifest(line, number)
        default: break
        }
        guard number == 1 else { return }
        if facts.path.hasSuffix("etc/timezone") {
            note(zone: line, 0..<line.count, nil, number, "/etc/timezone")
        }
        if ["date", "date.txt"].contains(facts.path.split(separator: "/").last) {
            noteDate(line, number)
        }
    }

    /// `Sun Nov 22 12:00:00 CET 2026`, in a file that holds what date(1) printed, as reports of hosts
    /// do: the offset at that time, not the zone.
    private mutating func noteDate(_ line: Span<UInt8>, _ number: Int) {
        var seconds: Int?
        var (hasClock, hasYear) = (false, false)
        var start = 0
        while start < line.count, line.count < 80 {
            let end = line.first(0x20, from: start) ?? line.count
            let first = line.byte(start)
            if line.byte(start + 2) == 0x3A, line.byte(start + 5) == 0x3A {
                hasClock = true
            } else if let (year, yearEnd) = line.number(at: start, limit: 4), yearEnd == end {
                hasYear = hasYear || Stamp.years.contains(year)
            } else if hasClock, first &- 0x41 < 26 || first == 0x2B || first == 0x2D,
                let zone = ZoneNames.zone(line, at: start), zone.end == end
            {
                seconds = seconds ?? zone.seconds
            }
            start = end + 1
        }
        guard hasClock, hasYear, let seconds, facts.clock.hostZones.isEmpty else { return }
        facts.clock.hostZones = [HostZone(line: number, name: nil, offsetSeconds: seconds)]
        hostClock = "date"
    }

    /// `                Time zone: Europe/Berlin (CET, +0100)`, before systemd 210 `Timezone: …`
    /// (systemd, src/timedate/timedatectl.c).
    private mutating func noteTimedatectl(_ line: Span<UInt8>, _ number: Int) {
        var start = 0
        while line.byte(start) == 0x20 { start += 1 }
        guard line.has("Time zone: ", at: start) || line.has("Timezone: ", at: start),
            let colon = line.first(0x3A, from: start),
            let blank = line.first(0x20, from: colon + 2),
            let comma = line.find(", ", from: blank),
            let (seconds, end) = StampParser.zone(line, at: comma + 2), line.byte(end) == 0x29
        else { return }
        note(zone: line, colon + 2..<blank, seconds, number, "timedatectl")
    }

    /// `lrwxrwxrwx 1 root root 33 Nov  1 10:00 /etc/localtime -> /usr/share/zoneinfo/Asia/Tokyo`
    private mutating func noteLink(_ line: Span<UInt8>, _ number: Int) {
        guard line.has("lrwx", at: 0), line.find("/etc/localtime -> ") != nil else { return }
        note(zone: line, 0..<line.count, nil, number, "/etc/localtime")
    }

    /// `zone: /usr/share/zoneinfo/Europe/Berlin`: what `forktopsy collect` writes of the host.
    private mutating func noteManifest(_ line: Span<UInt8>, _ number: Int) {
        guard line.has("zone: ", at: 0), facts.path.hasSuffix("MANIFEST.txt") else { return }
        note(zone: line, 6..<line.count, nil, number, "forktopsy collect")
    }

    /// Notes the zone whose name stands in `range`, behind the path of the zone database where a path
    /// stands there.
    private mutating func note(
        zone line: Span<UInt8>, _ range: Range<Int>, _ seconds: Int?, _ number: Int,
        _ source: String
    ) {
        var start = range.lowerBound
        if let database = line.find("zoneinfo/", from: start) { start = database + 9 }
        if line.byte(start) == 0x3A { start += 1 }
        if line.has("posix/", at: start) || line.has("right/", at: start) { start += 6 }
        let name = line.text(min(start, range.upperBound)..<range.upperBound)
        let isName =
            !name.isEmpty && name.utf8.count <= 64 && line.byte(start) != 0x2F
            && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        guard isName || seconds != nil, facts.clock.hostZones.count < 16 else { return }
        facts.clock.hostZones.append(
            HostZone(line: number, name: isName ? name : nil, offsetSeconds: seconds))
        hostClock = source
    }

    /// `btime 1795345200`: seconds since 1970 (Linux v6.6, fs/proc/stat.c).
    private mutating func noteBoot(_ line: Span<UInt8>) {
        guard line.has("btime ", at: 0), let (seconds, end) = line.number(at: 6, limit: 11),
            end == line.count, seconds > 0, seconds < Stamp.lastSecond,
            facts.clock.boots.count < 64
        else { return }
        facts.clock.boots.append(Timestamp(seconds: Int64(seconds)))
        hostClock = "/proc/stat"
    }
}
