// SPDX-License-Identifier: Apache-2.0

internal import Model

extension RecordReader {
    /// Notes what timedatectl and /proc/stat say of the host's clock: its zone, when it booted.
    mutating func noteHostClock(_ line: Span<UInt8>) {
        switch line.byte(0) {
        case 0x20: noteZone(line)
        case 0x62: noteBoot(line)
        default: return
        }
    }

    /// `                Time zone: Europe/Berlin (CET, +0100)` (systemd, src/timedate/timedatectl.c)
    private mutating func noteZone(_ line: Span<UInt8>) {
        var start = 0
        while line.byte(start) == 0x20 { start += 1 }
        guard line.has("Time zone: ", at: start),
            let comma = line.find(", ", from: start + 11),
            let (seconds, end) = StampParser.zone(line, at: comma + 2), line.byte(end) == 0x29
        else { return }
        facts.clock.hostZone = seconds
        hostClock = "timedatectl"
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
