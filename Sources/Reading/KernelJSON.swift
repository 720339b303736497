// SPDX-License-Identifier: Apache-2.0

/// Reads the JSON of `dmesg -J` and gives its records the form that dmesg has without it.
///
/// An object `dmesg` holds an array of `{"pri": 6, "time": 937.219873, "msg": "…"}`, one member a
/// line. Source: util-linux 2.38, sys-utils/dmesg.c, print_record.
struct KernelJSON {
    /// The input is such an object.
    private(set) var isOpen = false
    /// The time of the record whose message is still to come, as it is written.
    private var time: [UInt8] = []

    init() {}

    /// Recognises the object by the first bytes of an input.
    init(head: [UInt8]) {
        let bytes = head.span
        var i = 0
        for mark in [0x7B, 0x22] as [UInt8] {
            while i < bytes.count, bytes[i] <= 0x20 { i += 1 }
            guard bytes.byte(i) == mark else { return }
            i += 1
        }
        isOpen = bytes.has("dmesg\"", at: i)
    }

    /// Gives out the records whose messages stand in `line`, as `[  937.219873] message`.
    mutating func take(_ line: Span<UInt8>, _ body: (Span<UInt8>) -> Void) {
        var i = 0
        while let quote = line.first(0x22, from: i) {
            i = quote + 1
            if line.has("time\"", at: i) {
                takeTime(line, from: i + 5)
            } else if line.has("msg\"", at: i) {
                guard let opening = line.first(0x22, from: i + 4),
                    let end = stringEnd(line, from: opening + 1)
                else { return }
                var text = time + decodedJSONString(line, opening + 1..<end)
                // Further lines of a message are lines of their own in dmesg's output.
                while let feed = text.span.first(0x0A, from: 0) {
                    body(text.span.extracting(0..<feed))
                    text.replaceSubrange(...feed, with: time)
                }
                body(text.span)
                i = end + 1
            }
        }
    }

    /// A number counts seconds since boot; a string is a time that `--time-format` chose.
    private mutating func takeTime(_ line: Span<UInt8>, from start: Int) {
        var i = start
        while line.byte(i) == 0x3A || line.byte(i) == 0x20 { i += 1 }
        let isString = line.byte(i) == 0x22
        if isString { i += 1 }
        var end = i
        while end < line.count, line[end] != 0x22, line[end] != 0x2C, line[end] != 0x7D { end += 1 }
        while end > i, line[end - 1] <= 0x20 { end -= 1 }
        time = isString ? [] : [0x5B]
        for k in i..<max(i, end) where time.count < 64 { time.append(line[k]) }
        if !isString { padFraction() }
        time += isString ? [0x20] : [0x5D, 0x20]
    }

    /// Other programs that pass the JSON on shorten 940.100000 to 940.1.
    private mutating func padFraction() {
        guard let dot = time.firstIndex(of: 0x2E) else { return time += Array(".000000".utf8) }
        while time.count - dot <= 6 { time.append(0x30) }
    }

    private func stringEnd(_ line: Span<UInt8>, from start: Int) -> Int? {
        var i = start
        while i < line.count {
            if line[i] == 0x22 { return i }
            i += line[i] == 0x5C ? 2 : 1
        }
        return nil
    }
}
