// SPDX-License-Identifier: Apache-2.0
// The command lines of docs/formats.md, against stand-ins that hold a body to its tracker's limits.

import Foundation
import TestSupport
import Testing

@Suite("Examples for tickets")
struct TicketExampleTests {
    /// Lines of the `sh` block below `<!-- tested: tickets -->`.
    static let commands: [String] = {
        let file = URL(fileURLWithPath: Checkout.path).appendingPathComponent("docs/formats.md")
        let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let block = lines.drop { $0 != "<!-- tested: tickets -->" }.dropFirst(2)
        return block.prefix { $0 != "```" }.filter { !$0.hasPrefix("#") }
    }()

    /// Programs that a test machine lacks, and a server that answers as Jira does.
    private static let standIns = [
        "gh": """
        #!/usr/bin/env python3
        import sys, os
        is_comment = sys.argv[2] == "comment"
        start = 4 if is_comment else 3
        options = dict(zip(sys.argv[start::2], sys.argv[start + 1::2]))
        body = open(options["--body-file"]).read()
        title = os.environ["TITLE"] if is_comment else options["--title"]
        fits = 0 < len(body) <= 65536 and len(title) <= 256 and title == os.environ["TITLE"]
        name = "gh comment" if is_comment else "gh"
        open(os.environ["RECORD"], "a").write(name + ("\\n" if fits else " refused\\n"))
        """,
        "glab": """
        #!/usr/bin/env python3
        import sys, os
        options = dict(x.split("=", 1) for x in sys.argv if "=" in x)
        body = open(options["description"][1:]).read()
        fits = 0 < len(body.encode()) <= 1048576 and len(options["title"]) <= 255
        fits = fits and options["title"] == os.environ["TITLE"]
        open(os.environ["RECORD"], "a").write("glab\\n" if fits else "glab refused\\n")
        """,
        "mail": """
        #!/usr/bin/env python3
        import sys, os
        body = sys.stdin.read()
        fits = sys.argv[1:3] == ["-s", os.environ["TITLE"]] and "\\x1b" not in body and max(map(len, body.split("\\n"))) < 998
        open(os.environ["RECORD"], "a").write("mail\\n" if fits else "mail refused\\n")
        """,
        "jira": """
        #!/usr/bin/env python3
        import json, os, http.server
        class Jira(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                data = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.path == "/rest/api/2/issue":
                    text = data["fields"]["description"]
                    title = data["fields"]["summary"]
                    fits = len(title) <= 255 and title == os.environ["TITLE"]
                else:
                    text = json.dumps(data["body"], ensure_ascii=False, separators=(",", ":"))
                    fits = data["body"]["type"] == "doc" and data["body"]["version"] == 1
                fits = fits and 0 < len(text.encode("utf-16-le")) // 2 <= 32767
                name = "jira " + self.path.split("/")[3]
                open(os.environ["RECORD"], "a").write(name + ("\\n" if fits else " refused\\n"))
                self.send_response(201 if fits else 400)
                self.end_headers()
                self.wfile.write(b"{}")
            def log_message(self, *ignored): pass
        server = http.server.HTTPServer(("127.0.0.1", 0), Jira)
        open(os.environ["PORT"], "w").write(str(server.server_port) + "\\n")
        server.serve_forever()
        """,
    ]

    /// A name that is markup in every tracker, and nothing else in a title.
    private static let hostileName = "PROD-DB-1 h:tada: redis_[eu] `x` #1.log"
    private static let hostileTitle =
        "A server (logs/\(hostileName)): 1 fork refused (ENOMEM), not over when the data ends"
    private static let hostileLog =
        "5976:M 22 Nov 2026 13:01:38.682 # Can't save in background: fork: Cannot allocate memory\n"

    @Test("the README's are among them")
    func readme() throws {
        let file = URL(fileURLWithPath: Checkout.path).appendingPathComponent("README.md")
        let lines = try String(contentsOf: file, encoding: .utf8)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let shown = lines.drop { $0 != "<!-- tickets -->" }.dropFirst(2).prefix { $0 != "```" }
        #expect(shown.count >= 5)
        #expect(shown.filter { !Self.commands.contains($0) } == [])
    }

    @Test("every tracker takes what the examples send it")
    func examples() throws {
        #expect(Self.commands.count >= 8)
        try withTemporaryFolder { path in
            let folder = URL(fileURLWithPath: path)
            for (name, text) in Self.standIns {
                let file = folder.appendingPathComponent(name)
                try Data((text + "\n").utf8).write(to: file)
                try FileManager.default.setAttributes(
                    [.posixPermissions: 0o755], ofItemAtPath: file.path)
            }
            let record = folder.appendingPathComponent("record")
            // A test's children may have the gentler signals blocked. The server is waited for by opening the pipe into which it writes its port.
            let script = """
                mkfifo "$PORT"
                jira & server=$!
                trap 'kill -9 $server' EXIT
                export JIRA="http://127.0.0.1:$(head -n 1 "$PORT")"
                \(Self.commands.joined(separator: "\n"))
                true
                """
            var environment = Program.environment
            let built = URL(fileURLWithPath: Program.path).deletingLastPathComponent().path
            environment["PATH"] = "\(folder.path):\(built):" + (environment["PATH"] ?? "")
            environment["RECORD"] = record.path
            environment["PORT"] = folder.appendingPathComponent("port").path
            let logs = folder.appendingPathComponent("logs")
            try FileManager.default.createDirectory(
                at: logs, withIntermediateDirectories: false)
            try Data(Self.hostileLog.utf8).write(to: logs.appendingPathComponent(Self.hostileName))
            environment["LOGS"] = "logs"
            environment["TITLE"] = Self.hostileTitle
            let run = try Program.execute(
                "/bin/bash", ["-c", script], in: folder.path, environment: environment)
            #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
            let recorded = try String(contentsOf: record, encoding: .utf8)
            #expect(recorded == "gh\ngh comment\nglab\njira 2\njira 3\nmail\n")
            for name in ["review.md", "report.html"] {
                let size = try Data(contentsOf: folder.appendingPathComponent(name)).count
                #expect(size > 1000)
            }
        }
    }
}
