// SPDX-License-Identifier: Apache-2.0

internal import Model

/// What writing and reading extracts agree on: `docs/extract-format.md`.
enum ExtractFormat {
    static let schema = "forktopsy.extract/1"

    static let headers = CaseNames<HeaderForm>()
    static let roles = CaseNames<Role>()
    static let levels = CaseNames<Level>()
    static let stamps = CaseNames<Stamp.Form>()
    static let precisions = CaseNames<Stamp.Precision>()
    static let scopes = CaseNames<SnapshotSubject.Scope>()
    static let timeBases = CaseNames<Snapshot.TimeBasis>()
}

/// Why a line is none that `forktopsy extract` printed.
struct ExtractError: Error, Hashable {
    var reason: String
    /// The line ends in the middle.
    var isCut = false
}

/// The names of an enumeration's cases, which outlive their numbers.
struct CaseNames<Case: RawRepresentable & Hashable & Sendable>: Sendable
where Case.RawValue == UInt8 {
    /// By raw value.
    private let names: [String]
    private let cases: [String: Case]

    fileprivate init() {
        let all = (0...UInt8.max).map { Case(rawValue: $0) }
        names = all.map { value in value.map { "\($0)" } ?? "" }
        cases = Dictionary(uniqueKeysWithValues: all.compactMap(\.self).map { ("\($0)", $0) })
    }

    func name(of value: Case) -> String { names[Int(value.rawValue)] }

    subscript(name: String) -> Case? { cases[name] }
}

/// Base64 with padding (RFC 4648, section 4).
enum Base64 {
    private static let letters = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func text(of bytes: [UInt8]) -> String {
        var out: [UInt8] = []
        out.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let padded = group + [0, 0]
            let bits = (0..<3).reduce(0) { $0 << 8 | UInt32(padded[start + $1]) }
            for digit in 0..<4 {
                let value = Int(bits >> UInt32(18 - 6 * digit)) & 63
                out.append(digit <= group.count ? letters[value] : UInt8(ascii: "="))
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// The bytes; `nil` where the text is no base64.
    static func bytes(of text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count.isMultiple(of: 4) else { return nil }
        let end = digits.lastIndex { $0 != UInt8(ascii: "=") }.map { $0 + 1 } ?? 0
        guard digits.count - end <= 2 else { return nil }
        var out: [UInt8] = []
        var bits: UInt32 = 0
        for (i, digit) in digits[..<end].enumerated() {
            guard let value = letters.firstIndex(of: digit) else { return nil }
            bits = bits << 6 | UInt32(value)
            if i % 4 > 0 { out.append(UInt8(truncatingIfNeeded: bits >> UInt32(6 - i % 4 * 2))) }
        }
        return out
    }
}
