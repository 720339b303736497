// SPDX-License-Identifier: Apache-2.0
// Entries of a journal that mean nothing here.

internal import CByteScan
internal import Model

/// Passes over the entries of programs that are no servers and no part of the system, whose messages no
/// pattern can match: of those nothing is kept but the time and the writer of the last.
///
/// The loop is in C. It is sure only of entries that stand whole in the bytes at hand, whose writer is known
/// from an entry that was read field by field, with a message of one line of printable ASCII; all
/// others are left to the reader. A class because the reader of entries and the reader of records share it.
final class OrdinaryEntries {
    private let screen: EntryScreen
    private var writers = [forktopsy_writer](
        repeating: forktopsy_writer(), count: forktopsy_writers)
    private var keys = [UInt8](
        repeating: 0, count: forktopsy_writers * forktopsy_key_room)
    private var boots: [Int64] = []
    private var entry = forktopsy_entry()
    private var passed = forktopsy_passed()
    /// Entries that were passed over since somebody asked.
    private var count: Int64 = 0

    init(_ screen: EntryScreen) { self.screen = screen }

    /// How the entries stand in a journal.
    enum Form {
        case export, objects
    }

    /// The entry that comes behind those that were passed over, if it is whole.
    struct Next {
        /// Bytes and line feeds that were passed over.
        var position: Int
        var lines: Int
        /// `nil` where nothing is known of what follows.
        var entry: JournalEntry?
        /// Bytes and line feeds of it.
        var length = 0
        var entryLines = 0
    }

    /// Passes over what comes first in `bytes`, the first of which has the bit `shift` among the marks;
    /// `lines` came before them.
    ///
    /// The pointers do not leave the closures. C reads within the bytes, and the words of the marks, of
    /// which there are as many as the bytes need.
    func pass(
        _ bytes: Span<UInt8>, _ form: Form, _ marks: borrowing PairScan, _ shift: Int, lines: Int
    ) -> Next {
        let (firsts, seconds) = (marks.firsts.span, marks.seconds.span)
        let words = (bytes.count + shift + 63) / 64 + PairScan.padding
        guard bytes.count > 0 else { return Next(position: 0, lines: 0) }
        precondition(shift >= 0 && words <= min(firsts.count, seconds.count))
        let isWhole = unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe firsts.withUnsafeBufferPointer { firsts in
                unsafe seconds.withUnsafeBufferPointer { seconds in
                    unsafe withKnown { known in
                        var known = unsafe known
                        let count = Int64(bytes.count)
                        return switch form {
                        case .export:
                            unsafe forktopsy_pass_entries(
                                bytes.baseAddress, count, firsts.baseAddress, seconds.baseAddress,
                                Int64(shift), &known, &passed, &entry) != 0
                        case .objects:
                            unsafe forktopsy_pass_objects(
                                bytes.baseAddress, count, firsts.baseAddress, seconds.baseAddress,
                                Int64(shift), &known, &passed, &entry) != 0
                        }
                    }
                }
            }
        }
        count += passed.count
        var next = Next(position: Int(passed.position), lines: Int(passed.lines))
        guard isWhole else { return next }
        var found = JournalEntry()
        found.take(entry, base: lines + next.lines)
        (next.entry, next.length, next.entryLines) = (
            found, Int(entry.position), Int(entry.lines)
        )
        return next
    }

    private func withKnown<Result>(_ body: (forktopsy_known) -> Result) -> Result {
        unsafe writers.withUnsafeBufferPointer { writers in
            unsafe keys.withUnsafeBufferPointer { keys in
                unsafe screen.tables.withUnsafeBufferPointer { tables in
                    unsafe screen.beginnings.withUnsafeBufferPointer { beginnings in
                        unsafe boots.withUnsafeBufferPointer { boots in
                            unsafe body(
                                forktopsy_known(
                                    writers: writers.baseAddress, keys: keys.baseAddress,
                                    tables: tables.baseAddress,
                                    beginnings: beginnings.baseAddress,
                                    boots: boots.baseAddress, boot_count: Int64(boots.count)))
                        }
                    }
                }
            }
        }
    }

    /// Nothing is known of the entry at hand.
    func forget() { passed.is_unknown = 0 }

    /// Whether the entry at hand would be passed over if its writer were known.
    var isWriterUnknown: Bool { passed.is_unknown != 0 }

    /// From here on the entries are passed over of the writer of the entry at hand, with which `bytes`
    /// begin. He has the number `stream`.
    func learn(_ bytes: Span<UInt8>, stream: UInt16) {
        precondition(Int(entry.position) <= bytes.count)
        unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe writers.withUnsafeMutableBufferPointer { writers in
                unsafe keys.withUnsafeMutableBufferPointer { keys in
                    unsafe forktopsy_learn_writer(
                        writers.baseAddress, keys.baseAddress, bytes.baseAddress, &entry, stream)
                }
            }
        }
    }

    /// The boots of the host that are noted.
    func know(_ known: [Timestamp]) {
        if known.count != boots.count { boots = known.map { $0.nanoseconds / 1_000_000_000 } }
    }

    /// The header of the last entry that was passed over since this was asked; `nil` where none was.
    func takePassed() -> RecordHeader? {
        guard count > 0 else { return nil }
        count = 0
        return RecordHeader(
            form: .none,
            stamp: Stamp(
                form: .epoch, precision: .microsecond, nanoseconds: passed.realtime &* 1000),
            pid: passed.process, stream: passed.stream)
    }
}
