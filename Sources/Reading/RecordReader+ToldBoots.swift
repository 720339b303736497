// SPDX-License-Identifier: Apache-2.0
// When the host had booted, as commands print it.

internal import Model

extension RecordReader {
    /// Boots of one input that are kept; a host is asked once or twice.
    var toldBootLimit: Int { 16 - facts.clock.toldBoots.count }

    /// Notes when the host had booted, where the line tells.
    mutating func noteToldBoot(_ line: Span<UInt8>, _ number: Int) {
        guard line.count <= 160 else { return }
        var start = 0
        while line.byte(start) == 0x20 { start += 1 }
        if line.find("uptime -s") != nil || line.find("uptime --since") != nil {
            askedForBoot = number
        } else if line.has("system boot  ", at: start) {
            noteWho(line, start + 13, number)
        } else if line.byte(start) == 0x30, line.byte(start + 1) == 0x20 {
            noteBootList(line, start + 2, number)
        } else if line.count == 19, askedForBoot == number - 1 || number == 1 && isUptimeFile,
            let (stamp, end) = StampParser.iso8601(line, at: 0), end == 19
        {
            // `2026-11-22 10:11:03` (procps 4.0.2, src/uptime.c).
            tell(stamp, number, doubt: 1, "uptime -s")
        }
    }

    /// A file that holds what uptime(1) printed, by its name: `uptime_-s`, `uptime-s.txt`.
    private var isUptimeFile: Bool {
        facts.path.split(separator: "/").last?.contains("uptime") ?? false
    }

    /// `         system boot  2026-11-22 10:11`, to the minute (coreutils 9.1, src/who.c).
    private mutating func noteWho(_ line: Span<UInt8>, _ start: Int, _ number: Int) {
        guard line.byte(start + 10) == 0x20, line.byte(start + 13) == 0x3A else { return }
        var text: [UInt8] = []
        for i in start..<min(start + 16, line.count) { text.append(line[i]) }
        text += [0x3A, 0x30, 0x30]
        guard line.count < start + 17 || line.byte(start + 16) == 0x20,
            let (stamp, end) = StampParser.iso8601(text.span, at: 0), end == 19
        else { return }
        tell(stamp, number, doubt: 60, "who -b")
    }

    /// ` 0 0f1ba2d4b6c34c7fb1c3d1f0a6f4c1ab Sun 2026-11-22 10:11:03 UTC—…`: the present boot by the
    /// first entry of its journal, which comes some seconds later (systemd 252, journalctl.c).
    private mutating func noteBootList(_ line: Span<UInt8>, _ start: Int, _ number: Int) {
        for i in start..<start + 32 {
            let isHex = isDigit(line.byte(i)) || line.byte(i) &- 0x61 < 6
            guard isHex else { return }
        }
        guard line.byte(start + 32) == 0x20, line.byte(start + 36) == 0x20,
            case (var stamp, let end)? = StampParser.iso8601(line, at: start + 37)
        else { return }
        if line.byte(end) == 0x20, let zone = ZoneNames.zone(line, at: end + 1)?.seconds,
            stamp.form == .local
        {
            stamp.form = .zoned
            stamp.offsetSeconds = Int32(zone)
            stamp.nanoseconds -= Int64(zone) * 1_000_000_000
        }
        tell(stamp, number, doubt: 15, "journalctl --list-boots")
    }

    private mutating func tell(_ stamp: Stamp, _ number: Int, doubt: Int, _ source: String) {
        facts.clock.toldBoots.append(ToldBoot(line: number, stamp: stamp, doubtSeconds: doubt))
        hostClock = hostClock ?? source
    }
}
