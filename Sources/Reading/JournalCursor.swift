// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The place of an entry in a journal, as journalctl prints it: `s=…;i=5d0;b=…;m=…;t=…;x=…`.
///
/// `s` names a run of sequence numbers and `i` is the number in it, in hexadecimal
/// (systemd 257, docs/JOURNAL_EXPORT_FORMATS.md).
package struct JournalCursor: Hashable, Sendable {
    package let text: String
    private let run: Substring
    private let number: UInt64?

    init(_ text: String) {
        self.text = text
        var run: Substring = ""
        var number: UInt64?
        for part in text.split(separator: ";") {
            if part.hasPrefix("s=") { run = part.dropFirst(2) }
            if part.hasPrefix("i=") { number = UInt64(part.dropFirst(2), radix: 16) }
        }
        self.run = run
        self.number = number
    }

    init(_ bytes: Span<UInt8>, _ range: Range<Int>) { self.init(bytes.text(range)) }

    /// Whether the entry stands at or before `other` in the same run.
    func isUpTo(_ other: JournalCursor) -> Bool {
        guard let number, let last = other.number, run == other.run else {
            return text == other.text
        }
        return number <= last
    }
}
