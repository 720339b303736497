// SPDX-License-Identifier: Apache-2.0

internal import Model

/// INFO of a server, whole or in part: `name:value`, under headings such as `# Memory`.
///
/// Source: redis 2.4.18 … 8.6.3 (src/redis.c, src/server.c, `genRedisInfoString`), valkey 9.1.2,
/// KeyDB v6.3.4. The same text stands in a crash report. Fields that end in `_human` repeat others:
/// a number that they contradict was cut, and is not read.
struct InfoFormat: SnapshotFormat {
    static let name = "INFO"
    static let openers =
        [
            "# Server", "# Clients", "# Memory", "# Persistence", "# Stats", "# Replication",
            "# CPU", "\"# ", "redis_version:", "process_id:",
        ] + InfoField.openers.map { $0 + ":" }

    private var snapshot: Snapshot?
    private var headings: Set<String> = []
    private var seen: [String: String] = [:]
    private var lastHeading = ""
    private var identity = ServerIdentity()

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        snapshot = sink.snapshot(Self.name, .server, at: line)
        if let lines = Self.unescaped(line) {
            for line in lines { _ = read(line, &sink) }
            return true
        }
        return read(line, &sink)
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        line.isBlank || read(line, &sink)
    }

    mutating func end(_ sink: inout SnapshotSink) {
        guard var snapshot else { return }
        // In order of name: what is noted must stand in the same order in each run.
        for (name, field) in InfoField.wholeNumbers {
            guard let number = snapshot[field.measure],
                let spoken = seen[name + "_human"].flatMap({ SpokenSize($0[...]) }),
                !spoken.fits(number), seen[name] == String(number)
            else { continue }
            snapshot.values.removeAll { $0.measure == field.measure }
            sink.note("INFO: \(name) is not what \(name)_human says, and is not read")
        }
        identity.describe(&snapshot)
        sink.emit(snapshot)
    }

    // MARK: - Lines

    private mutating func read(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        let text = line.text.trimmed
        if text.hasPrefix("# ") { return readHeading(String(text.dropFirst(2))) }
        guard let colon = text.utf8.firstIndex(of: 0x3A) else { return false }
        let name = String(text[..<colon])
        let value = text[text.index(after: colon)...]
        guard InfoField.isName(name), value.first != " " else { return false }
        if let before = seen[name] {
            // The next INFO begins where a field comes again; a line that stands twice is one.
            return before == value
        }
        seen[name] = String(value)
        set(name, value, line, &sink)
        return true
    }

    private mutating func readHeading(_ heading: String) -> Bool {
        guard InfoField.isHeading(heading) else { return false }
        if heading == lastHeading { return true }
        lastHeading = heading
        return headings.insert(heading).inserted
    }

    private mutating func set(
        _ name: String, _ value: Substring, _ line: SnapshotLine, _ sink: inout SnapshotSink
    ) {
        if identity.take(name, value, line) { return }
        if name == "server_time_usec" { return setTime(value, line, &sink) }
        if let state = InfoField.replicaState(name, value) {
            snapshot?.values.append(
                SnapshotValue(.replicaState, .text(state), line: line.number))
            if let lag = InfoField.replicaLag(value) {
                snapshot?.values.append(SnapshotValue(.replicaLag, .whole(lag), line: line.number))
            }
        }
        guard let field = InfoField.all[name] else { return }
        if let quantity = field.quantity(of: value) {
            snapshot?.values.append(SnapshotValue(field.measure, quantity, line: line.number))
        } else if !value.isEmpty {
            sink.note("INFO, line \(line.number): \(name) holds no readable value")
        }
    }

    /// The server's own clock says when this was printed.
    private mutating func setTime(
        _ value: Substring, _ line: SnapshotLine, _ sink: inout SnapshotSink
    ) {
        guard let microseconds = Int64(value),
            (1_000_000_000_000_000...4_102_444_800_000_000).contains(microseconds)
        else { return sink.note("INFO, line \(line.number): server_time_usec holds no time") }
        snapshot?.set(.serverTime, Double(microseconds) / 1_000_000, line)
        snapshot?.stamp = Stamp(
            form: .epoch, precision: .microsecond, nanoseconds: microseconds * 1000)
        snapshot?.timeBasis = .inFormat
    }

    /// The lines of an INFO that a program printed as one quoted text.
    private static func unescaped(_ line: SnapshotLine) -> [SnapshotLine]? {
        let text = line.text.trimmed
        guard text.hasPrefix("\"# "), text.contains("\\r\\n") else { return nil }
        var body = text.dropFirst()
        if body.hasSuffix("\"") { body = body.dropLast() }
        return body.split(separator: "\\r\\n").map {
            SnapshotLine(number: line.number, offset: line.offset, text: String($0))
        }
    }
}

/// A size as servers write it for people: `114.78M` (redis 7.2.4, src/util.c, `bytesToHuman`).
private struct SpokenSize {
    private let bytes: Double
    /// What the last digit stands for, in bytes.
    private let step: Double

    /// Nil for other forms, and for one that lost its end.
    init?(_ text: Substring) {
        let units: [Character: Double] = [
            "B": 1, "K": 0x1p10, "M": 0x1p20, "G": 0x1p30, "T": 0x1p40, "P": 0x1p50,
        ]
        guard let unit = text.last.flatMap({ units[$0] }), let number = Double(text.dropLast()),
            number.isFinite, number >= 0
        else { return nil }
        bytes = number * unit
        step = unit == 1 ? 1 : unit / 100
    }

    func fits(_ number: Int64) -> Bool { abs(Double(number) - bytes) <= step }
}

/// Who a server says it is: INFO's fields about itself, put together at its end.
struct ServerIdentity {
    private var fields: [String: (value: Substring, line: Int)] = [:]

    private static let names: Set<String> = [
        "redis_version", "valkey_version", "dragonfly_version", "server_name", "redis_mode",
        "server_mode", "process_id", "tcp_port", "run_id", "executable", "os", "storage_provider",
        "mvcc_depth", "redis_git_sha1", "role",
    ]

    /// Whether the field tells who the server is.
    mutating func take(_ name: String, _ value: Substring, _ line: SnapshotLine) -> Bool {
        guard Self.names.contains(name) else { return false }
        fields[name] = (value, line.number)
        return true
    }

    /// Names the subject of a snapshot, and sets what is known of the server.
    func describe(_ snapshot: inout Snapshot) {
        if let pid = number("process_id"), let pid = Int32(exactly: pid), pid > 0 {
            snapshot.subject.pid = pid
            set(.processID, .whole(Int64(pid)), "process_id", &snapshot)
        }
        if let port = number("tcp_port"), (1...65535).contains(port) {
            snapshot.subject.port = Int(port)
            set(.tcpPort, .whole(port), "tcp_port", &snapshot)
        }
        setText(.runID, "run_id", &snapshot)
        setText(.serverRole, "role", &snapshot)
        setText(.serverMode, fields["server_mode"] == nil ? "redis_mode" : "server_mode", &snapshot)
        setSystem(&snapshot)
        guard let product else { return }
        set(.serverProduct, .text(product.name), product.field, &snapshot)
        setText(.serverVersion, product.versionField, &snapshot)
    }

    /// Valkey calls itself redis 7.2.4 as well, and KeyDB has Redis's fields: `redis` is what is
    /// left where the fields that stand behind the version are there and name nobody else.
    private var product: (name: String, field: String, versionField: String)? {
        let name = fields["server_name"]?.value ?? ""
        let program = fields["executable"]?.value.split(separator: "/").last ?? ""
        if fields["dragonfly_version"] != nil {
            return ("dragonfly", "dragonfly_version", "dragonfly_version")
        }
        if fields["valkey_version"] != nil { return ("valkey", "valkey_version", "valkey_version") }
        if name == "valkey" || program.hasPrefix("valkey") {
            return ("valkey", name == "valkey" ? "server_name" : "executable", "valkey_version")
        }
        if program.hasPrefix("keydb") { return ("keydb", "executable", "redis_version") }
        for field in ["storage_provider", "mvcc_depth"] where fields[field] != nil {
            return ("keydb", field, "redis_version")
        }
        // None of the others goes back before 5.0.
        if let major = fields["redis_version"]?.value.split(separator: ".").first,
            ["2", "3", "4"].contains(major), fields["server_mode"] == nil
        {
            return ("redis", "redis_version", "redis_version")
        }
        guard fields["redis_version"] != nil, fields["redis_git_sha1"] != nil,
            fields["server_mode"] == nil, name.isEmpty, fields["run_id"] != nil
        else { return nil }
        return ("redis", "redis_version", "redis_version")
    }

    /// `Linux 6.18.44-fc-v669 x86_64`: uname's release and machine, the host's in a container too.
    private func setSystem(_ snapshot: inout Snapshot) {
        guard let words = fields["os"]?.value.split(separator: " "), words.count == 3,
            words[0] == "Linux"
        else { return }
        set(.kernelRelease, .text(String(words[1])), "os", &snapshot)
        set(.architecture, .text(String(words[2])), "os", &snapshot)
    }

    private func number(_ name: String) -> Int64? { fields[name].flatMap { Int64($0.value) } }

    private func setText(_ measure: Measure, _ name: String, _ snapshot: inout Snapshot) {
        guard let value = fields[name]?.value, !value.isEmpty else { return }
        set(measure, .text(String(value)), name, &snapshot)
    }

    private func set(
        _ measure: Measure, _ quantity: SnapshotValue.Quantity, _ name: String,
        _ snapshot: inout Snapshot
    ) {
        guard let line = fields[name]?.line else { return }
        snapshot.values.append(SnapshotValue(measure, quantity, line: line))
    }
}
