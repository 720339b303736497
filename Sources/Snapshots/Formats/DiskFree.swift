// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The output of df(1): sizes or inodes of mounted file systems.
///
/// Rows are read from the right: mount point, percentage, and the three numbers before it. The unit
/// is the header's (`1K-blocks`) or, for -h, each number's. -H counts in powers of 1,000, which only
/// the command tells. Source: coreutils 9.1, src/df.c and its translations.
struct DiskFreeFormat: SnapshotFormat {
    static let name = "df"
    static let openers = [
        "Filesystem", "Lêerstelsel", "Файлова с-ма", "S. fitxers", "Souborový systém", "Filsystem",
        "Dateisystem", "Dosiersistemo", "S.ficheros", "Failisüsteem", "Fitxategi-sistema",
        "Tiedostojärjestelmä", "Sys. de fichiers", "Córas comhaid", "Sist. Fich",
        "Datotečni sustav", "Fájlrendszer", "Sistem Berkas", "File system", "ファイルシス",
        "파일 시스템", "Failų sistema", "Sistem fail", "Bestandssysteem", "System plików",
        "Sistema de ficheiros", "Sist. Arq.", "Sistem de fișiere", "Файловая система",
        "Súborový systém", "Dat. sist.", "Систем датотека", "Dosya sistemi", "Ф. система",
        "Hệ thống tập tin", "文件系统", "檔案系統",
    ]
    /// How the columns of `df -i` are headed.
    private static let inodes = [
        "Inode", "I-възли", "Nodes-i", "I-uzl", "I-nod", "Nodos-i", "I-kirjeid", "Inodo",
        "I-solmut", "Inœuds", "Inóid", "Iノード", "Inod", "iwęzły", "Inós", "Iнодов", "И-чворови",
        "Dosya indeks", "І-вузлів", "IUse",
    ]

    private var isInodes = false
    /// Bytes; nil where each number carries its unit.
    private var block: Int64?
    private var isDecimal = false
    /// The name of a device too long for its row.
    private var isWrapped = false
    private var wrappedName = ""

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        guard line.text.contains("%") || line.text.contains("Capacity") || line.words.count > 5
        else { return false }
        isInodes = Self.inodes.contains { line.text.contains($0) }
        if !isInodes {
            // `1K-blocks`, `blocs de 1K`, `1024-blocks`, `1B-blocks`.
            let words = line.text.split { $0 == " " || $0 == "-" || $0 == "的" }
            if let word = words.first(where: {
                $0.first?.isASCII == true && $0.first?.isNumber == true
            }) {
                let unit = word.prefix { $0.isASCII && ($0.isNumber || $0.isLetter) }
                // `1MB-blocks` are powers of 1,000.
                guard let size = Amounts.human(unit, isDecimal: unit.hasSuffix("B")), size > 0
                else { return false }
                block = size
            }
        }
        if sink.context.program == "df" {
            let options = sink.context.command.dropFirst().filter { !$0.hasPrefix("--output") }
            guard options.count == sink.context.command.count - 1 else { return false }
            isDecimal = options.contains { $0 == "--si" || $0.hasPrefix("-") && $0.contains("H") }
        }
        return true
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        let words = line.words
        guard !words.isEmpty else { return false }
        if words.count == 1, !isWrapped, words[0].contains("/") || words[0].contains(":") {
            isWrapped = true
            wrappedName = String(words[0])
            return true
        }
        guard let at = words.lastIndex(where: { Self.isShare($0) }), at >= (isWrapped ? 3 : 4),
            at + 1 < words.count, words[at + 1].hasPrefix("/")
        else { return false }
        let device = isWrapped ? wrappedName : words[..<(at - 3)].joined(separator: " ")
        isWrapped = false
        let numbers = words[(at - 3)..<at].map { $0 == "-" ? nil : number($0) }
        guard let size = numbers[0], let used = numbers[1], let free = numbers[2] else {
            return words[(at - 3)..<at].allSatisfy { $0 == "-" || number($0) != nil }
        }
        var snapshot = sink.snapshot(isInodes ? "df -i" : Self.name, .fileSystem, at: line)
        snapshot.subject.path = words[(at + 1)...].joined(separator: " ")
        if device.contains("/") || device.contains(":") {
            snapshot.set(.mountSource, device[...], line)
        }
        if isInodes {
            snapshot.set(.inodes, size, line)
            snapshot.set(.inodesFree, free, line)
        } else {
            snapshot.set(.diskSize, size, line)
            snapshot.set(.diskUsed, used, line)
            snapshot.set(.diskAvailable, free, line)
        }
        sink.emit(snapshot)
        return true
    }

    mutating func end(_ sink: inout SnapshotSink) {}

    private func number(_ word: Substring) -> Int64? {
        if let block { return Int64(word).map { Amounts.bytes($0, times: block) } }
        return Amounts.human(word, isDecimal: isDecimal)
    }

    /// `29%`, or `-` where there is nothing to be a share of.
    private static func isShare(_ word: Substring) -> Bool {
        word == "-" || word.hasSuffix("%") && Int(word.dropLast()) != nil
    }
}
