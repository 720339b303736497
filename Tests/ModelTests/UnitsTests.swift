// SPDX-License-Identifier: Apache-2.0
// Amounts and durations as people read them.

import Model
import Testing

@Test(arguments: [
    (0, "0 B"), (1, "1 B"), (100, "100 B"), (1023, "1023 B"),
    (1024, "1.0 KiB"), (1536, "1.5 KiB"), (10_188, "9.9 KiB"), (10_189, "10 KiB"),
    (10_240, "10 KiB"), (1_048_063, "1023 KiB"),
    // What rounds up to 1,024 of a unit is one of the next.
    (1_048_064, "1.0 MiB"), (1_048_575, "1.0 MiB"), (1_048_576, "1.0 MiB"),
    (536_870_912, "512 MiB"), (7_623_567_974, "7.1 GiB"), (1_073_741_823, "1.0 GiB"),
    (1_125_899_906_842_623, "1.0 PiB"), (Int64.max, "8192 PiB"), (Int64.min, "-8192 PiB"),
    (-1, "-1 B"), (-1536, "-1.5 KiB"), (-1_048_575, "-1.0 MiB"),
])
func byteCountsAreSpokenInBinaryUnits(bytes: Int64, text: String) {
    #expect(ByteCount(bytes: bytes).description == text)
}

@Test func noByteCountNames1024OfAUnit() {
    for shift in 0..<40 {
        for near in -3...3 {
            let text = ByteCount(bytes: (Int64(1) << Int64(shift)) + Int64(near)).description
            #expect(!text.hasPrefix("1024 ") && !text.hasPrefix("10.0 "), "\(text)")
        }
    }
}

@Test func redisUnitsAreBinary() {
    #expect(ByteCount(kibibytes: 3) == ByteCount(bytes: 3072))
    #expect(ByteCount(mebibytes: 2) == ByteCount(bytes: 2_097_152))
    // A log can hold any number; none may wrap around to a negative amount.
    #expect(ByteCount(mebibytes: .max) == ByteCount(bytes: .max))
    #expect(ByteCount(kibibytes: .min) == ByteCount(bytes: .min))
}

@Test(arguments: [
    (0, "0.0"), (0.04, "0.0"), (0.05, "0.1"), (0.949, "0.9"), (0.95, "1.0"), (9.96, "10.0"),
    (-0.04, "0.0"), (-0.05, "-0.1"), (-0.5, "-0.5"), (-1.0, "-1.0"), (-1.25, "-1.3"),
    (-12.34, "-12.3"),
    (1234.5, "1234.5"), (.nan, "0.0"), (.infinity, "922337203685477580.7"),
    (-.infinity, "-922337203685477580.8"),
])
func oneDecimalIsExactlyOne(value: Double, text: String) {
    #expect(oneDecimal(value) == text)
}

@Test(arguments: [
    (0, "0"), (7, "7"), (999, "999"), (1000, "1,000"), (123_456, "123,456"),
    (1_234_567, "1,234,567"), (-1, "-1"), (-999, "-999"), (-1000, "-1,000"), (-123_456, "-123,456"),
    (Int.min, "-9,223,372,036,854,775,808"),
])
func digitsAreGroupedByThrees(value: Int, text: String) {
    #expect(grouped(value) == text)
}

@Test func countsAgreeWithTheirNouns() {
    #expect(counted(0, "failure") == "0 failures")
    #expect(counted(1, "failure") == "1 failure")
    #expect(counted(1234, "failure") == "1,234 failures")
    #expect(counted(2, "entry", "entries") == "2 entries")
}

@Test(arguments: [
    (0, "0.0 s"), (0.26, "0.3 s"), (9.94, "9.9 s"), (9.96, "10 s"), (10, "10 s"), (36.4, "36 s"),
    (-36.4, "36 s"), (89.4, "89 s"), (89.5, "1 min 30 s"), (90, "1 min 30 s"), (120, "2 min"),
    (252, "4 min 12 s"), (3599.4, "59 min 59 s"), (3599.6, "1 h"), (7500, "2 h 5 min"),
    (86_399, "23 h 59 min"), (86_399.9, "1 d"), (273_600, "3 d 4 h"), (259_200, "3 d"),
    // Logs can claim any duration: "DB loaded from disk: 99999999999999999999.000 seconds".
    (1e20, "106751991167300 d 15 h"), (.infinity, "106751991167300 d 15 h"), (.nan, "0 s"),
])
func durationsAreSpoken(seconds: Double, text: String) {
    #expect(spokenDuration(seconds: seconds) == text)
}

@Test(arguments: [
    (0, 2, "00"), (7, 2, "07"), (12, 2, "12"), (123, 2, "123"), (0, 0, "0"), (5, 4, "0005"),
])
func numbersArePaddedToAWidth(value: Int, width: Int, text: String) {
    #expect(padded(value, width) == text)
}

@Test(arguments: [
    ("Cannot allocate memory", Errno.ENOMEM), ("Out of memory", .ENOMEM),
    ("Resource temporarily unavailable", .EAGAIN), ("Operation not permitted", .EPERM),
    ("No space left on device", .ENOSPC), ("I/O error", .EIO), ("Success", .UNKNOWN),
    ("", .UNKNOWN),
    ("cannot allocate memory", .UNKNOWN),
])
func errorTextsHaveTheirNumbers(message: String, errno: Errno) {
    #expect(Errno(message: message) == errno)
}

@Test func hashesAreThePublishedOnes() {
    // Test vectors of the FNV reference: "", "a", "foobar".
    for (text, value) in [
        ("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c),
        ("foobar", 0x8594_4171_f739_67e8),
    ] as [(String, UInt64)] {
        var hash = FNV1a()
        for byte in text.utf8 { hash.combine(byte) }
        #expect(hash.value == value)
        #expect(hash.short.count == 12)
    }
}

@Test func positionsAreInOrderOfInputThenLine() {
    let places = [(0, 1), (0, 2), (0, 10), (1, 1), (2, 0)].map {
        SourcePosition(input: $0.0, line: $0.1, offset: 0)
    }
    #expect(places.shuffled().sorted() == places)
}
