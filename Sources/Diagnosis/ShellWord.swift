// SPDX-License-Identifier: Apache-2.0

/// Text from outside as one word of a shell command.
///
/// Whatever stands in a command and is neither ours nor a number goes through here: logs are
/// written by anybody, and commands are pasted into a root's shell.
enum ShellWord {
    /// The text as a POSIX shell takes it for one word; `nil` where control characters or the like
    /// stand in it, which no name of a unit, file or container needs.
    static func quoted(_ text: String) -> String? {
        guard !text.isEmpty, text.unicodeScalars.allSatisfy(isShown) else { return nil }
        if text.utf8.allSatisfy(isPlain), text.utf8.first != UInt8(ascii: "-") { return text }
        var out = "'"
        for character in text.unicodeScalars {
            if character == "'" { out += "'\\''" } else { out.unicodeScalars.append(character) }
        }
        return out + "'"
    }

    /// What no shell gives a meaning.
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || Array("-_./:@%+=,".utf8).contains(byte)
    }

    private static func isShown(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
            .unassigned:
            false
        default: true
        }
    }
}
