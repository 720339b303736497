// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnosis
internal import Matching

struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Explain a cause, a pattern, a kind of event or what a guide says, with sources.")

    @Argument(
        help: """
            The id of a cause (commit_limit_strict), a pattern (redis.rdb-fork-failed), a kind of \
            event (fork_failed) or a guide's claim (fix-diskless-sync).
            """)
    var id: String

    func run() throws {
        guard let text = Explanation.text(of: id) ?? explanation(of: id, in: .builtIn) else {
            let near = Explanation.ids(mentioning: id)
            throw Failure(
                near.isEmpty
                    ? "nothing is known as \"\(id)\"; `forktopsy patterns list` lists all patterns "
                        + "and kinds, docs/causes.md the causes, docs/guide-claims.md what guides say"
                    : "no id is \"\(id)\"; these speak of it: \(near.joined(separator: ", "))")
        }
        _ = writeAll(text, to: 1)
    }
}
