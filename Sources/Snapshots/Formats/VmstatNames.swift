// SPDX-License-Identifier: Apache-2.0

internal import Model

/// What vmstat calls things, in the languages it is translated to.
///
/// Source: procps-ng 4.0.2, src/vmstat.c, and the translations that Debian 12 ships (de, es, fr,
/// ka, ko, pl, pt_BR, ro, sv, uk, vi, zh_CN).
enum VmstatNames {
    /// How the line above the columns begins, and how the columns begin where it is lost.
    static let openers = [
        "procs ", "--procs--", "--proc.--", "proc. ", "-procese-", "procese ", "проц  ",
        "ttrình ", "r  ", "k  ", "dz ",
    ]

    /// Columns of a table. The others (`r`, `b`, `bi`, `us` …) are not read.
    static let columns: [String: Measure] = byName([
        (.swapUsed, "swpd swap 스왑 växl 交换"),
        (.memFree, "free frei libre თავისუფალია 가용 wolna livre liber fritt trống 空闲"),
        (.buffers, "buff búf tampon 버퍼 bufor 缓冲"),
        (.cached, "cache Cache caché 캐시 кеш nhớtạm 缓存"),
        (.inactive, "inact inakt 비활 nieakt inativ 不活动"),
        (
            .active,
            "active aktiv activo actif აქტიური 활성 akt ativo activă aktivt активно hđộng 活动"
        ),
        (.swapInBytesRate, "si 입 sin vi"), (.swapOutBytesRate, "so 출 vu"),
    ])

    /// Lines of `vmstat -s`; the blanks in names are underscores here.
    static let lines: [String: Measure] = byName([
        (
            .memTotal,
            "total_memory Gesamtspeicher memoria_total mémoire_totale სულ_მეხსიერება 메모리_총량 "
                + "Pamięć_razem de_memória_total total_memorie totalt_minne пам’яті_загалом "
                + "tổng_bộ_nhớ"
        ),
        (
            .memFree,
            "free_memory freier_Speicher memoria_libre mémoire_libre თავისუფალი_მეხსიერება "
                + "가용_메모리 Pamięć_wolna de_memória_livre memorie_liberă fritt_minne "
                + "пам’яті_вільно bộ_nhớ_trống"
        ),
        (
            .active,
            "active_memory aktiver_Speicher memoria_activa mémoire_active აქტიური_მეხსიერება "
                + "활성_메모리 Pamięć_aktywna de_memória_ativa memorie_activă aktivt_minne "
                + "пам’яті_активно bộ_nhớ_hoạt_động"
        ),
        (
            .inactive,
            "inactive_memory inaktiver_Speicher memoria_inactiva mémoire_inactive "
                + "არააქტიური_მეხსიერება 비활_메모리 Pamięć_nieaktywna de_memória_inativa "
                + "memorie_inactivă inaktivt_minne пам’яті_неактивно bộ_nhớ_không_hoạt_động"
        ),
        (
            .buffers,
            "buffer_memory Pufferspeicher memoria_de_búfer mémoire_tampon ბუფერის_მეხსიერება "
                + "버퍼_메모리 Pamięć_buforów de_memória_em_buffer memorie_tampon buffertminne "
                + "пам’яті_у_буфері bộ_nhớ_đệm"
        ),
        (
            .swapTotal,
            "total_swap Gesamt-Auslagerungsspeicher intercambio_total échange_total ჯამური_სვოპი "
                + "스왑_총량 Obszar_wymiany_razem de_swap_total totalt_växling "
                + "резервної_пам’яті_загалом tổng_tráo_đổi"
        ),
        (
            .swapUsed,
            "used_swap benutzter_Auslagerungsspeicher intercambio_usado échange_utilisé "
                + "გამოყენებული_სვოპი 사용_스왑 Obszar_wymiany_użyty de_swap_usada swap_utilizată "
                + "använd_växling резервної_пам’яті_використано tráo_đổi_đã_dùng"
        ),
        (
            .swapFree,
            "free_swap freier_Auslagerungsspeicher intercambio_libre échange_libre "
                + "თავისუფალი_სვოპი 가용_스왑 Obszar_wymiany_wolny de_swap_livre swap_liberă "
                + "fri_växling резервної_пам’яті_вільно tráo_đổi_còn_trống"
        ),
        (.bootedAt, "boot_time heure_d'amorçage ჩატვირთვის_დრო 부팅_타임 starttid Czas_rozruchu"),
    ])

    /// The name of a line of `vmstat -s` as `lines` has it.
    static func key(_ words: [Substring]) -> String {
        let name = words.joined(separator: "_")
        return name.hasSuffix(":") ? String(name.dropLast()) : name
    }

    private static func byName(_ names: [(Measure, String)]) -> [String: Measure] {
        var out: [String: Measure] = [:]
        for (measure, words) in names {
            for word in words.split(separator: " ") { out[String(word)] = measure }
        }
        return out
    }
}

/// The unit in which vmstat was asked to print (`-S k`, `-S M`, `--unit=m`).
enum VmstatUnit {
    /// Bytes in one unit; `nil` where the command is not known.
    static func bytes(_ context: SnapshotContext) -> Int64? {
        guard context.program == "vmstat" else { return nil }
        var words = context.command.drop { $0.split(separator: "/").last != "vmstat" }.dropFirst()
        while let word = words.popFirst() {
            if word.hasPrefix("--unit") {
                let value = word.split(separator: "=").dropFirst().first.map(String.init)
                return value.flatMap(bytes(of:)) ?? words.first.flatMap(bytes(of:)) ?? 1024
            }
            guard word.hasPrefix("-"), !word.hasPrefix("--"), let at = word.firstIndex(of: "S")
            else { continue }
            let attached = word[word.index(after: at)...]
            return attached.isEmpty ? words.first.flatMap(bytes(of:)) : bytes(of: String(attached))
        }
        return 1024
    }

    /// procps-ng 4.0.2, vmstat(8): k and m are powers of 1,000, K and M of 1,024.
    static func bytes(of letter: String) -> Int64? {
        ["k": 1000, "K": 1024, "m": 1_000_000, "M": 1_048_576][letter]
    }

    /// Seconds between rows: the first number behind the options.
    static func delay(_ context: SnapshotContext) -> Int? {
        guard context.program == "vmstat" else { return nil }
        let words = context.command.drop { $0.split(separator: "/").last != "vmstat" }.dropFirst()
        return words.lazy.compactMap { Int($0) }.first { (1...86_400).contains($0) }
    }
}
