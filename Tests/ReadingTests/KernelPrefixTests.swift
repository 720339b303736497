// SPDX-License-Identifier: Apache-2.0
// Lines of the kernel in every form of dmesg, and behind what other programs put before them.

import Model
import Testing

@testable import Reading

private let message = "Out of memory: Killed process 77 (redis-server) total-vm:1kB, anon-rss:1kB"

@Test(arguments: [
    "[  937.219873] ", "[Sun Nov 22 11:32:48 2026] ", "2026-11-22T11:32:48,219873+00:00 ",
    "kern  :err   : [  937.219873] ", "[Nov22 11:33] ", "[  +0.000047] ", "3,626,937219873,-;",
    "Nov 22 11:51:23 h kernel: ", "Nov 22 11:51:23 h kernel: [52217.663325] ",
    "messages:12:Nov 22 11:51:23 h kernel: ", "12:Nov 22 11:51:23 h kernel: ",
    "syslog-12-Nov 22 11:51:23 h kernel: ", "./log/syslog:2026-11-22T11:51:23+01:00 h kernel: ",
    "h1: Nov 22 11:51:23 h kernel: ", "[h1] out: [  937.219873] ", "> > [  937.219873] ",
    "    Nov 22 11:51:23 h kernel: ", "Here it is: Nov 22 11:51:23 h kernel: ",
    "Sun 2026-11-22 11:51:23 CET h kernel: ", "Sun 2026-11-22 11:51:23 +08 h kernel: ",
])
func theKernelSpeaksBehindAnyPrefix(prefix: String) {
    let line = Array((prefix + message).utf8)
    let found = classify(line)
    #expect(found.scope == .kernel, "\(found)")
    #expect(String(decoding: found.message(of: line), as: UTF8.self) == message)
}

@Test(arguments: [
    ("4:26720:M", "5:26720:M", Int32(26720)), ("30:1:M", "31:1:M", 1), ("1:20:M", "1:21:M", 1),
    ("8:8:M", "8:12:M", 8),
])
func aNumberThatGrowsIsALineNumber(first: String, second: String, pid: Int32) throws {
    let text = [first, second].map { "\($0) 22 Nov 2026 11:51:41.070 * Ready\n" }.joined()
    #expect(try readLog(text).seen.map(\.header.pid) == [pid, pid])
}
