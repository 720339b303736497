// SPDX-License-Identifier: Apache-2.0
// Instants in UTC that stand beside local stamps, and what offsets they show.

internal import Model

/// What local time is ahead of UTC where an anchor stands.
struct AnchorOffset {
    var anchor: ClockAnchor
    var seconds: Int
    /// The instant of the local stamp.
    var at: Timestamp
}

extension ClockEvidence {
    /// The offsets that signal-handler lines and INFO show: their UTC against the local stamp beside
    /// them. Zones lie on quarter hours; what is further off one is no pair: a server that is told to
    /// end may take a while to say so, a crash report is written at once.
    var anchorOffsets: [AnchorOffset] {
        anchors.compactMap { anchor in
            var local = anchor.local
            if local.form == .localWithoutYear {
                local.nanoseconds = local.inYear(local.year(near: anchor.instant))
            }
            let difference = Double(local.nanoseconds - anchor.instant.nanoseconds) / 1e9
            let quarters = (difference / 900).rounded()
            let residue = difference - quarters * 900
            guard residue > -2, residue < (anchor.isFromInfo ? 2 : 20), abs(quarters) <= 56 else {
                return nil
            }
            let seconds = Int(quarters) * 900
            return AnchorOffset(
                anchor: anchor, seconds: seconds,
                at: Timestamp(nanoseconds: local.nanoseconds - Int64(seconds) * 1_000_000_000))
        }
    }

    /// The offsets from line to line where anchors show several: each from the first line of a
    /// process behind the anchor before it, since it takes a restart to change the zone; else from
    /// the line of the anchor on.
    func spans(_ known: [AnchorOffset], processes: [ProcessSpan]) -> [OffsetSpan] {
        guard var last = known.first else { return [] }
        var out = [OffsetSpan(line: 1, offsetSeconds: last.seconds, year: 0)]
        for next in known.dropFirst() where next.seconds != last.seconds {
            let between = last.anchor.line + 1...max(last.anchor.line + 1, next.anchor.line)
            // The last words of a process stand behind its signal.
            let start = processes.filter { !$0.isChild && between.contains($0.firstLine) }
                .map(\.firstLine).min()
            out.append(
                OffsetSpan(line: start ?? next.anchor.line, offsetSeconds: next.seconds, year: 0))
            last = next
        }
        return out
    }
}

extension TimeZoneRules {
    /// The rule of a zone whose clocks show these offsets, where they are a standard time and the
    /// summer time of Europe, North America, Australia or New Zealand at the right times of the year;
    /// `nil` where no such rule explains all of them.
    static func daylightRule(of known: [AnchorOffset]) -> TimeZoneRules? {
        let offsets = Set(known.map(\.seconds))
        guard offsets.count == 2, let standard = offsets.min(), offsets.max() == standard + 3600
        else { return nil }
        for rule in rules(standard) {
            let zone = TimeZoneRules(posix: rule)
            if known.allSatisfy({ zone?.offset(at: $0.at) == $0.seconds }) { return zone }
        }
        return nil
    }

    /// Rules in force as of 2024 (tzdata 2024a) for zones with that standard time, in the form of
    /// POSIX.
    private static func rules(_ standard: Int) -> [String] {
        let west = -standard
        let name =
            "<s>\(west < 0 ? "-" : "")\(abs(west) / 3600):\(padded(abs(west) / 60 % 60, 2))<d>"
        switch standard {
        // Europe: at 01:00 UTC on the last Sundays of March and October.
        case -3600...7200:
            let hours = standard / 3600 + 1
            return ["\(name),M3.5.0/\(hours),M10.5.0/\(hours + 1)"]
        // North America: at 02:00 on the second Sunday of March and the first of November.
        case -36_000 ... -12_600: return ["\(name),M3.2.0,M11.1.0"]
        // Australia: the first Sundays of October and April. New Zealand: from the last of September.
        case 34_200...36_000: return ["\(name),M10.1.0,M4.1.0/3"]
        case 43_200: return ["\(name),M9.5.0,M4.1.0/3"]
        default: return []
        }
    }
}
