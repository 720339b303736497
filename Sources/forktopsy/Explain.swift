// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Matching

struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Explain a pattern or a kind of event, with its sources.")

    @Argument(help: "The id of a pattern (redis.rdb-fork-failed) or a kind of event (fork_failed).")
    var id: String

    func run() throws {
        guard let text = explanation(of: id, in: .builtIn) else {
            throw Failure(
                "nothing is known as \"\(id)\"; `forktopsy patterns list` lists all patterns and "
                    + "kinds"
            )
        }
        _ = writeAll(text, to: 1)
    }
}
