// SPDX-License-Identifier: Apache-2.0
// No secret leaves in any field or format, pseudonyms are stable, and the story stays readable.

import Foundation
import JSON
import Model
import Reports
import SchemaChecks
import TestSupport
import Testing

/// Every string of a JSON value with its path.
private func strings(_ value: JSONValue, at path: String = "") -> [(path: String, text: String)] {
    switch value {
    case .string(let text): [(path, text)]
    case .array(let items): items.flatMap { strings($0, at: path + "[]") }
    case .object(let members):
        members.flatMap { member in
            [(path + ".key", member.name)] + strings(member.value, at: path + "." + member.name)
        }
    default: []
    }
}

private func json(_ report: Report, _ mode: Redaction.Mode) throws -> JSONValue {
    var options = ReportOptions(format: .json)
    options.redact = mode
    return try JSONValue(parsing: report.rendered(options))
}

private func redacted(_ text: String, _ mode: Redaction.Mode = .secrets) -> String {
    var report = Report(toolVersion: "1")
    report.verdict = text
    var redactor = Redactor(mode: mode)
    return redactor.redacted(report).verdict
}

@Test func thePassReachesEveryStringOfTheReport() throws {
    var report = SampleReport.report
    report.incidents[0].causes[0].evidence[2].source?.cursor = "s=1"
    report.mapStrings { _ in "X" }
    // What Forktopsy makes itself: names of enumerations, hashes, times, keys of the schema.
    let own: Set = [
        ".schema", ".tool.name", ".tool.version", ".redaction.mode", ".inputs[].kind",
        ".inputs[].clock[].basis", ".inputs[].clock[].year_basis", ".outlook[].would_fork",
        ".incidents[].id", ".incidents[].supersedes[]", ".incidents[].related[]",
        ".incidents[].kind",
        ".incidents[].consequences[]", ".incidents[].status", ".incidents[].severity",
        ".incidents[].persistence.exposure", ".incidents[].verdict.state",
        ".incidents[].verdict.between[]",
        ".incidents[].causes[].id", ".incidents[].causes[].role", ".incidents[].causes[].verdict",
        ".incidents[].causes[].confidence", ".incidents[].timeline[].kind",
        ".incidents[].timeline[].severity", ".incidents[].memory[].scope",
    ]
    for (path, text) in strings(try json(report, .none)) {
        if path.hasSuffix(".key"), !path.hasSuffix(".values.key") { continue }
        if own.contains(path) || path.hasSuffix(".role") || path.hasSuffix(".direction") {
            continue
        }
        if path.hasSuffix("_at") || path.hasSuffix(".at") || path.hasSuffix(".from") { continue }
        if [".to", ".until", "_from", "_until"].contains(where: { path.hasSuffix($0) }) {
            continue
        }
        #expect(text == "X", "\(path) is not reached by mapStrings")
    }
}

@Test(arguments: ReportFormat.allCases)
func aSecretPlantedInEveryFieldAppearsNowhere(format: ReportFormat) {
    var report = SampleReport.report
    report.mapStrings { $0 + " requirepass hunter2 redis://u:hunter2@h:6379 AUTH hunter2 x" }
    var options = ReportOptions(format: format)
    options.width = 200
    #expect(!report.rendered(options).contains("hunter2"))
    options.redact = .none
    #expect(report.rendered(options).contains("hunter2"))
}

@Test(arguments: [
    "requirepass S3CRET", "requirepass \"S3CRET\"", "--requirepass S3CRET --port 6379",
    "masterauth=S3CRET",
    "CONFIG SET requirepass S3CRET", "\"CONFIG\" \"SET\" \"masterauth\" \"S3CRET\"",
    "primaryauth 'S3CRET'",
    "sentinel auth-pass mymaster S3CRET", "SENTINEL SET mymaster auth-pass S3CRET",
    "AUTH S3CRET", "AUTH default S3CRET", "auth S3CRET", "HELLO 3 AUTH default S3CRET SETNAME x",
    "1339518083.107412 [0 127.0.0.1:60866] \"AUTH\" \"S3CRET\"", "\"auth\" \"bob\" \"S3CRET\"",
    "MIGRATE host 6379 key 0 5000 AUTH2 bob S3CRET KEYS a", "redis-cli -a S3CRET INFO",
    "redis-cli --pass S3CRET",
    "valkey-cli -h db1 -p 6379 -a 'S3CRET' PING", "REDISCLI_AUTH=S3CRET redis-cli PING",
    "redis://:S3CRET@db1:6379/0", "rediss://user:S3CRET@db1/0", "https://S3CRET@example.com/x",
    "redis://user:S3CRET/x@db1:6379", "redis://user:S3@S3CRET@db1:6379",
    "dsn default:S3CRET@db1.prod:6379",
    "http://h/?password=S3CRET&x=1", "https://h/cb?access_token=S3CRET", "REDIS_PASSWORD=S3CRET",
    "password: S3CRET", "{\"password\":\"S3CRET\",\"user\":\"x\"}",
    "{\\\"password\\\":\\\"S3CRET\\\"}",
    "AWS_SECRET_ACCESS_KEY=S3CRET", "api_key = \"S3CRET\"", "X-Api-Key: S3CRET",
    "Authorization: Bearer S3CRET",
    "authorization: Basic S3CRET==", "client-secret=S3CRET", "tls-key-file-pass S3CRET",
    "user alice on >S3CRET ~* +@all", "user bob on <S3CRET", "ACL SETUSER bob on >S3CRET",
    "\"ACL\" \"SETUSER\" \"bob\" \">S3CRET\"", "argv[1]: '\"S3CRET\"'", "argv[2]: 'S3CRET'",
    "1) \"requirepass\"\n2) \"S3CRET\"", "$11\r\nrequirepass\r\n$6\r\nS3CRET\r\n",
    "requirepass \"with space S3CRET\"", "requirepass \"esc\\\"S3CRET\"",
    "token ghp_S3CRETS3CRETS3CRET",
    "glpat-S3CRETS3CRETS3CRET", "AKIAS3CRETS3CRETS3CR", "jwt eyJhbGciOi.S3CRETS3CRET.S3CRET",
    "-----BEGIN RSA PRIVATE KEY-----\nS3CRET\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY----- S3CRET",
    "/data/requirepass=S3CRET/dump.rdb", "MASTERAUTH S3CRET", "passwd=S3CRET;",
    "PGPASSWORD='S3CRET'",
    "*2\\r\\n$4\\r\\nAUTH\\r\\n$6\\r\\nS3CRET\\r\\n",
    "*3\\r\\n$4\\r\\nAUTH\\r\\n$3\\r\\nbob\\r\\n$6\\r\\nS3CRET\\r\\n", "AUTH\\r\\nS3CRET\\r\\n",
    "requirepass\\tS3CRET", "REDIS_PASSWORD S3CRET", "auth user=default password S3CRET",
    "password%3DS3CRET", "with password 'S3CRET'", "the password is S3CRET", "password is 'S3CRET'",
    "redis-benchmark -a S3CRET -n 1", "valkey-cli -aS3CRET", "keydb-benchmark -a S3CRET",
    "memtier_benchmark --authenticate=S3CRET", "memtier_benchmark -a S3CRET",
    "sshpass -p S3CRET ssh h", "sshpass -pS3CRET ssh h", "mysql -u root -pS3CRET",
    "curl -u admin:S3CRET https://h/", "curl --user admin:S3CRET https://h/",
    "Cookie: session=S3CRET; id=S3CRET", "session_id=S3CRET", "JSESSIONID=S3CRET",
    "- name: REDIS_PASSWORD value: S3CRET", "- name: REDIS_PASSWORD\n  value: \"S3CRET\"",
    "{\"name\":\"REDIS_PASSWORD\",\"value\":\"S3CRET\"}", "rename-command CONFIG S3CRET",
    "rename-command FLUSHALL \"S3CRET\"",
    "hash $2b$12$S3CRETS3CRETS3CRETS3CRETS3CRETS3CRETS3CRETS3CRETS3CRE",
    "root:$6$S3CRETS3$S3CRETS3CRETS3CRETS3CRET:19000", "/srv/docker-requirepass-S3CRET/redis.log",
    "/srv/auth-S3CRET/redis.log",
])
func secretsAreFoundInEveryShape(line: String) {
    let out = redacted(line)
    #expect(!out.contains("S3CRET"), "\(out)")
    #expect(out.contains("[redacted]"))
}

@Test func hashesOfACLPasswordsAreHidden() {
    let hash = String(repeating: "0123456789abcdef", count: 4)
    #expect(redacted("user alice on #\(hash) ~*") == "user alice on #[redacted] ~*")
    #expect(redacted("/var/lib/docker/containers/\(hash)/x.log").contains(hash))
}

@Test(arguments: [
    "5976:M 22 Nov 2026 13:01:38.682 # Can't save in background: fork: Cannot allocate memory",
    "1:M 22 Nov 2024 10:15:02.123 * 10000 changes in 60 seconds. Saving...",
    "1:S 22 Nov 2024 10:15:02.123 # Unable to AUTH to MASTER: -WRONGPASS invalid "
        + "username-password pair",
    "1:S 22 Nov 2024 10:15:02.123 * Cannot AUTH to MASTER, is the masterauth password correct?",
    "1:M 22 Nov 2024 10:15:02.123 # Failover auth denied to 0a1b2c: its master is up",
    "1:M 22 Nov 2024 10:15:02.123 # Failover auth granted to 0a1b2c for epoch 4",
    "1:S 22 Nov 2024 10:15:02.123 * (Non critical) Master does not understand REPLCONF",
    "Fast memory test PASSED, however your memory can still be broken.",
    "argv[0]: '\"SET\"'", "127.0.0.1:6379@16379 myself,master - 0 0 1 connected",
    "NOAUTH Authentication required.",
    "WARNING Memory overcommit must be enabled! add 'vm.overcommit_memory = 1' to /etc/sysctl.conf",
    "https://redis.io/topics/persistence", "sysctl -w vm.overcommit_memory=1",
    "MISCONF Redis is configured to save RDB snapshots, but it is currently not able to persist "
        + "on disk.",
    "stop-writes-on-bgsave-error is on by default", "acl_access_denied_auth:0",
    "Speculation_Store_Bypass:\tvulnerable", "I/O error reading auth result from MASTER: timeout",
    "password is required", "The password is wrong.", "with password protection",
    "REDIS_PASSWORD is not set", "REDIS_PASSWORD environment variable is empty",
    "redis-cli -h db1 --aof-load", "journalctl -u redis-server.service",
    "docker run --user 999:999 redis",
    "rename-command CONFIG \"\"", "kubectl exec -p cache-0", "/srv/auth-service/redis.log",
    "/srv/auth-server-01/redis.log", "C:\\temp\\new\\redis.log", "cost $2 and $3 a month",
    "cookies are no matter of servers", "session closed for user root",
    "established, waiting for AUTH reply...", "10.0.0.1:6379@16379,db1.example.com master - 0 0 1",
])
func ordinaryLinesAreLeftAlone(line: String) {
    #expect(redacted(line) == line)
}

@Test func aFactNamedAfterASecretIsHidden() throws {
    var report = SampleReport.report
    report.incidents[0].facts[0].name = "requirepass"
    report.incidents[0].facts[0].value = "hunter2"
    let text = report.rendered(ReportOptions(format: .json))
    #expect(!text.contains("hunter2"))
    #expect(try json(report, .secrets)["redaction"]?["secrets_replaced"] == .int(1))
}

@Test func addressesGetNamesThatStayTheSame() {
    let out = redacted(
        "10.0.0.7:6379 lost 10.0.0.8:6379, then 10.0.0.7 and [2001:db8::1]:6379 and "
            + "db1.prod.internal",
        .addresses)
    #expect(out == "addr-1:6379 lost addr-2:6379, then addr-1 and [addr-3]:6379 and host-1")
}

@Test(arguments: [
    "5976:M 22 Nov 2026 13:01:38.682 # Server started, Redis version 7.2.6",
    "127.0.0.1:6379 and ::1",
    "redis-server.log:12", "vm.overcommit_memory=1", "memory.max of the cgroup", "temp-123.rdb",
    "12:01:38 to 12:05:10", "std::vector", "0::/system.slice/redis-server.service",
    "/etc/sysctl.d/90-redis.conf",
    "appendonly.aof.1.base.rdb",
    "see https://redis.io/docs", "kernel 6.1.0-17-amd64", "pid 5976, port 6379",
])
func wordsThatLookLikeAddressesAreLeftAlone(line: String) {
    #expect(redacted(line, .addresses) == line)
}

@Test func theHostOfAnInstanceIsHiddenEverywhere() throws {
    var report = SampleReport.report
    report.incidents[0].instance.host = "orchid"
    report.inputs[0].facts.path = "/srv/logs/orchid/redis.log"
    report.incidents[0].timeline[0].quote = "Nov 22 13:01:38 ORCHID redis[1]: x"
    report.incidents[0].causes[0].statement = "Host orchid-backup is another; orchids too."
    let all = strings(try json(report, .addresses)).map(\.text)
    #expect(!all.contains { $0.lowercased().contains("orchid/") || $0.contains("ORCHID ") })
    #expect(all.contains("/srv/logs/host-1/redis.log"))
    #expect(all.contains { $0.contains("orchids too") })
    #expect(
        all.contains { $0.contains("unit redis-server.service") || $0 == "redis-server.service" })
}

@Test func allHidesContainersAndUnitsToo() throws {
    let all = strings(try json(SampleReport.report, .all)).map(\.text)
    #expect(!all.contains { $0.contains("cache-0") || $0.contains("redis-server.service") })
    #expect(all.contains("container-1"))
    #expect(all.contains("unit-1"))
}

@Test func pathsOfCertificatesAreHiddenOnRequest() {
    let line = "tls-key-file /etc/pki/redis.key tls-cert-file \"/etc/pki/redis.crt\""
    #expect(redacted(line) == line)
    #expect(redacted(line, .all) == "tls-key-file [redacted] tls-cert-file \"[redacted]\"")
}

@Test(arguments: ReportFormat.allCases, [Redaction.Mode.addresses, .all])
func anAddressPlantedInEveryFieldAppearsNowhere(format: ReportFormat, mode: Redaction.Mode) {
    var report = SampleReport.report
    report.mapStrings { $0 + " 203.0.113.77 db7.corp.example [2001:db8::77]:6379" }
    var options = ReportOptions(format: format)
    options.width = 200
    options.redact = mode
    options.key = PseudonymKey(Array("a key of sixteen bytes".utf8))
    let body = report.rendered(options)
    for address in ["203.0.113.77", "db7.corp", "2001:db8", "db1.prod"] {
        #expect(!body.contains(address))
    }
    for layout in Layout.allCases {
        options.layout = layout
        #expect(!report.rendered(options).contains("203.0.113.77"))
    }
}

@Test func redactionKeepsTheSchema() throws {
    let schema = try JSONValue(parsing: String(contentsOfFile: Tool.schemaPath, encoding: .utf8))
    for mode in Redaction.Mode.allCases {
        #expect(SchemaCheck.problems(of: try json(SampleReport.report, mode), schema: schema) == [])
    }
}

@Test func hostileTextIsRedactedWithoutHarm() {
    for line in HostileText.lines {
        for mode in Redaction.Mode.allCases { _ = HostileText.report(line).rendered(options(mode)) }
    }
    func options(_ mode: Redaction.Mode) -> ReportOptions {
        var options = ReportOptions(format: .markdown)
        options.redact = mode
        return options
    }
}
