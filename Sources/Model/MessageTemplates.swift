// SPDX-License-Identifier: Apache-2.0

/// How messages of some patterns look: texts, numbers and names one after the other. Where one fits, the
/// pattern matches, with these captures, and no other pattern is taken for the message.
///
/// `Matching` derives them from the catalogue. They are walked through in C (`match_record.c` in
/// `CByteScan`), since regexes and what leads to them cost several times as much.
package struct MessageTemplates: Sendable {
    /// Where in `code` the first template is for each hash of a message's first four bytes (the upper
    /// eight bits of `hash`), and last for messages that begin with a digit; -1 where there is none.
    package let heads: [Int32]
    /// For each template: where the next is (four bytes, lowest first; -1 ends the chain), the number of
    /// the pattern (two), how many captures it has (one), whether it fits only what no other pattern
    /// matches, whatever texts stand in it (one), and its steps, each an opcode and what belongs to it.
    package let code: [UInt8]

    /// The steps of a template.
    package enum Step: Hashable, Sendable {
        case end
        /// These bytes, 255 at most.
        case text([UInt8])
        /// As many digits as there are, at least one.
        case digits
        /// As many bytes as there are but blanks, at least one.
        case token
        /// The same, and it ends with a colon and digits, before which something stands.
        case address
        /// All that is left, at least one byte.
        case rest
        /// Where a capture begins and ends.
        case open(UInt8)
        case close(UInt8)
    }

    /// A pattern that has more captures has no template.
    package static let captureLimit = 8

    /// A template before it is written down.
    package struct Template: Hashable, Sendable {
        package var pattern: Int
        package var captures: Int
        package var isSure: Bool
        package var steps: [Step]

        package init(pattern: Int, captures: Int, isSure: Bool, steps: [Step]) {
            self.pattern = pattern
            self.captures = captures
            self.isSure = isSure
            self.steps = steps
        }
    }

    /// Of templates that fit one message, the first one given is taken.
    package init(_ templates: [Template]) {
        var heads = [Int32](repeating: -1, count: 257)
        var code: [UInt8] = []
        for template in templates.reversed() {
            guard let head = Self.head(of: template.steps) else { continue }
            let start = Int32(code.count)
            let next = UInt32(bitPattern: heads[head])
            for shift in [0, 8, 16, 24] as [UInt32] {
                code.append(UInt8(truncatingIfNeeded: next >> shift))
            }
            code.append(UInt8(truncatingIfNeeded: template.pattern))
            code.append(UInt8(truncatingIfNeeded: template.pattern >> 8))
            code.append(UInt8(template.captures))
            code.append(template.isSure ? 1 : 0)
            for step in template.steps { Self.write(step, to: &code) }
            Self.write(.end, to: &code)
            heads[head] = start
        }
        self.heads = heads
        self.code = code
    }

    /// Whether a template of these steps can be found: it begins with four bytes, or with digits.
    package static func canBegin(with steps: [Step]) -> Bool { head(of: steps) != nil }

    /// The chain of a template: that of its first four bytes, or of digits.
    private static func head(of steps: [Step]) -> Int? {
        for step in steps {
            switch step {
            case .open, .close: continue
            case .digits: return 256
            case .text(let text):
                guard text.count >= 4, text[0] &- 0x30 >= 10 else { return nil }
                let word =
                    UInt32(text[0]) | UInt32(text[1]) << 8 | UInt32(text[2]) << 16
                    | UInt32(text[3]) << 24
                return MessageScreen.hash(word) >> 8
            case .end, .token, .address, .rest: return nil
            }
        }
        return nil
    }

    private static func write(_ step: Step, to code: inout [UInt8]) {
        switch step {
        case .end: code.append(0)
        case .text(let text): code += [1, UInt8(text.count)] + text
        case .digits: code.append(2)
        case .token: code.append(3)
        case .address: code.append(4)
        case .rest: code.append(5)
        case .open(let slot): code += [6, slot]
        case .close(let slot): code += [7, slot]
        }
    }
}
