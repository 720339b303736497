// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import Model
internal import Reports

/// The members of one JSON object of an extract, each asked for by name and checked.
///
/// Whoever passes extracts on may have damaged them: a number that later arithmetic could not
/// bear is refused here.
struct ExtractFields {
    let value: JSONValue

    /// What counts and offsets may be: numbers that every reader of JSON keeps exact.
    static let counts = 0...(1 << 53)
    static let seconds = -9_223_372_037...9_223_372_036
    /// Seconds that a log can name, and a day more for its zone.
    static let loggedSeconds = -2_209_075_200...(Stamp.lastSecond + 86_400)

    private func problem(_ name: String, _ what: String) -> ExtractError {
        ExtractError(reason: "\"\(name)\" \(what)")
    }

    // MARK: - Plain values

    func int(_ name: String, in range: ClosedRange<Int> = counts) throws(ExtractError) -> Int {
        guard let value = try optionalInt(name, in: range) else {
            throw problem(name, "is missing")
        }
        return value
    }

    func optionalInt(
        _ name: String, in range: ClosedRange<Int> = counts
    ) throws(ExtractError) -> Int? {
        switch value[name] {
        case nil, .null: return nil
        case .int(let number) where range.contains(Int(number)): return Int(number)
        default:
            throw problem(
                name, "is not a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
    }

    func number<Number: FixedWidthInteger>(_ name: String) throws(ExtractError) -> Number {
        let limits = Int(Number.min)...Int(Number.max)
        return Number(try optionalInt(name, in: limits) ?? 0)
    }

    func flag(_ name: String) throws(ExtractError) -> Bool {
        guard case .bool(let flag)? = value[name] else {
            throw problem(name, "is not true or false")
        }
        return flag
    }

    func text(_ name: String) throws(ExtractError) -> String {
        guard let text = try optionalText(name) else { throw problem(name, "is missing") }
        return text
    }

    func optionalText(_ name: String) throws(ExtractError) -> String? {
        switch value[name] {
        case nil, .null: return nil
        case .string(let text): return text
        default: throw problem(name, "is not a string")
        }
    }

    func list(_ name: String) throws(ExtractError) -> [JSONValue] {
        switch value[name] {
        case nil, .null: return []
        case .array(let items): return items
        default: throw problem(name, "is not an array")
        }
    }

    func object(_ name: String) throws(ExtractError) -> ExtractFields? {
        switch value[name] {
        case nil, .null: return nil
        case .object(let members): return ExtractFields(value: .object(members))
        default: throw problem(name, "is not an object")
        }
    }

    func objects<Item>(
        _ name: String, _ item: (ExtractFields) throws(ExtractError) -> Item
    ) throws(ExtractError) -> [Item] {
        var out: [Item] = []
        for value in try list(name) { out.append(try item(ExtractFields(value: value))) }
        return out
    }

    func ints(_ name: String) throws(ExtractError) -> [Int] {
        var out: [Int] = []
        for value in try list(name) {
            guard case .int(let number) = value, Self.counts.contains(Int(number)) else {
                throw problem(name, "holds something that is no count")
            }
            out.append(Int(number))
        }
        return out
    }

    /// A case that the program knows by its raw value.
    func word<Case: RawRepresentable>(
        _ name: String, _ type: Case.Type
    ) throws(ExtractError) -> Case where Case.RawValue == String {
        let text = try text(name)
        guard let known = Case(rawValue: text) else { throw unknown(name, text) }
        return known
    }

    func word<Case>(_ name: String, _ names: CaseNames<Case>) throws(ExtractError) -> Case? {
        guard let text = try optionalText(name) else { return nil }
        guard let known = names[text] else { throw unknown(name, text) }
        return known
    }

    private func unknown(_ name: String, _ text: String) -> ExtractError {
        problem(name, "is \"\(text)\", which this version of forktopsy does not know")
    }

    // MARK: - Times and bytes

    func timestamp(
        _ name: String, in range: ClosedRange<Int> = loggedSeconds
    ) throws(ExtractError) -> Timestamp? {
        guard let fields = try object(name) else { return nil }
        return Timestamp(nanoseconds: try fields.nanoseconds(in: range))
    }

    func stamp(_ name: String) throws(ExtractError) -> Stamp {
        guard let fields = try object(name) else { return .none }
        var out = Stamp(
            form: try fields.word("form", ExtractFormat.stamps) ?? .none,
            precision: try fields.word("precision", ExtractFormat.precisions) ?? .second,
            offsetSeconds: Int32(try fields.optionalInt("zone", in: -360_000...360_000) ?? 0),
            nanoseconds: try fields.nanoseconds(in: Self.loggedSeconds))
        out.isOuter = fields.value["outer"] == .bool(true)
        out.isBorrowed = fields.value["borrowed"] == .bool(true)
        return out
    }

    func nanoseconds(in range: ClosedRange<Int>) throws(ExtractError) -> Int64 {
        let whole = Int64(try int("seconds", in: range))
        return whole &* 1_000_000_000 &+ Int64(try int("nanoseconds", in: 0...999_999_999))
    }

    /// Bytes that were written as text, or in base64 under a name that says so.
    func bytes(_ name: String) throws(ExtractError) -> [UInt8] {
        if let text = try optionalText(name) { return Array(text.utf8) }
        guard let text = try optionalText(name + "_base64") else { return [] }
        guard let bytes = Base64.bytes(of: text) else {
            throw problem(name + "_base64", "is no base64")
        }
        return bytes
    }
}
