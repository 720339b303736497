// SPDX-License-Identifier: Apache-2.0

/// A binary file of sysstat (`/var/log/sysstat/sa22`), which only the sadf of its version reads.
///
/// Source: sysstat 12.6.1, sa.h: `SYSSTAT_MAGIC` 0xd596, then the version of the format (0x2170 and
/// later), both in the byte order of the host that wrote the file.
enum ActivityFile {
    static let format = "sysstat file"

    static func isActivityFile(_ head: Span<UInt8>) -> Bool {
        head.byte(0) == 0x96 && head.byte(1) == 0xD5 && head.byte(3) == 0x21
            || head.byte(0) == 0xD5 && head.byte(1) == 0x96 && head.byte(2) == 0x21
    }

    /// Its activities as `sadf -d` prints them, in UTC.
    static func open(_ path: String) throws(ReadError) -> ProcessSource {
        let file = path.contains("/") ? path : "./" + path
        let advice =
            "on the host that wrote it, run sadf -d \(file) -- -A > sadf.txt and give that instead"
        do throws(ReadError) {
            return try ProcessSource(
                "sadf", ["-d", file, "--", "-A"],
                failure: (
                    "sadf of this host could not read the file to its end",
                    "; it may be of another version of sysstat: \(advice)"
                ))
        } catch {
            throw ReadError(
                code: .unreadable,
                reason: "a binary file of sysstat needs sadf, which is not here: \(advice)")
        }
    }
}
