// SPDX-License-Identifier: Apache-2.0

/// What an input holds, by its first bytes; names do not count.
enum InputFormat {
    case text, binary, gzip, journalExport, journalJSON

    init(head: [UInt8]) {
        let bytes = head.span
        if bytes.byte(0) == 0x1F, bytes.byte(1) == 0x8B {
            self = .gzip
        } else if Self.isExport(bytes) {
            self = .journalExport
        } else if Self.isJournalJSON(bytes) {
            self = .journalJSON
        } else {
            self = .text
        }
    }

    /// Whether these are the first bytes of one of our own reports, in any format, also quoted or
    /// below a few lines of a mail or ticket.
    static func isOwnReport(_ head: [UInt8]) -> Bool {
        let start = head.span.extracting(0..<min(head.count, 2048))
        let marks: [StaticString] = [
            "<!-- forktopsy.report/", "\"forktopsy.report/", "\"forktopsy.event/",
            "\"forktopsy.tail/",
        ]
        if marks.contains(where: { start.find($0) != nil }) { return true }
        var from = 0
        while let at = start.find("forktopsy ", from: from) {
            let feed = start.first(0x0A, from: at) ?? start.count
            let end = min(feed, start.first(0x22, from: at) ?? feed)
            let isTitle = at == 0 || [0x0A, 0x20, 0x22].contains(start[at - 1])
            if isTitle, isDigit(start.byte(at + 10)),
                start.extracting(at..<end).find(" report") != nil,
                end - at < 40
            {
                return true
            }
            from = at + 1
        }
        return false
    }

    /// Entries begin with their address fields; a field's name is upper case up to an `=`.
    private static func isExport(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.byte(0) == 0x5F || bytes.byte(0) &- 0x41 < 26 else { return false }
        return bytes.has("__CURSOR=", at: 0) || bytes.has("__REALTIME_TIMESTAMP=", at: 0)
            || bytes.find("\n__REALTIME_TIMESTAMP=") != nil
    }

    /// An object with journal fields, in any of journalctl's JSON modes.
    private static func isJournalJSON(_ bytes: Span<UInt8>) -> Bool {
        var i = 0
        while i < bytes.count, bytes[i] <= 0x20 { i += 1 }
        if bytes.has("data:", at: i) { i += 5 }
        while i < bytes.count, bytes[i] <= 0x20 { i += 1 }
        guard bytes.byte(i) == 0x7B else { return false }
        return bytes.find("\"__REALTIME_TIMESTAMP\"") != nil || bytes.find("\"__CURSOR\"") != nil
            || bytes.find("\"_BOOT_ID\"") != nil
    }

    /// More than one byte in ten that no text holds.
    static func isBinary(_ line: Span<UInt8>) -> Bool {
        let looked = min(line.count, 1024)
        var odd = 0
        for i in 0..<looked where line[i] < 0x20 && line[i] != 0x09 && line[i] != 0x1B { odd += 1 }
        return odd * 10 > looked
    }
}
