// SPDX-License-Identifier: Apache-2.0
// What is no record must not become one; what hides in somebody's string must.

import Model
import Testing

@testable import Reading

private let refused = "Can't save in background: fork: Cannot allocate memory"

/// Output without a header: redis 2.6 - 8.6.3 and valkey, `LL_RAW` and stderr.
private let rawLines = [
    "                _._                                                  ",
    "           _.-``__ ''-._                                             ",
    "      _.-``    `.  `_.  ''-._           Redis 3.2.13 (00000000/0) 64 bit",
    " |`-._`-...-` __...-.``-._|'` _.-'|     Port: 6379",
    " |    `-._   `._    /     _.-'    |     PID: 21872",
    "=== REDIS BUG REPORT START: Cut & paste starting from here ===",
    "=== VALKEY BUG REPORT START: Cut & paste starting from here ===",
    "------ STACK TRACE ------", "------ INFO OUTPUT ------", "------ CLIENT LIST OUTPUT ------",
    "------ DUMPING CODE AROUND EIP ------", "EIP:", "Backtrace:",
    "/usr/bin/redis-server *:6379(logStackTrace+0x45)[0x46e5d5]",
    "/lib/x86_64-linux-gnu/libc.so.6(+0x3c4b0)[0x7f3d1c23c4b0]",
    "RAX:0000000000000000 RBX:00007f3d1c23c4b0", "Symbol: debugCommand (base: 0x4d1e20)",
    "# Server", "# Memory", "used_memory:863512", "used_memory_human:843.27K", "run_id:0123abc",
    "executable:/usr/bin/redis-server", "db0:keys=1,expires=0,avg_ttl=0", "redis_git_dirty:0",
    "slave0:ip=10.0.0.2,port=6379,state=online,offset=1,lag=0", "process_id:1",
    "rdb_last_cow_size:0",
    "id=3 addr=127.0.0.1:52555 fd=8 name= age=855 idle=0 flags=N db=0 sub=0 cmd=client",
    "zmalloc: Out of memory trying to allocate 1048576 bytes",
    "<jemalloc>: Error in munmap(): Cannot allocate memory",
    "*** FATAL CONFIG FILE ERROR ***", "Reading the configuration file, at line 2",
    ">>> 'save 900'",
    "       If you want to report this crash, please open an issue:",
]

/// Lines that hold parts of a header, in some order.
private let lookalikes = [
    "1:2:3:4:5:6:7:8", "::1", "fe80::1:M", "2001:db8::1:S 22", "10:15:02.123 hello", "12:34:M",
    "12:34:M ",
    "1:M", "1:M 22", "1:M 22 Nov 2024", "1:M 22 Nov 2024 10:15:02.123",
    "1:M 22 Nov 2024 10:15:02.123 ",
    "1:M 22 Nov 2024 10:15:02.123 !", "1:M 22 Nov 2024 10:15:02.123 ## x",
    "1:M 22 Nov 2024 10:15:02.123# x", "1:M 22 Nov 2024  10:15:02.123 # x",
    "1:M 22 Nov 2024 10:15 # x", "1:M 22 Nov 2024 24:00:00.000 # x",
    "1:M 22 Nov 2024 10:60:00.000 # x",
    "1:M 32 Nov 2024 10:15:02.123 # x", "1:M 00 Nov 2024 10:15:02.123 # x",
    "1:M 22 Nav 2024 10:15:02.123 # x", "1:M 22 nov 2024 10:15:02.123 # x",
    "1:M 22 November 10:15:02.123 # x", "1:Q 22 Nov 2024 10:15:02.123 # x",
    "1:m 22 Nov 2024 10:15:02.123 # x", "1M 22 Nov 2024 10:15:02.123 # x",
    ":M 22 Nov 2024 10:15:02.123 # x", "x:M 22 Nov 2024 10:15:02.123 # x",
    "-1:M22 Nov 2024 10:15:02.123 # x", "2147483648:M 22 Nov 2024 10:15:02.123 # x",
    "99999999999999999999:M 22 Nov 2024 10:15:02.123 # x",
    "1:22:33:44 22 Nov 2024 10:15:02.123 # x",
    "1:M 2024-11-22 # x", "1:M 2024-13-22T10:15:02.123+01:00 # x", "1:M 179534839103 # x",
    "1:M 17953483910321 # x", "1:signal-handler 1732270502 x", "1:signal-handler (x) y",
    "1:signal-handler (1732270502)", "signal-handler (1732270502) x", "[1249] (1430836816) x",
    "[1249 | signal handler (1430836816) x", "[0x46e5d5] 15 Sep 16:00:02 # x",
    "[] 15 Sep 16:00:02 # x",
    "[15 Sep 16:00:02] # x", "pid=1", "pid=1 role=primary",
    "pid= role=primary timestamp=\"\" level=x message=\"y\"",
    #"pid=1 role=primary timestamp="yesterday" level=warning message="x""#,
    #"pid=1 role=primary time="22 Nov 2024 10:15:02.123" level=warning message="x""#,
    #"{"pid":1}"#,
    #"{"pid":"1","role":"primary","timestamp":"1732270502123","level":"notice","message":"x"}"#,
    #"{"pid":1,"role":"primary","timestamp":"now","level":"notice","message":"x"}"#,
    "I0402 06:52:46.653319       1 main.go:680] x", "I20240402 06:52:46 1 x.cc:1] y",
    "I20241302 06:52:46.653319 1 x.cc:1] y", "I20240402 25:52:46.653319 1 x.cc:1] y",
    "I20240402 06:52:46.653319 1 no bracket", "Warning: no config file specified",
    "Error: 12:M", "Fri Nov 22 10:15:02 2024", "id=12:M addr=10.0.0.1:6379 name=1:M",
]

/// Numbers that no time can be made of: each of these ended the program once.
private let absurd = [
    "1:signal-handler (999999999999) x", "[1 | signal handler] (999999999999) x",
    "1:M 9999999999999 # x", "9999999999.1 x", "9999999999.123456 x", "0001-01-01 00:00:00 hello",
    "0001-01-01T00:00:00Z hello", "2999-01-01 00:00:00 hello",
    "9999-12-31T23:59:59.999999999-23:59 x",
    "1:M 22 Nov 9999 10:15:02.123 # x", "1:M 22 Nov 0000 10:15:02.123 # x",
    "[9999999999.123456] x", "[Sun Nov 22 11:32:48 9999] x", "[Sun Nov 22 11:32:48 0001] x",
    "<134>1 2024-11-22T10:15:02Z host app 1 - -", "<134>1 9999-11-22T10:15:02Z host app 1 - - x",
    "I99990402 06:52:46.653319     1 x.cc:680] y", "Tue 9999-11-14 22:13:20 UTC host x",
]

@Test(arguments: rawLines + lookalikes)
func whatIsNoRecordIsRaw(line: String) {
    let found = classify(Array(line.utf8))
    #expect(!found.isRecord, "\(found)")
    #expect(found.scope == .raw && found.header.form == .none && found.header.pid == 0)
}

@Test(arguments: absurd)
func absurdNumbersAreSurvived(line: String) throws {
    #expect(try readLog(line + "\n" + line).facts.lines == 2)
    // Behind a wrapper, too, and before a true record.
    let behind = "\(line) 1:M 22 Nov 2024 10:15:02.123 # \(refused)"
    #expect(classify(Array(behind.utf8)).message.upperBound == behind.utf8.count)
}

@Test(arguments: [
    // docker's json-file, with Go's escapes
    (
        #"{"log":"1:M 22 Nov 2024 10:15:02.123 # \#(refused)\n","stream":"stdout","time":"2024-11-22T09:15:02.1Z"}"#,
        refused
    ),
    (
        #"{"log":"1:S 22 Nov 2024 10:15:02.123 * MASTER \u003c-\u003e REPLICA sync started\n"}"#,
        "MASTER <-> REPLICA sync started"
    ),
    (
        #"{"a":1,"message":"[25324] 15 Sep 16:00:02 # a \"quoted\" word \\ and \t more","b":2}"#,
        "a \"quoted\" word \\ and \t more"
    ),
    (
        #"{"m":"1:M 22 Nov 2024 10:15:02.123 # caf\u00e9 \ud83d\ude00 \ud83d x","n":0}"#,
        "café 😀 \u{FFFD} x"
    ),
    (#""2024","1:M 22 Nov 2024 10:15:02.123 # \#(refused)","host7""#, refused),
    // cut in the middle of an escape
    (#"{"log":"1:M 22 Nov 2024 10:15:02.123 # cut\"#, "cut\\"),
    (#"{"log":"1:M 22 Nov 2024 10:15:02.123 # cut\u00"#, "cut\u{FFFD}00"),
])
func aRecordInsideSomebodysStringEndsWithIt(line: String, message: String) {
    let bytes = Array(line.utf8)
    let found = classify(bytes)
    #expect(found.isRecord)
    #expect(String(decoding: found.message(of: bytes), as: UTF8.self) == message)
}

@Test(arguments: [
    (#"a\"b"#, "a\"b"), (#"a\\b"#, "a\\b"), (#"a\\"#, "a\\"), (#"\\\""#, "\\\""),
    (#"\n\r\t\b\f\/"#, "\n\r\t\u{8}\u{C}/"), (#"\u0000\u001b[0m"#, "\0\u{1B}[0m"),
    (#"\u00E9\u00e9"#, "éé"),
    ("café", "café"), ("", ""),
])
func jsonMessagesAreDecoded(inside: String, message: String) {
    let line =
        #"{"pid":1,"role":"primary","timestamp":"1732270502123","level":"notice","message":"\#(inside)"}"#
    let bytes = Array(line.utf8)
    let found = classify(bytes)
    #expect(found.header.form == .json)
    #expect(found.message(of: bytes) == Array(message.utf8))
}

@Test func bytesThatAreNoUTF8PassThroughJSON() {
    let bytes =
        Array(
            #"{"pid":1,"role":"replica","timestamp":"1732270502123","level":"notice","message":"a"#
                .utf8)
        + [0xFF, 0xC3, 0x5C, 0x22, 0xFE] + Array(#""}"#.utf8)
    #expect(classify(bytes).message(of: bytes) == [0x61, 0xFF, 0xC3, 0x22, 0xFE])
}

@Test func logfmtIsNotUnescaped() {
    let line = #"pid=1 role=primary timestamp="1732270502123" level=notice message="C:\new 'x' \""#
    let bytes = Array(line.utf8)
    #expect(classify(bytes).message(of: bytes) == Array(#"C:\new 'x' \"#.utf8))
}

@Test func aLogfmtMessageWithoutItsEndIsKept() {
    let line = #"pid=1 role=primary timestamp="1732270502123" level=notice message="cut he"#
    let bytes = Array(line.utf8)
    #expect(classify(bytes).message(of: bytes) == Array("cut he".utf8))
}
