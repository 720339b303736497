// SPDX-License-Identifier: Apache-2.0

extension UInt8 {
    var isDigit: Bool { (0x30...0x39).contains(self) }
    var isHexDigit: Bool { isLowerHexDigit || (0x41...0x46).contains(self) }
    var isLowerHexDigit: Bool { isDigit || (0x61...0x66).contains(self) }
    var isLetter: Bool { (0x41...0x5A).contains(self) || (0x61...0x7A).contains(self) }
    var isSpace: Bool { self == 0x20 || (0x09...0x0D).contains(self) }
    var isQuote: Bool { self == 0x22 || self == 0x27 || self == 0x60 }
    /// A byte of a setting's name, a flag or a token.
    var isNameByte: Bool {
        isLetter || isDigit || self == 0x5F || self == 0x2D || self == 0x2E
    }
    /// A byte of a host name.
    var isHostByte: Bool { isLetter || isDigit || self == 0x2D || self == 0x2E }
    var lowercased: UInt8 { (0x41...0x5A).contains(self) ? self + 0x20 : self }
}

extension [UInt8] {
    /// Where `needle` first stands at or after `start`.
    func firstIndex(of needle: [UInt8], from start: Int) -> Int? {
        guard let first = needle.first, count >= needle.count else { return nil }
        var at = start
        while at + needle.count <= count {
            if self[at] == first, self[at..<at + needle.count].elementsEqual(needle) { return at }
            at += 1
        }
        return nil
    }
}
