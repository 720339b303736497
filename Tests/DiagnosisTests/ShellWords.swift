// SPDX-License-Identifier: Apache-2.0

/// What a POSIX shell would run of a command: the text outside of quotes, as far as the tests need.
struct ShellWords {
    /// The characters that stand outside of single quotes and are not escaped: the shell gives them
    /// a meaning. In double quotes `$`, the backtick and the backslash still have one.
    private(set) var bare = ""
    /// Whether every quotation ends.
    private(set) var isClosed = true

    init(_ command: String) {
        var quote: Character?
        var isEscaped = false
        for character in command {
            if isEscaped {
                isEscaped = false
            } else if character == "\\", quote != "'" {
                isEscaped = true
            } else if let open = quote {
                if character == open {
                    quote = nil
                } else if open == "\"" {
                    bare.append(character)
                }
            } else if character == "'" || character == "\"" {
                quote = character
            } else {
                bare.append(character)
            }
        }
        isClosed = quote == nil && !isEscaped
    }
}
