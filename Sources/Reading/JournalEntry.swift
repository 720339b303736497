// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The fields of one journal entry that matter here, as ranges of the bytes it was read from.
///
/// Source: systemd.journal-fields(7), systemd 257.
struct JournalEntry {
    enum Field {
        case message, realtime, monotonic, transport, identifier, command, unit, subject, host
        case pid, syslogPID, container, bootID, cursor

        /// The field of a name; `nil` for the many that do not matter.
        @inline(__always)
        init?(_ bytes: Span<UInt8>, _ name: Range<Int>) {
            let i = name.lowerBound
            switch (name.count, bytes[i]) {
            case (7, 0x4D) where bytes.has("MESSAGE", at: i): self = .message
            case (20, 0x5F) where bytes.has("__REALTIME_TIMESTAMP", at: i): self = .realtime
            case (21, 0x5F) where bytes.has("__MONOTONIC_TIMESTAMP", at: i): self = .monotonic
            case (10, 0x5F) where bytes.has("_TRANSPORT", at: i): self = .transport
            case (17, 0x53) where bytes.has("SYSLOG_IDENTIFIER", at: i): self = .identifier
            case (5, 0x5F) where bytes.has("_COMM", at: i): self = .command
            case (13, 0x5F) where bytes.has("_SYSTEMD_UNIT", at: i): self = .unit
            case (4, 0x55) where bytes.has("UNIT", at: i): self = .subject
            case (9, 0x5F) where bytes.has("_HOSTNAME", at: i): self = .host
            case (4, 0x5F) where bytes.has("_PID", at: i): self = .pid
            case (10, 0x53) where bytes.has("SYSLOG_PID", at: i): self = .syslogPID
            case (14, 0x43) where bytes.has("CONTAINER_NAME", at: i): self = .container
            case (8, 0x5F) where bytes.has("_BOOT_ID", at: i): self = .bootID
            case (8, 0x5F) where bytes.has("__CURSOR", at: i): self = .cursor
            default: return nil
            }
        }
    }

    var message: Range<Int>?
    /// MESSAGE holds JSON escapes.
    var isMessageEscaped = false
    /// MESSAGE came as an array of byte values.
    var isMessageBytes = false
    /// MESSAGE was there, but journalctl left its value out (`null`: longer than 4,096 bytes).
    var isMessageMissing = false
    var messageLine = 0
    var realtime: Int64?
    var monotonic: Int64?
    var transport: Range<Int>?
    var identifier: Range<Int>?
    var command: Range<Int>?
    var unit: Range<Int>?
    var subject: Range<Int>?
    var host: Range<Int>?
    var container: Range<Int>?
    var cursor: Range<Int>?
    var pid: Int32 = 0
    var syslogPID: Int32 = 0
    var fields = 0

    /// Takes the value of a field; the first of several counts.
    @inline(__always)
    mutating func set(_ field: Field, _ value: Range<Int>, in bytes: Span<UInt8>) {
        switch field {
        case .message: message = message ?? value
        case .realtime: realtime = Self.time(bytes, value)
        case .monotonic: monotonic = Self.time(bytes, value)
        case .transport: transport = transport ?? value
        case .identifier: identifier = identifier ?? value
        case .command: command = command ?? value
        case .unit: unit = unit ?? value
        case .subject: subject = subject ?? value
        case .host: host = host ?? value
        case .container: container = container ?? value
        case .pid: pid = Int32(clamping: Self.number(bytes, value) ?? 0)
        case .syslogPID: syslogPID = Int32(clamping: Self.number(bytes, value) ?? 0)
        case .cursor: cursor = cursor ?? value
        case .bootID: break
        }
    }

    /// Microseconds, up to a year that stamps can hold.
    private static func time(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int64? {
        number(bytes, range).flatMap { $0 <= timeLimit ? $0 : nil }
    }

    static let timeLimit: Int64 = 7_258_118_400_000_000

    private static func number(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int64? {
        guard range.count <= 18, let (value, end) = bytes.number(at: range.lowerBound, limit: 18),
            end == range.upperBound
        else { return nil }
        return Int64(value)
    }

    var stamp: Stamp {
        guard let realtime else { return .none }
        return Stamp(form: .epoch, precision: .microsecond, nanoseconds: realtime &* 1000)
    }

    func speaker(in bytes: Span<UInt8>) -> Wrapper.Speaker {
        if let transport, bytes.has("kernel", at: transport.lowerBound), transport.count == 6 {
            return .kernel
        }
        if let identifier {
            let known = Wrapper.speaker(named: identifier, in: bytes)
            if known != .somebody { return known }
        }
        if let command { return Wrapper.speaker(named: command, in: bytes) }
        return .somebody
    }

    /// Whether the entry is a line of a program's standard output, not a syslog message.
    func isOutput(in bytes: Span<UInt8>) -> Bool {
        guard let transport else { return true }
        return !bytes.has("syslog", at: transport.lowerBound)
            && !bytes.has("journal", at: transport.lowerBound)
    }

    /// A number that entries of the same writer share.
    func writerHash(in bytes: Span<UInt8>) -> UInt64 {
        var hash = Self.mixed(0, host, bytes)
        hash = Self.mixed(hash, identifier, bytes)
        hash = Self.mixed(hash, unit ?? subject, bytes)
        return Self.mixed(hash, container, bytes)
    }

    /// Eight bytes at a time: every entry is asked. A text that is missing is none that is empty.
    private static func mixed(_ start: UInt64, _ range: Range<Int>?, _ bytes: Span<UInt8>) -> UInt64
    {
        var hash = mixed(start, range.map { UInt64($0.count) } ?? .max)
        guard let range else { return hash }
        var i = range.lowerBound
        while i + 8 <= range.upperBound {
            hash = mixed(hash, bytes.word(i))
            i += 8
        }
        var rest: UInt64 = 0
        while i < range.upperBound {
            rest = rest << 8 | UInt64(bytes[i])
            i += 1
        }
        return mixed(hash, rest)
    }

    /// The finalizer of MurmurHash3 over each word.
    @inline(__always)
    private static func mixed(_ hash: UInt64, _ word: UInt64) -> UInt64 {
        var mixed = (hash ^ word) &* 0xFF51_AFD7_ED55_8CCD
        mixed ^= mixed >> 33
        mixed = (mixed &+ hash) &* 0xC4CE_B9FE_1A85_EC53
        return mixed ^ mixed >> 33
    }

    func writer(in bytes: Span<UInt8>) -> WriterStream {
        WriterStream(
            host: host.map { bytes.text($0) }, identifier: identifier.map { bytes.text($0) },
            unit: (unit ?? subject).map { bytes.text($0) },
            container: container.map { bytes.text($0) })
    }
}
