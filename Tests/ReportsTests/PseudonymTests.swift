// SPDX-License-Identifier: Apache-2.0
// Names that stay the same across reports of one key, and tell nothing without it.

import Model
import Reports
import Testing

@testable import Reports

private func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
}

private func key(_ text: String) throws -> PseudonymKey {
    try #require(PseudonymKey(Array(text.utf8)))
}

private func hidden(_ text: String, _ key: PseudonymKey) -> String {
    var report = Report(toolVersion: "1")
    report.verdict = text
    var redactor = Redactor(mode: .addresses, key: key)
    return redactor.redacted(report).verdict
}

// Source: FIPS 180-4 examples; RFC 4231, cases 1, 2 and 6.
@Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
])
func theDigestIsThatOfTheStandard(message: String, digest: String) {
    #expect(hexadecimal(SHA256.digest(of: Array(message.utf8))) == digest)
}

@Test func theAuthenticationCodeIsThatOfTheStandard() {
    let first = SHA256.authenticationCode(
        of: Array("Hi There".utf8), key: Array(repeating: 0x0B, count: 20))
    #expect(
        hexadecimal(first) == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
    let second = SHA256.authenticationCode(
        of: Array("what do ya want for nothing?".utf8), key: Array("Jefe".utf8))
    #expect(
        hexadecimal(second) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    let sixth = SHA256.authenticationCode(
        of: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
        key: Array(repeating: 0xAA, count: 131))
    #expect(
        hexadecimal(sixth) == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
}

@Test func aNameDependsOnTheAddressAndTheKeyAlone() throws {
    let ours = try key("correct horse battery")
    let first = hidden("10.0.0.7 then 10.0.0.8", ours)
    let second = hidden("10.0.0.8 then 10.0.0.7 then 10.0.0.9", ours)
    let names = first.split(separator: " ")
    #expect(second.hasPrefix("\(names[2]) then \(names[0]) then addr-"))
    #expect(names[0].wholeMatch(of: #/addr-[a-z]+-\d{5}/#) != nil)
    #expect(hidden("10.0.0.7", try key("another key, as long")) != names[0])
}

@Test func manyAddressesHaveManyNames() throws {
    let text = (0..<4000).map { "10.1.\($0 / 250).\($0 % 250 + 1)" }.joined(separator: " ")
    let names = hidden(text, try key("correct horse battery")).split(separator: " ")
    #expect(Set(names).count == 4000)
}

@Test func aShortKeyIsNone() {
    #expect(PseudonymKey(Array("too short".utf8)) == nil)
}

@Test func aNameIsNeverTheHashOfTheAddress() throws {
    let name = hidden("10.0.0.7", try key("correct horse battery"))
    let bare = hexadecimal(SHA256.digest(of: Array("10.0.0.7".utf8)))
    for length in 4...8 { #expect(!name.contains(bare.prefix(length))) }
}
