// SPDX-License-Identifier: Apache-2.0
// Answers of a server, whole and in pieces, true and hostile.

import Testing

@testable import Live

struct ReplyParserTests {
    private static let answers: [(String, Reply)] = [
        ("+OK\r\n", .text("OK")),
        ("-NOAUTH Authentication required.\r\n", .error("NOAUTH Authentication required.")),
        (":42\r\n", .number(42)),
        ("$5\r\na\r\nb1\r\n", .text("a\r\nb1")),
        ("$-1\r\n", .none),
        ("*0\r\n", .list([])),
        ("*2\r\n$3\r\ndir\r\n$4\r\n/var\r\n", .list([.text("dir"), .text("/var")])),
    ]

    @Test(arguments: answers.indices)
    func `An answer is taken when its last byte is there`(index: Int) {
        let (text, reply) = Self.answers[index]
        let bytes = Array(text.utf8)
        var parser = ReplyParser()
        for byte in bytes.dropLast() {
            parser.bytes.append(byte)
            #expect(parser.next() == .needMore)
        }
        parser.bytes += [bytes[bytes.count - 1]] + Array("+next\r\n".utf8)
        #expect(parser.next() == .reply(reply))
        #expect(parser.next() == .reply(.text("next")))
    }

    @Test(arguments: [
        "x\r\n", "$99999999999\r\n", "*99999999\r\n", ":no\r\n", "$a\r\n", "\r\n",
        String(repeating: "*1\r\n", count: 20),
    ])
    func `What is no answer is refused`(text: String) {
        var parser = ReplyParser()
        parser.bytes = Array(text.utf8)
        #expect(parser.next() == .bad)
    }

    @Test func `A line without an end is not waited for for ever`() {
        var parser = ReplyParser()
        parser.bytes = [UInt8](repeating: 0x2B, count: 1 << 17)
        #expect(parser.next() == .bad)
    }

    @Test(arguments: [
        ("127.0.0.1:6379", "127.0.0.1:6379"), ("*:6379", "127.0.0.1:6379"),
        ("[::1]:7000", "[::1]:7000"), ("6380", "127.0.0.1:6380"),
        ("/run/redis.sock", "/run/redis.sock"),
    ])
    func `An address is understood as titles of servers have it`(text: String, spoken: String) {
        #expect(ServerAddress(text)?.spoken == spoken)
    }

    @Test(arguments: ["", "host", "host:0", "host:99999", "host:x"])
    func `What is no address is refused`(text: String) {
        #expect(ServerAddress(text) == nil)
    }
}
