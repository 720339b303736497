// SPDX-License-Identifier: Apache-2.0
// Which node of Atlassian Document Format may hold which, and what each must have.
// Source: developer.atlassian.com, Jira Cloud platform, "Atlassian Document Format", its pages on
// nodes and marks (read 2026).

import JSON
import Reports

struct ADFCheck {
    private(set) var problems: [String] = []

    static func problems(of document: JSONValue) -> [String] {
        var check = ADFCheck()
        check.checkRoot(document)
        return check.problems
    }

    private struct Rule {
        var content: Set<String>
        var least = 0
        var attributes: Set<String> = []
    }

    private static let block: Set = [
        "paragraph", "heading", "bulletList", "orderedList", "codeBlock", "panel", "blockquote",
        "rule", "table", "expand",
    ]
    private static let inline: Set = ["text", "hardBreak", "status"]

    private static let rules: [String: Rule] = [
        "doc": Rule(content: block),
        "expand": Rule(
            content: block.subtracting(["expand"]), least: 1, attributes: ["title"]),
        "paragraph": Rule(content: inline),
        "heading": Rule(content: inline, attributes: ["level"]),
        "bulletList": Rule(content: ["listItem"], least: 1),
        "orderedList": Rule(content: ["listItem"], least: 1),
        "listItem": Rule(
            content: ["paragraph", "bulletList", "orderedList", "codeBlock"], least: 1),
        "codeBlock": Rule(content: ["text"], attributes: ["language"]),
        "panel": Rule(
            content: ["paragraph", "heading", "bulletList", "orderedList"], least: 1,
            attributes: ["panelType"]),
        "table": Rule(content: ["tableRow"], least: 1),
        "tableRow": Rule(content: ["tableHeader", "tableCell"], least: 1),
        "tableHeader": cell, "tableCell": cell,
        "text": Rule(content: []), "hardBreak": Rule(content: []),
        "status": Rule(content: [], attributes: ["text", "color"]),
    ]
    private static let cell = Rule(
        content: [
            "paragraph", "panel", "blockquote", "bulletList", "orderedList", "rule", "heading",
            "codeBlock", "nestedExpand",
        ], least: 1)

    private mutating func checkRoot(_ document: JSONValue) {
        guard case .object(let members) = document else {
            problems.append("no object")
            return
        }
        if members.map(\.name).sorted() != ["content", "type", "version"] {
            problems.append("the document has other members: \(members.map(\.name))")
        }
        if document["version"] != .int(1) { problems.append("no version 1") }
        if document["type"] != .string("doc") { problems.append("no doc") }
        children(of: document, "doc", at: "doc")
    }

    private mutating func check(_ node: JSONValue, at path: String) {
        guard case .object(let members) = node, case .string(let type)? = node["type"],
            let rule = Self.rules[type]
        else {
            problems.append("\(path): no node that is known")
            return
        }
        let path = "\(path)/\(type)"
        let known: Set = ["type", "content", "attrs", "text", "marks"]
        for member in members where !known.contains(member.name) {
            problems.append("\(path): unknown member \(member.name)")
        }
        checkAttributes(node, rule, at: path)
        if type == "text" { checkText(node, at: path) } else { children(of: node, type, at: path) }
    }

    private mutating func children(of node: JSONValue, _ type: String, at path: String) {
        guard let rule = Self.rules[type] else { return }
        var content: [JSONValue] = []
        if case .array(let items)? = node["content"] { content = items }
        if content.count < rule.least { problems.append("\(path): too little content") }
        var cells: Set<Int> = []
        for (i, child) in content.enumerated() {
            guard case .string(let name)? = child["type"], rule.content.contains(name) else {
                problems.append("\(path): may not hold \(child["type"] ?? .null)")
                continue
            }
            if type == "listItem", i == 0, !["paragraph", "codeBlock"].contains(name) {
                problems.append("\(path): begins with \(name)")
            }
            if type == "codeBlock", child["marks"] != nil {
                problems.append("\(path): marks in code")
            }
            if name == "tableRow", case .array(let row)? = child["content"] {
                cells.insert(row.count)
            }
            check(child, at: path)
        }
        if cells.count > 1 { problems.append("\(path): rows of different lengths") }
    }

    private mutating func checkAttributes(_ node: JSONValue, _ rule: Rule, at path: String) {
        var names: Set<String> = []
        if case .object(let members)? = node["attrs"] { names = Set(members.map(\.name)) }
        if names != rule.attributes { problems.append("\(path): attributes \(names.sorted())") }
        if case .int(let level)? = node["attrs"]?["level"], !(1...6).contains(level) {
            problems.append("\(path): level \(level)")
        }
        if case .string(let kind)? = node["attrs"]?["panelType"],
            !["info", "note", "warning", "success", "error"].contains(kind)
        {
            problems.append("\(path): panel \(kind)")
        }
        if case .string(let color)? = node["attrs"]?["color"],
            !["neutral", "purple", "blue", "red", "yellow", "green"].contains(color)
        {
            problems.append("\(path): color \(color)")
        }
    }

    private mutating func checkText(_ node: JSONValue, at path: String) {
        guard case .string(let text)? = node["text"], !text.isEmpty else {
            problems.append("\(path): empty text")
            return
        }
        guard case .array(let marks)? = node["marks"] else { return }
        let names = marks.compactMap { mark -> String? in
            if case .string(let name)? = mark["type"] { name } else { nil }
        }
        if names.contains("code"), names.contains(where: { !["code", "link"].contains($0) }) {
            problems.append("\(path): code with \(names)")
        }
        if names.contains(where: { !["strong", "code", "link", "em"].contains($0) }) {
            problems.append("\(path): marks \(names)")
        }
    }
}
