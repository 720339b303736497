// SPDX-License-Identifier: Apache-2.0

/// A command line as somebody typed it, taken apart into the commands it runs.
struct CommandLine {
    /// One program with its arguments.
    struct Command {
        var words: [String]
        /// The file that its output was sent to (`> file`, `>> file`).
        var output: String?
        /// Whether it reads the output of the command before it.
        var isPiped = false
        /// Whether it runs as another user while its redirection does not: `sudo echo 1 > file`.
        var isSudo = false

        /// How reports print it: without what stood before it, which may hold a password.
        var spoken: String {
            (isSudo ? "sudo " : "") + words.joined(separator: " ")
                + (output.map { " > " + $0 } ?? "")
        }

        /// The program's name without its folder.
        var program: String { String(words.first?.split(separator: "/").last ?? "") }
    }

    private(set) var commands: [Command] = []
    /// The host it runs on, where it goes there by ssh.
    private(set) var host: String?

    init(_ text: String, depth: Int = 0) {
        for var command in Self.commands(of: Self.tokens(text.prefix(4096))) {
            var host: String?
            let inner = Self.unwrap(&command, host: &host)
            if let host { self.host = host }
            if let inner, depth < 3 {
                let nested = CommandLine(inner, depth: depth + 1)
                commands += nested.commands
                self.host = nested.host ?? self.host
            } else if !command.words.isEmpty {
                commands.append(command)
            }
        }
    }

    /// The first command whose output is worth reading, and the filters behind it.
    var main: (command: Command, filters: [Command])? {
        let quiet: Set<String> = ["date", "echo", "cd", "set", "export", "sleep", "clear", "true"]
        let at =
            commands.firstIndex { !$0.isPiped && !quiet.contains($0.program) }
            ?? commands.indices.first
        guard let at else { return nil }
        return (commands[at], Array(commands[(at + 1)...].prefix { $0.isPiped }))
    }

    // MARK: - Words

    private enum Token: Equatable {
        case word(String)
        case end, pipe, output, input
    }

    /// Words and operators, quotes taken off.
    private static func tokens(_ text: Substring) -> [Token] {
        var out: [Token] = []
        var word = ""
        var isInWord = false
        var quote: Character?
        var isEscaped = false
        func finish() {
            // The number of a stream before `>` is no word: `2>/dev/null`.
            if isInWord { out.append(.word(word)) }
            word = ""
            isInWord = false
        }
        for character in text {
            if isEscaped {
                word.append(character)
                isEscaped = false
            } else if let open = quote {
                if character == open { quote = nil } else { word.append(character) }
            } else {
                switch character {
                case "\\": (isEscaped, isInWord) = (true, true)
                case "'", "\"": (quote, isInWord) = (character, true)
                case " ", "\t": finish()
                case "|":
                    finish()
                    out.append(out.last == .pipe ? .end : .pipe)
                case ";", "&":
                    finish()
                    out.append(.end)
                case ">":
                    if word == "1" || word == "2" {
                        isInWord = false
                        if word == "2" { out.append(.input) }
                        word = ""
                    }
                    finish()
                    if out.last != .output && out.last != .input { out.append(.output) }
                case "<":
                    finish()
                    out.append(.input)
                default:
                    word.append(character)
                    isInWord = true
                }
            }
        }
        finish()
        return out
    }

    private static func commands(of tokens: [Token]) -> [Command] {
        var out: [Command] = []
        var command = Command(words: [])
        var last = Token.end
        for token in tokens {
            switch token {
            case .word(let word):
                if last == .output {
                    command.output = word
                } else if last != .input {
                    command.words.append(word)
                }
            case .end, .pipe:
                if !command.words.isEmpty { out.append(command) }
                command = Command(words: [], isPiped: token == .pipe)
            case .output, .input: break
            }
            last = token
        }
        if !command.words.isEmpty { out.append(command) }
        return out
    }

    // MARK: - What stands before a command

    /// Takes off what only runs a command: sudo, env, ssh, docker exec. The text is returned that a
    /// shell is given to run.
    private static func unwrap(_ command: inout Command, host: inout String?) -> String? {
        for _ in 0..<8 {
            while let first = command.words.first, isAssignment(first) {
                command.words.removeFirst()
            }
            let words = command.words
            switch command.program {
            case "sudo", "doas":
                command.isSudo = true
                command.words = drop(words, taking: ["-u", "-g", "-h", "-p", "--user", "--group"])
            case "env", "nohup", "time", "command", "exec", "stdbuf":
                command.words = drop(words, taking: [])
            case "nice", "ionice":
                command.words = drop(words, taking: ["-n", "-c"])
            case "watch":
                command.words = drop(words, taking: ["-n", "--interval"])
            case "timeout":
                command.words = Array(drop(words, taking: ["-s", "-k"]).dropFirst())
            case "ssh":
                let rest = drop(words, taking: ["-p", "-i", "-l", "-o", "-J", "-F", "-L", "-b"])
                guard let target = rest.first, rest.count > 1 else { return nil }
                host = String(target.split(separator: "@").last ?? "")
                return rest.dropFirst().joined(separator: " ")
            case "docker", "podman", "nerdctl", "kubectl", "oc":
                guard words.count > 2, words[1] == "exec" else { return nil }
                let taking = ["-u", "--user", "-w", "-e", "-n", "--namespace", "-c", "--container"]
                var rest = drop(Array(words.dropFirst()), taking: taking).dropFirst()
                while let first = rest.first, first.hasPrefix("-") {
                    rest = rest.dropFirst(taking.contains(first) ? 2 : 1)
                }
                command.words = Array(rest)
            case "sh", "bash", "dash", "ash", "zsh":
                guard let at = words.firstIndex(where: { $0.hasPrefix("-") && $0.hasSuffix("c") }),
                    at + 1 < words.count
                else { return nil }
                return words[at + 1]
            default: return nil
            }
        }
        return nil
    }

    /// Without the first word and the options behind it; those of `taking` have an argument.
    private static func drop(_ words: [String], taking: [String]) -> [String] {
        var rest = words.dropFirst()
        while let first = rest.first, first.hasPrefix("-") {
            rest = rest.dropFirst(taking.contains(first) ? 2 : 1)
        }
        return Array(rest)
    }

    /// `LANG=C` before a command.
    private static func isAssignment(_ word: String) -> Bool {
        guard let at = word.firstIndex(of: "="), at > word.startIndex else { return false }
        return word[..<at].utf8.allSatisfy {
            $0 == 0x5F || ($0 | 0x20) &- 0x61 < 26 || $0 &- 0x30 < 10
        }
    }
}
