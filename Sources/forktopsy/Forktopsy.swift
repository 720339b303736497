// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

@main
struct Forktopsy: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "forktopsy",
        abstract: "Why Redis, Valkey or KeyDB could not fork: an incident timeline from its logs.",
        discussion: """
            Exit codes: 0 no incident, 1 at least one incident, 2 it did not run, \
            3 it ran, but something in the inputs was damaged or unreadable.
            """,
        version: version,
        subcommands: [
            Analyze.self, Tail.self, IncidentsCommand.self, SnapshotCommand.self, Collect.self,
            Doctor.self, Extract.self,
            Assemble.self,
            Patterns.self, Explain.self,
        ])

    static func main() async {
        quietPipes()
        // Swift reads them from /proc/self/cmdline; without any, the help would be printed as a success.
        guard !CommandLine.arguments.isEmpty else {
            printToStandardError(
                "forktopsy: cannot read its arguments: /proc is not mounted here\n")
            exitProcess(Failure.code)
        }
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let failure as Failure {
            printToStandardError("forktopsy: \(failure.message)\n")
            exitProcess(Failure.code)
        } catch {
            let code = exitCode(for: error)
            if code == .success || error is ExitCode { exit(withError: error) }
            printToStandardError(fullMessage(for: error) + "\n")
            exitProcess(Failure.code)
        }
    }
}

/// The program did not run: bad usage, an input that is not there, a broken pattern.
struct Failure: Error {
    static let code: Int32 = 2

    var message: String

    init(_ message: String) { self.message = message }
}
