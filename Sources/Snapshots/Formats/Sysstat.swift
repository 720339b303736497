// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The columns of sar and sadf, by name: they are never translated, and their order and number
/// change from version to version.
///
/// Source: sysstat 12.6.1, activity.c and pr_stats.c. `kbmemused` is not read: what it counts
/// changed with version 11.7.1; neither are the percentages (`%commit` is of RAM and swap, not of
/// CommitLimit), nor `kbdirty`, which often stands last in a row, where a number that is cut
/// cannot be told from a whole one.
enum Sysstat {
    struct Column {
        var measure: Measure
        /// Bytes in one unit; 1 for counts.
        var unit: Int64

        /// `18245624`, `17.4G` (sar -h), `1,24` (locales with a decimal comma).
        func quantity(_ text: some StringProtocol) -> SnapshotValue.Quantity? {
            let plain = String(text).replacing(",", with: ".")
            switch measure.unit {
            case .bytes: return Amounts.human(plain, plain: unit).map { .whole($0) }
            case .count: return Int64(plain).map { .whole($0) }
            default:
                let number = plain.hasSuffix("%") ? String(plain.dropLast()) : plain
                return Double(number).flatMap { $0.isFinite ? .real($0) : nil }
            }
        }
    }

    static func column(named name: String) -> Column? { columns[name] }

    /// `18245624`, `17.4G`, `1,24`, `1.3%`.
    static func isNumber(_ text: Substring) -> Bool {
        guard let last = text.utf8.last, text.utf8.first.map({ $0 &- 0x30 < 10 }) ?? false else {
            return false
        }
        let digits = last &- 0x30 < 10 ? text : text.dropLast()
        return digits.utf8.allSatisfy { $0 &- 0x30 < 10 || $0 == 0x2E || $0 == 0x2C }
            && (last &- 0x30 < 10 || "kKMGTP%".utf8.contains(last))
    }

    /// How sar is run to get these columns.
    static func command(_ columns: [Column?]) -> String {
        for column in columns {
            switch column?.measure {
            case Measure.memFree?, Measure.committedAS?: return "sar -r"
            case Measure.swapFree?: return "sar -S"
            case Measure.swapInRate?, Measure.swapOutRate?: return "sar -W"
            case Measure.majorFaultRate?: return "sar -B"
            case Measure.tasks?, Measure.loadAverage1?: return "sar -q"
            case Measure.pressureSome10?, Measure.pressureFull10?: return "sar -q MEM"
            default: continue
            }
        }
        return "sar"
    }

    /// The name in sar of a member of a section in JSON and XML.
    static func listed(_ name: String, in section: String) -> String {
        switch section {
        case "memory": "kb" + name
        case "psi-mem":
            name.hasPrefix("some_avg")
                ? "%smem-" + name.dropFirst(8)
                : name.hasPrefix("full_avg") ? "%fmem-" + name.dropFirst(8) : name
        case "swap-pages", "paging": name + "/s"
        default: name
        }
    }

    /// `Average:` as sar has it in the languages it is translated to; the last word of it.
    ///
    /// Source: sysstat 12.6.1, nls/.
    static let averages = Set(
        """
        Average: Gemideld: Průměr: Middel: Durchschn.: Meznombro: Media: Batezbestekoa: Keskiarvo:
        Moyenne\u{202F}: Moyenne: : Medie: Prosjek: Átlag: Rata-rata: 平均値: 평균값: Орточо: Vidēji:
        Medja: Gj.snitt: Gemiddeld: Średnia: Média: Среднее: Priemer: Просек: Genomsnitt: Ortalama:
        Середнє: bình: 平均时间: 平均時間：
        """.split(whereSeparator: { $0 == " " || $0 == "\n" }).map(String.init))

    /// The objects of sadf -j and elements of sadf -x that are read.
    static let sections: Set<String> = ["memory", "swap-pages", "paging", "queue", "psi-mem"]

    private static let columns: [String: Column] = {
        let kibibytes: [(String, Measure)] = [
            ("kbmemfree", .memFree), ("kbavail", .memAvailable), ("kbbuffers", .buffers),
            ("kbcached", .cached), ("kbcommit", .committedAS), ("kbactive", .active),
            ("kbinact", .inactive), ("kbanonpg", .anonPages), ("kbslab", .slab),
            ("kbkstack", .kernelStack), ("kbpgtbl", .pageTables),
            ("kbswpfree", .swapFree), ("kbswpused", .swapUsed), ("kbswpcad", .swapCached),
        ]
        let plain: [(String, Measure)] = [
            ("pswpin/s", .swapInRate), ("pswpout/s", .swapOutRate),
            ("majflt/s", .majorFaultRate), ("plist-sz", .tasks), ("ldavg-1", .loadAverage1),
            ("%smem-10", .pressureSome10), ("%smem-60", .pressureSome60),
            ("%fmem-10", .pressureFull10), ("%fmem-60", .pressureFull60),
        ]
        var out: [String: Column] = [:]
        for (name, measure) in kibibytes { out[name] = Column(measure: measure, unit: 1024) }
        for (name, measure) in plain { out[name] = Column(measure: measure, unit: 1) }
        return out
    }()
}
