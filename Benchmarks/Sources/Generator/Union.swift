// SPDX-License-Identifier: Apache-2.0

/// What the search programs are given: the messages that mean a failed fork or save, and those that
/// warn of one, as 18 regular expressions.
package enum Union {
    /// One expression a line, as `-f` of grep, ripgrep and ugrep reads them.
    package static let patterns: [String] = [
        "Can't save in background: fork:",
        "Can't rewrite append only file in background: fork:",
        "Can't fork for module",
        "BGSAVE for replication failed",
        "Background saving error",
        "Background saving terminated by signal [0-9]+",
        "Background AOF rewrite terminated (by signal [0-9]+|with error)",
        "Background transfer (error|terminated by signal [0-9]+)",
        "fork.{0,40}Cannot allocate memory",
        #"errno[ =:]{1,2}12\b"#,
        #"Out of memory: Kill(ed)? process [0-9]+ \((redis|valkey|keydb)"#,
        "(redis|valkey|keydb)-[a-z]+ invoked oom-killer",
        #"Memory cgroup out of memory: Killed process [0-9]+ \((redis|valkey|keydb)"#,
        "WARNING (Memory overcommit must be enabled|overcommit_memory is set to 0)",
        "WARNING You have Transparent Huge Pages",
        "MISCONF Redis is configured to save RDB snapshots",
        "oom-kill:constraint=[A-Z_]+",
        "Out Of Memory allocating [0-9]+ bytes",
    ]

    package static var fileText: String { patterns.joined(separator: "\n") + "\n" }

    /// All of them as one expression, for programs that take one.
    package static var joined: String { "(" + patterns.joined(separator: "|") + ")" }
}
