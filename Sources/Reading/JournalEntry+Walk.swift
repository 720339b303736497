// SPDX-License-Identifier: Apache-2.0
// The fields of an entry in the export format, as C finds them.

internal import CByteScan

extension JournalEntry {
    /// Reads the fields from `position` on of which C is sure. `true` at the end of the entry, behind which
    /// `position` is then.
    ///
    /// The pointers do not leave the closures. C reads within lines whose ends the marks show, and the words
    /// of the marks, of which there are as many as the bytes need.
    mutating func walk(
        _ bytes: Span<UInt8>, _ marks: borrowing PairScan, _ shift: Int, _ position: inout Int,
        _ lines: inout Int, base: Int
    ) -> Bool {
        guard position < bytes.count else { return false }
        let (feeds, equals) = (marks.firsts.span, marks.seconds.span)
        let words = (bytes.count + shift + 63) / 64 + PairScan.padding
        precondition(position >= 0 && shift >= 0 && words <= min(feeds.count, equals.count))
        var found = forktopsy_entry()
        found.position = Int64(position)
        found.start = (-1, -1, -1, -1, -1, -1, -1, -1, -1)
        let isAtEnd = unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe feeds.withUnsafeBufferPointer { feeds in
                unsafe equals.withUnsafeBufferPointer { equals in
                    unsafe forktopsy_walk_entry(
                        bytes.baseAddress, Int64(bytes.count), feeds.baseAddress,
                        equals.baseAddress, Int64(shift), &found) != 0
                }
            }
        }
        take(found, base: base + lines)
        position = Int(found.position)
        lines += Int(found.lines)
        return isAtEnd
    }

    /// Takes what C found, behind so many lines. Of a text the first counts, of a number the last.
    mutating func take(_ found: forktopsy_entry, base: Int) {
        if found.message_line > 0 { messageLine = base + Int(found.message_line) }
        fields += Int(found.fields)
        if message == nil { isMessageEscaped = found.is_escaped != 0 }
        let (start, end) = (found.start, found.end)
        if message == nil, start.0 >= 0 { message = Int(start.0)..<Int(end.0) }
        if transport == nil, start.1 >= 0 { transport = Int(start.1)..<Int(end.1) }
        if identifier == nil, start.2 >= 0 { identifier = Int(start.2)..<Int(end.2) }
        if command == nil, start.3 >= 0 { command = Int(start.3)..<Int(end.3) }
        if unit == nil, start.4 >= 0 { unit = Int(start.4)..<Int(end.4) }
        if subject == nil, start.5 >= 0 { subject = Int(start.5)..<Int(end.5) }
        if host == nil, start.6 >= 0 { host = Int(start.6)..<Int(end.6) }
        if container == nil, start.7 >= 0 { container = Int(start.7)..<Int(end.7) }
        if cursor == nil, start.8 >= 0 { cursor = Int(start.8)..<Int(end.8) }
        let (isThere, numbers) = (found.has_number, found.numbers)
        if isThere.0 != 0 { realtime = Self.time(numbers.0) }
        if isThere.1 != 0 { monotonic = Self.time(numbers.1) }
        if isThere.2 != 0 { pid = Int32(clamping: max(0, numbers.2)) }
        if isThere.3 != 0 { syslogPID = Int32(clamping: max(0, numbers.3)) }
    }

    /// Microseconds, as far as stamps can hold them; -1 stands for none.
    private static func time(_ number: Int64) -> Int64? {
        number >= 0 && number <= timeLimit ? number : nil
    }
}
