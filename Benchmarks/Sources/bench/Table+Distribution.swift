// SPDX-License-Identifier: Apache-2.0
internal import Foundation
internal import Generator

// MARK: - Row 12: what is copied to a host in trouble

extension Table {
    mutating func distribution() throws {
        var notes: [String] = []
        let stripped = files.path("stripped")
        guard Launcher.text(["strip", "-o", stripped, common.binary])?.status == 0 else {
            results.rows.append(sizeRow(nil, ["strip is not installed"]))
            return
        }
        let size = Input(path: stripped, truth: Truth()).bytes
        let foreign = try libraries(of: stripped, &notes)
        let isPortable = foreign.isEmpty
        if !foreign.isEmpty {
            notes.append("NOT self-contained: " + foreign.joined(separator: ", "))
        }
        if isPortable { try runAlone(stripped, &notes) }
        results.rows.append(sizeRow(isPortable ? Spread([Double(size) / 1e6]) : nil, notes))
    }

    private func sizeRow(_ measured: Spread?, _ notes: [String]) -> Row {
        Row(
            "12", "stripped binary, size", against: "", mustHold: 30, goFor: 16, unit: " MB",
            measured: measured, notes: notes)
    }

    /// Libraries that a stock Debian 12 or Ubuntu 24.04 does not have, and symbols newer than
    /// theirs. Both have glibc 2.36 and GCC 12's C++ library, or later.
    private func libraries(of path: String, _ notes: inout [String]) throws -> [String] {
        guard let said = Launcher.text(["objdump", "-p", path]), said.status == 0 else {
            throw BenchError("objdump is needed (binutils)")
        }
        let stock = [
            "libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1",
            "libgcc_s.so.1", "libstdc++.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1",
        ]
        var (needed, foreign): ([String], [String]) = ([], [])
        var newest: [String: [Int]] = [:]
        for line in said.text.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            if words.first == "NEEDED", let name = words.last {
                needed.append(name)
                if !stock.contains(name) { foreign.append(name) }
            }
            guard let symbol = words.last, symbol.contains("GLIBC"),
                let cut = symbol.firstIndex(of: "_")
            else { continue }
            let version = symbol[symbol.index(after: cut)...].split(separator: ".").compactMap {
                Int($0)
            }
            let family = String(symbol[..<cut])
            if (newest[family] ?? []).lexicographicallyPrecedes(version) {
                newest[family] = version
            }
        }
        for (family, limit) in [("GLIBC", [2, 36]), ("GLIBCXX", [3, 4, 30])] {
            guard let version = newest[family] else { continue }
            let text = "\(family)_" + version.map(String.init).joined(separator: ".")
            notes.append("newest symbol: \(text)")
            if limit.lexicographicallyPrecedes(version) { foreign.append(text) }
        }
        notes.append("needs " + needed.joined(separator: ", "))
        return foreign
    }

    /// Runs the program in a folder that has the C library and nothing else, over a log and over
    /// inputs whose libraries and programs are missing there.
    private func runAlone(_ stripped: String, _ notes: inout [String]) throws {
        let root = files.path("alone")
        try? FileManager.default.removeItem(atPath: root)
        try FileManager.default.createDirectory(
            atPath: root + "/tmp", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(
            atPath: root + "/proc", withIntermediateDirectories: true)
        for line in (Launcher.text(["ldd", stripped])?.text ?? "").split(separator: "\n") {
            guard
                let path = line.split(whereSeparator: \.isWhitespace).first(where: {
                    $0.hasPrefix("/")
                })
            else { continue }
            let target = root + path
            try FileManager.default.createDirectory(
                atPath: URL(fileURLWithPath: target).deletingLastPathComponent().path,
                withIntermediateDirectories: true)
            _ = Launcher.text(["cp", "-L", String(path), target])
        }
        var small = GeneratorOptions(seed: common.seed, bytes: 10_000)
        small.incidentRate = 0.05
        let log = try files.log(small)
        _ = Launcher.text(["cp", stripped, root + "/forktopsy"])
        _ = Launcher.text(["cp", log.path, root + "/redis.log"])
        let packed = try files.packed(log, by: ["zstd", "-3", "-c", "-q"], suffix: ".zst")
        _ = Launcher.text(["cp", packed.path, root + "/redis.log.zst"])
        // The beginning of a systemd journal's file.
        try Data(Array("LPKSHHRH".utf8) + [UInt8](repeating: 0, count: 1000))
            .write(to: URL(fileURLWithPath: root + "/system.journal"))
        for name in ["redis.log", "redis.log.zst", "system.journal"] {
            // Of the host it gets /proc, from which Swift takes a program's arguments.
            let script = """
                mount --rbind /proc "$1/proc" && \
                exec chroot "$1" /forktopsy analyze --format json "/$2"
                """
            let said = Launcher.text([
                "unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh", root, name,
            ])
            guard let said, said.text.contains("forktopsy.report") else {
                notes.append("not run alone: chroot or namespaces are not allowed here")
                return
            }
            let words = Self.problems(said.text)
            notes.append(
                "alone with libc, `analyze \(name)`: exit code \(said.status)"
                    + (words.isEmpty ? "" : ", \"\(words)\""))
        }
    }

    /// What a report says of its inputs' problems.
    private static func problems(_ text: String) -> String {
        struct Report: Decodable {
            struct Input: Decodable { let problems: [String] }
            let inputs: [Input]
        }
        guard let start = text.firstIndex(of: "{"),
            let report = try? JSONDecoder().decode(Report.self, from: Data(text[start...].utf8))
        else { return text.split(separator: "\n").first.map(String.init) ?? "" }
        return report.inputs.flatMap(\.problems).joined(separator: "; ")
    }
}
