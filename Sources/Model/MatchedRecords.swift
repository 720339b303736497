// SPDX-License-Identifier: Apache-2.0

/// Records that stand one after the other in an input and were matched while it was read, by
/// templates (`MessageTemplates`): their events, packed as an `EventLog` keeps them.
///
/// A class because it is handed on with every line, and most come without.
package final class MatchedRecords: Sendable {
    let entries: [EventBlock.Entry]
    /// What the entries point into, and how much of it there is.
    let bytes: [UInt8]
    let used: Int

    /// How many they are.
    package var count: Int { entries.count }

    /// `bytes` holds, from the start of each event on, four bytes for each of its captures (its bounds in
    /// the line), the line, and 0.
    package init(_ events: [Event], bytes: [UInt8], used: Int) {
        entries = events.map { event in
            var entry = EventBlock.Entry(
                event.header, pattern: event.pattern, line: event.line, offset: event.offset)
            entry.start = UInt32(event.start)
            entry.length = UInt16(event.length)
            entry.captures = UInt8(event.captures)
            return entry
        }
        self.bytes = bytes
        self.used = used
    }

    /// One of them, before it is packed.
    package struct Event: Sendable {
        package var header: RecordHeader
        /// The number of its pattern.
        package var pattern: Int
        /// Counted from 1.
        package var line: Int
        package var offset: Int64
        /// Where its bytes begin, the length of its line, and how many captures it has.
        package var start: Int
        package var length: Int
        package var captures: Int

        @inlinable
        package init(
            header: RecordHeader, pattern: Int, line: Int, offset: Int64, start: Int, length: Int,
            captures: Int
        ) {
            self.header = header
            self.pattern = pattern
            self.line = line
            self.offset = offset
            self.start = start
            self.length = length
            self.captures = captures
        }
    }
}
