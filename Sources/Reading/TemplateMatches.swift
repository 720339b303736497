// SPDX-License-Identifier: Apache-2.0
// The loop in C that passes over records, and what it takes on its way.

internal import CByteScan
internal import Model

/// Records that templates have matched since the last line that was lent.
struct TemplateMatches {
    private var templates: MessageTemplates?
    private var events: [forktopsy_event] = []
    private var bytes: [UInt8] = []
    private(set) var count = 0
    private var used = 0
    /// Where in the input the byte stands that a block's first mark is about.
    var origin: Int64 = 0

    /// Events that are held at once, and bytes for an event.
    private static let capacity = 512
    private static let room = 128

    /// From here on templates are tried.
    mutating func begin(_ templates: MessageTemplates?) {
        guard let templates, !templates.code.isEmpty else { return }
        self.templates = templates
        events = Array(repeating: forktopsy_event(), count: Self.capacity)
        bytes = Array(repeating: 0, count: Self.capacity * Self.room)
    }

    /// Gives what was taken, each with the header that is told from it, and forgets it.
    mutating func take(_ header: (forktopsy_event) -> RecordHeader) -> MatchedRecords {
        var out: [MatchedRecords.Event] = []
        out.reserveCapacity(count)
        for i in 0..<count {
            let event = events[i]
            out.append(
                MatchedRecords.Event(
                    header: header(event), pattern: Int(event.pattern), line: Int(event.line),
                    offset: event.offset, start: Int(event.start), length: Int(event.length),
                    captures: Int(event.captures)))
        }
        let matched = MatchedRecords(out, bytes: bytes, used: used)
        (count, used) = (0, 0)
        return matched
    }

    /// Passes over the records of which C is sure that nothing else is to be done, and takes those that
    /// a template matches.
    ///
    /// The pointers do not leave the closures. C reads within the line at hand, whose end is a line feed
    /// that the marks show, and the words of the marks, of which there are as many; it writes as many
    /// events and bytes as there is room for.
    mutating func pass(
        _ run: inout forktopsy_run, _ place: inout forktopsy_place, _ bytes: Span<UInt8>,
        _ marks: borrowing BlockScan, _ filter: [UInt8]
    ) {
        let (start, words) = (marks.start, marks.words)
        let (feeds, flags) = (marks.feeds.span, marks.flags.span)
        precondition(words + BlockScan.padding <= min(feeds.count, flags.count))
        precondition(start >= 0 && words <= (bytes.count - start + 63) / 64)
        precondition(filter.count == 2 * MessageScreen.filterSize)
        unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe feeds.withUnsafeBufferPointer { feeds in
                unsafe flags.withUnsafeBufferPointer { flags in
                    unsafe filter.withUnsafeBufferPointer { filter in
                        unsafe withPointers { templates, taken in
                            unsafe forktopsy_pass_records(
                                &run, &place, bytes.baseAddress, feeds.baseAddress,
                                flags.baseAddress, Int64(start), Int64(words), filter.baseAddress,
                                templates, taken)
                        }
                    }
                }
            }
        }
    }

    /// Lends the templates and the room for what they match; neither where there are none.
    private mutating func withPointers(
        _ body: (UnsafePointer<forktopsy_templates>?, UnsafeMutablePointer<forktopsy_events>?) ->
            Void
    ) {
        guard let templates else { return body(nil, nil) }
        let capacity = events.count
        let room = bytes.count
        unsafe templates.heads.withUnsafeBufferPointer { heads in
            unsafe templates.code.withUnsafeBufferPointer { code in
                unsafe events.withUnsafeMutableBufferPointer { events in
                    unsafe bytes.withUnsafeMutableBufferPointer { bytes in
                        var known = unsafe forktopsy_templates(
                            heads: heads.baseAddress, code: code.baseAddress)
                        var taken = unsafe forktopsy_events(
                            events: events.baseAddress, bytes: bytes.baseAddress,
                            capacity: Int64(capacity), room: Int64(room), count: Int64(count),
                            used: Int64(used), origin: origin)
                        unsafe body(&known, &taken)
                        unsafe (count, used) = (Int(taken.count), Int(taken.used))
                    }
                }
            }
        }
    }
}
