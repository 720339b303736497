// SPDX-License-Identifier: Apache-2.0

import Testing

/// Something that puts text around every line of a log.
struct Wrapping: Sendable, CustomTestStringConvertible {
    let name: String
    private let line: @Sendable (_ text: String, _ at: Written) -> String

    private init(_ name: String, _ line: @escaping @Sendable (String, Written) -> String) {
        self.name = name
        self.line = line
    }

    var testDescription: String { name }

    /// `times` are those of `lines`, as `Written.times(of:)` gives them.
    func around(_ lines: [String], _ times: [Written]) -> [String] {
        zip(lines, times).map { line($0, $1) }
    }

    /// All of them.
    static let all: [Wrapping] = [
        Wrapping("syslog") { text, at in "Nov 22 \(at.second) cache-07 redis-server[4711]: \(text)"
        },
        Wrapping("syslog of a container") { text, at in
            "Nov 22 \(at.second) 82c7b88dd5a8 app.cache: \(text)"
        },
        Wrapping("syslog with a priority") { text, at in
            "<30>Nov 22 \(at.second) cache-07 redis[4711]: \(text)"
        },
        Wrapping("RFC 5424") { text, at in
            "<134>1 2026-11-22T\(at.millisecond)456Z cache-07 redis 4711 - - \(text)"
        },
        Wrapping("RFC 5424 with data") { text, at in
            #"<134>1 2026-11-22T\#(at.millisecond)456Z cache-07 redis 4711 - [x@1 a="b\]c" d="e"] \#(text)"#
        },
        Wrapping("compose") { text, _ in "redis_1  | \(text)" },
        Wrapping("compose in colours") { text, _ in "\u{1B}[36mapp-redis-1  |\u{1B}[0m \(text)" },
        Wrapping("docker logs -t") { text, at in "2026-11-22T\(at.millisecond)123412Z \(text)" },
        Wrapping("CRI") { text, at in "2026-11-22T\(at.millisecond)123412Z stdout F \(text)" },
        Wrapping("json-file") { text, at in
            #"{"log":"\#(json(text))\n","stream":"stdout","time":"2026-11-22T\#(at.millisecond)123412Z"}"#
        },
        Wrapping("a shipper's JSON") { text, at in
            #"{"@timestamp":"2026-11-22T\#(at.millisecond)Z","host":{"name":"cache-07"},"message":"\#(json(text))"}"#
        },
        Wrapping("kubectl --prefix") { text, _ in "[pod/redis-0/redis] \(text)" },
        Wrapping("stern") { text, _ in "redis-0 redis \(text)" },
        Wrapping("grep -H") { text, _ in "redis.log:\(text)" },
        Wrapping("grep -Hn") { text, at in "redis.log:\(at.number):\(text)" },
        Wrapping("grep -rn") { text, at in "./log/redis-server.log:\(at.number):\(text)" },
        Wrapping("grep -n") { text, at in "\(at.number):\(text)" },
        Wrapping("cat -n") { text, at in "    \(at.number)\t\(text)" },
        Wrapping("fabric") { text, _ in "[cache-07] out: \(text)" },
        Wrapping("pdsh") { text, _ in "cache-07: \(text)" },
        Wrapping("ansible") { text, _ in "        \"\(json(text))\"," },
        Wrapping("heroku") { text, at in
            "2026-11-22T\(at.millisecond)000+00:00 app[redis.1]: \(text)"
        },
        Wrapping("foreman") { text, at in "\(at.second) redis.1  | \(text)" },
        Wrapping("supervisor") { text, at in
            "2026-11-22 \(at.second),000 DEBG 'redis' stdout output: \(text)"
        },
        Wrapping("short-iso") { text, at in
            "2026-11-22T\(at.second)+0000 cache-07 redis-server[4711]: \(text)"
        },
        Wrapping("short-full") { text, at in
            "Sun 2026-11-22 \(at.second) UTC cache-07 redis-server[4711]: \(text)"
        },
        Wrapping("short-unix") { text, at in
            "\(at.epoch).756000 cache-07 redis-server[4711]: \(text)"
        },
        Wrapping("short-monotonic") { text, _ in
            "[ 5000.001200] cache-07 redis-server[4711]: \(text)"
        },
        Wrapping("short-delta") { text, _ in
            "[ 5000.001200 <    0.000047 >] cache-07 redis-server[4711]: \(text)"
        },
        Wrapping("mail") { text, _ in "> \(text)" },
        Wrapping("mail twice") { text, _ in ">> \(text)" },
        Wrapping("indented") { text, _ in "    \(text)" },
        Wrapping("tab") { text, _ in "\t\(text)" },
        Wrapping("list") { text, _ in "- \(text)" },
        Wrapping("code") { text, _ in "`\(text)`" },
        Wrapping("bold") { text, _ in "**\(text)**" },
        Wrapping("table") { text, _ in "| \(text) |" },
        Wrapping("web page") { text, _ in
            "<p>\(text.replacing("&", with: "&amp;").replacing("'", with: "&#39;").replacing("<", with: "&lt;"))</p>"
        },
        Wrapping("line break") { text, _ in "\(text)<br>" },
        Wrapping("CR") { text, _ in "\(text)\r" },
    ]

    private static func json(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            .replacing("\t", with: "\\t").replacing("\r", with: "\\r")
            .replacing("\u{1B}", with: "\\u001b")
    }
}

/// Where a line stands and when it was written, in UTC on 22 November 2026.
struct Written {
    let number: Int
    /// `11:51:23`
    let second: String
    /// `11:51:23.756`
    let millisecond: String

    /// Seconds since 1970.
    var epoch: Int {
        let parts = second.split(separator: ":").compactMap { Int($0) }
        return 1_795_305_600 + parts[0] * 3600 + parts[1] * 60 + parts[2]
    }

    /// A line without a time was written when the one above it was.
    static func times(of lines: [String]) -> [Written] {
        var clock = "00:00:00.000"
        return lines.enumerated().map { number, line in
            if let found = line.firstMatch(of: /22 Nov 2026 (\d\d:\d\d:\d\d\.\d\d\d)/) {
                clock = String(found.1)
            }
            return Written(
                number: number + 1, second: String(clock.prefix(8)), millisecond: clock)
        }
    }
}
