// SPDX-License-Identifier: Apache-2.0

/// The fields of a journal entry that are the same in all entries of one writer, ready to be copied.
struct EntryFields: Sendable {
    let export: [UInt8]
    /// Without braces, with a comma at the end.
    let json: [UInt8]
    let lines: Int

    init(_ fields: [(name: String, value: String)]) {
        let all =
            fields + [
                ("_MACHINE_ID", "0c8e1f2a3b4d5e6f708192a3b4c5d6e7"), ("_HOSTNAME", "cache-07"),
            ]
        export = Array(all.map { "\($0.name)=\($0.value)\n" }.joined().utf8)
        json = Array(all.map { "\"\($0.name)\":\"\($0.value)\"," }.joined().utf8)
        lines = all.count
    }

    static let kernel = EntryFields([
        ("_TRANSPORT", "kernel"), ("PRIORITY", "4"), ("SYSLOG_FACILITY", "0"),
        ("SYSLOG_IDENTIFIER", "kernel"),
    ])

    /// What a server writes to its standard output under systemd.
    static func server(_ number: Int) -> EntryFields {
        let unit = "redis-server@\(6379 + number).service"
        return EntryFields([
            ("_TRANSPORT", "stdout"), ("PRIORITY", "6"), ("SYSLOG_FACILITY", "3"),
            ("SYSLOG_IDENTIFIER", "redis-server"), ("_PID", "\(1000 + number)"), ("_UID", "112"),
            ("_GID", "118"), ("_COMM", "redis-server"), ("_EXE", "/usr/bin/redis-check-rdb"),
            ("_CMDLINE", "/usr/bin/redis-server 127.0.0.1:\(6379 + number)"),
            ("_CAP_EFFECTIVE", "0"), ("_SYSTEMD_CGROUP", "/system.slice/\(unit)"),
            ("_SYSTEMD_UNIT", unit), ("_SYSTEMD_SLICE", "system.slice"),
            ("_SYSTEMD_INVOCATION_ID", "7b1e5d3c9a2f4e6d8c0b1a2f3e4d5c6b"),
        ])
    }
}

/// A service that has nothing to do with the servers.
struct Service: Sendable {
    let fields: EntryFields
    let isSystemd: Bool
    let write: @Sendable (inout ByteBuffer, inout RandomSource) -> Void

    private init(
        _ name: String, unit: String, program: String,
        _ write: @escaping @Sendable (inout ByteBuffer, inout RandomSource) -> Void
    ) {
        fields = EntryFields([
            ("_TRANSPORT", "syslog"), ("PRIORITY", "6"), ("SYSLOG_FACILITY", "10"),
            ("SYSLOG_IDENTIFIER", name), ("SYSLOG_PID", "913"),
            ("SYSLOG_TIMESTAMP", "Jan  1 00:00:00 "), ("_PID", "913"), ("_UID", "0"),
            ("_GID", "0"), ("_COMM", name), ("_EXE", program), ("_CMDLINE", program),
            ("_CAP_EFFECTIVE", "1ffffffffff"), ("_SYSTEMD_CGROUP", "/system.slice/\(unit)"),
            ("_SYSTEMD_UNIT", unit), ("_SYSTEMD_SLICE", "system.slice"),
            ("_SYSTEMD_INVOCATION_ID", "2f3e4d5c6b7b1e5d3c9a2f4e6d8c0b1a"),
        ])
        isSystemd = name == "systemd"
        self.write = write
    }

    static let all: [Service] = [
        Service("sshd", unit: "ssh.service", program: "/usr/sbin/sshd") {
            $0.text("Accepted publickey for deploy from 10.0.3.")
            $0.number($1.below(250))
            $0.text(" port ")
            $0.number(20_000 + $1.below(40_000))
            $0.text(" ssh2: ED25519 SHA256:Zk3v0lq0Uq5m4m1eXo")
        },
        Service("cron", unit: "cron.service", program: "/usr/sbin/cron") {
            $0.text("(root) CMD (cd / && run-parts --report /etc/cron.hourly) ")
            $0.number($1.below(60_000))
        },
        Service("nginx", unit: "nginx.service", program: "/usr/sbin/nginx") {
            $0.text("10.0.3.")
            $0.number($1.below(250))
            $0.text(" - - \"GET /api/v1/items/")
            $0.number($1.below(60_000))
            $0.text(" HTTP/1.1\" 200 812 \"-\" \"Mozilla/5.0\"")
        },
        Service("systemd", unit: "init.scope", program: "/usr/lib/systemd/systemd") {
            $0.text("Started session-")
            $0.number($1.below(60_000))
            $0.text(".scope - Session of user deploy.")
        },
        Service("dockerd", unit: "docker.service", program: "/usr/bin/dockerd") {
            $0.text("level=info msg=\"ignoring event\" topic=/tasks/delete container=")
            $0.hexadecimal($1.next(), width: 16)
        },
    ]
}
