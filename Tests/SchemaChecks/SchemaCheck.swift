// SPDX-License-Identifier: Apache-2.0
// A small checker of the parts of JSON Schema that docs/schema uses, for every machine.

package import JSON

/// Holds a value to a schema, and says where it does not fit.
package struct SchemaCheck {
    private let schema: JSONValue
    private var problems: [String] = []

    private init(schema: JSONValue) { self.schema = schema }

    /// What of `value` does not fit `schema`; empty where all does.
    package static func problems(of value: JSONValue, schema: JSONValue) -> [String] {
        var check = SchemaCheck(schema: schema)
        check.check(value, schema, at: "$")
        return check.problems
    }

    private mutating func check(_ value: JSONValue, _ rule: JSONValue, at path: String) {
        if case .string(let reference)? = rule["$ref"] {
            let name = String(reference.split(separator: "/").last ?? "")
            guard let target = schema["$defs"]?[name] else {
                problems.append("\(path): no definition \(name)")
                return
            }
            check(value, target, at: path)
        }
        if case .array(let choices)? = rule["anyOf"], fitting(value, choices, at: path) == 0 {
            problems.append("\(path): fits none of its forms")
        }
        if case .array(let choices)? = rule["oneOf"], fitting(value, choices, at: path) != 1 {
            problems.append("\(path): fits none of its forms, or several")
        }
        if let allowed = rule["const"], allowed != value {
            problems.append("\(path): not \(allowed)")
        }
        if case .array(let allowed)? = rule["enum"], !allowed.contains(value) {
            problems.append("\(path): \(value) is not in the enumeration")
        }
        checkType(value, rule, at: path)
        checkMembers(value, rule, at: path)
    }

    private func fitting(_ value: JSONValue, _ choices: [JSONValue], at path: String) -> Int {
        choices.count { choice in
            var trial = SchemaCheck(schema: schema)
            trial.check(value, choice, at: path)
            return trial.problems.isEmpty
        }
    }

    private mutating func checkType(_ value: JSONValue, _ rule: JSONValue, at path: String) {
        let allowed: [JSONValue]
        switch rule["type"] {
        case .array(let types)?: allowed = types
        case let type?: allowed = [type]
        case nil: return
        }
        if !value.typeNames.contains(where: { allowed.contains(.string($0)) }) {
            problems.append("\(path): is \(value.typeNames[0])")
        }
        if case .int(let low)? = rule["minimum"], case .int(let number) = value, number < low {
            problems.append("\(path): \(number) is below \(low)")
        }
    }

    private mutating func checkMembers(_ value: JSONValue, _ rule: JSONValue, at path: String) {
        if case .array(let items) = value, let itemRule = rule["items"] {
            for (i, item) in items.enumerated() { check(item, itemRule, at: "\(path)[\(i)]") }
        }
        guard case .object(let members) = value else { return }
        if case .array(let required)? = rule["required"] {
            for case .string(let name) in required where value[name] == nil {
                problems.append("\(path): lacks \(name)")
            }
        }
        for member in members {
            if let memberRule = rule["properties"]?[member.name] {
                check(member.value, memberRule, at: "\(path).\(member.name)")
            } else if rule["additionalProperties"] == .bool(false) {
                problems.append("\(path): unknown member \(member.name)")
            } else if let other = rule["additionalProperties"] {
                check(member.value, other, at: "\(path).\(member.name)")
            }
            if let names = rule["propertyNames"] { check(.string(member.name), names, at: path) }
        }
    }
}

extension JSONValue {
    fileprivate var typeNames: [String] {
        switch self {
        case .null: ["null"]
        case .bool: ["boolean"]
        case .int: ["integer", "number"]
        case .double(let number): number == number.rounded() ? ["number", "integer"] : ["number"]
        case .string: ["string"]
        case .array: ["array"]
        case .object: ["object"]
        }
    }
}
