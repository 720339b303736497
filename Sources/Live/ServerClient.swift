// SPDX-License-Identifier: Apache-2.0

/// Asks a server through the client of the system (`redis-cli --tls`), where the connection must be
/// encrypted: no TLS of our own, and none linked.
///
/// The password goes through the environment (`REDISCLI_AUTH`), where only this user and root can
/// see it. Only INFO and CONFIG GET are sent, and all questions share one deadline.
struct ServerClient {
    private let arguments: [String]
    private let environment: [String: String]
    private let deadline: Double

    /// Clients that take the same arguments.
    static let programs = ["redis-cli", "valkey-cli", "keydb-cli"]

    init(
        _ address: ServerAddress, _ login: ServerLogin, _ encryption: ServerLogin.Encryption,
        seconds: Double
    ) throws(LiveError) {
        guard address.path == nil else {
            throw LiveError(reason: "a socket of the file system is not encrypted; leave out --tls")
        }
        var words = ["-h", address.host, "-p", String(address.port), "--tls", "--no-auth-warning"]
        if let file = encryption.authority { words += ["--cacert", file] }
        if let file = encryption.certificate { words += ["--cert", file] }
        if let file = encryption.key { words += ["--key", file] }
        if encryption.isUnchecked { words.append("--insecure") }
        if let user = login.user { words += ["--user", user] }
        arguments = words
        environment = login.password.map { ["REDISCLI_AUTH": $0] } ?? [:]
        deadline = ServerConnection.clock() + seconds
    }

    /// What INFO says.
    func info() throws(LiveError) -> String {
        let text = try answer(to: ["INFO", "everything"])
        guard text.contains("redis_version:") else { throw LiveError(reason: Self.reason(text)) }
        return text
    }

    /// The settings that match a pattern, as a terminal shows them; nothing where none does.
    func settings(_ pattern: String) throws(LiveError) -> String {
        try Self.settings(answer: answer(to: ["--no-raw", "CONFIG", "GET", pattern]))
    }

    /// An answer to CONFIG GET, if it is no error: `(error) NOPERM …`.
    static func settings(answer text: String) throws(LiveError) -> String {
        let first = reason(text).drop { $0 == " " }
        if first.hasPrefix("1) ") || first.hasPrefix("1# ") { return text }
        if first.hasPrefix("(empty ") { return "" }
        let mark = "(error) "
        throw LiveError(
            reason: String(first.hasPrefix(mark) ? first.dropFirst(mark.count) : first))
    }

    /// The client prints an error of the server like an answer, and its own on standard error.
    private static func reason(_ text: String) -> String {
        let line = text.split { $0 == "\n" || $0 == "\r\n" }.first.map(String.init) ?? ""
        return line.isEmpty ? "there was no answer" : line
    }

    private func answer(to question: [String]) throws(LiveError) -> String {
        let child = try started(question)
        var out: [UInt8] = []
        while let bytes = try readAvailable(child.output) {
            out += bytes
            if out.count > 16 << 20 { throw LiveError(reason: "the answer is too long") }
            if bytes.isEmpty { try ServerConnection.wait(forInput: child.output, until: deadline) }
        }
        let text = String(decoding: out, as: UTF8.self)
        guard !text.isEmpty || question[0] != "INFO" else {
            throw LiveError(
                reason: "the client got no answer: is the server\u{2019}s TLS port meant?")
        }
        return text
    }

    private func started(_ question: [String]) throws(LiveError) -> ChildProcess {
        for program in Self.programs {
            do throws(LiveError) {
                return try ChildProcess(
                    program, arguments + question, takesInput: false, output: .pipeWithErrors,
                    environment: environment)
            } catch  where error.isMissing {
                continue
            }
        }
        throw LiveError(
            reason: "no client for TLS: install redis-cli or valkey-cli, built with TLS")
    }
}
