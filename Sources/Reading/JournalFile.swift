// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Bytes that a program prints: how `.journal` files and those of sysstat are read, through the
/// system's own readers.
///
/// The descriptor and the process id are this type's own; the child is waited for in `deinit` at
/// the latest, so that no zombie stays.
struct ProcessSource: ByteSource, ~Copyable {
    private let pipeEnd: FileDescriptor
    private let pid: pid_t
    /// What is said where the program ends with an error.
    private let failure: String
    private var isWaitedFor = false

    /// Starts `program`, searched in PATH, with nothing on its standard input.
    init(_ program: String, _ arguments: [String], failure: String) throws(ReadError) {
        var ends: [Int32] = [0, 0]
        guard unsafe pipe(&ends) == 0 else { throw ReadError(code: .unreadable, errno: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let started = spawn(program, arguments, output: ends[1])
        close(ends[1])
        guard let started else {
            close(ends[0])
            throw ReadError(code: .unreadable, reason: "\(program) is not installed here")
        }
        pipeEnd = FileDescriptor(adopting: ends[0])
        pid = started
        self.failure = failure
    }

    deinit {
        if !isWaitedFor {
            kill(pid, SIGTERM)
            var status: Int32 = 0
            unsafe _ = waitpid(pid, &status, 0)
        }
    }

    mutating func read(into buffer: inout [UInt8], at position: Int) throws(ReadError) -> Int {
        let count = try readBytes(
            pipeEnd.number, into: &buffer, at: position, limit: buffer.count - position)
        if count == 0, !isWaitedFor {
            isWaitedFor = true
            var status: Int32 = 0
            unsafe _ = waitpid(pid, &status, 0)
            if status != 0 {
                throw ReadError(code: .damaged, reason: failure)
            }
        }
        return count
    }
}

/// Starts a program with its output on a descriptor and its messages thrown away.
///
/// The C strings live until posix_spawnp has returned, which copies them.
private func spawn(_ program: String, _ arguments: [String], output: Int32) -> pid_t? {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe _ = posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_adddup2(&actions, output, 1)
    unsafe posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    var strings: [UnsafeMutablePointer<CChar>?] = unsafe ([program] + arguments).map {
        unsafe strdup($0)
    }
    unsafe strings.append(nil)
    defer { for i in unsafe strings.indices { unsafe free(strings[i]) } }
    var pid: pid_t = 0
    let result = unsafe posix_spawnp(&pid, program, &actions, nil, &strings, environ)
    return result == 0 ? pid : nil
}

/// How a `.journal` file is read, and what to do where that is not possible.
enum JournalFile {
    /// The first bytes of the format (systemd, docs/JOURNAL_FILE_FORMAT.md).
    static func isJournalFile(_ head: Span<UInt8>) -> Bool { head.has("LPKSHHRH", at: 0) }

    /// A bare file name is refused by journalctl; a path is not.
    static func open(_ path: String) throws(ReadError) -> ProcessSource {
        let file = path.contains("/") ? path : "./" + path
        do throws(ReadError) {
            return try ProcessSource(
                "journalctl", ["--file", file, "-o", "export", "--all", "--no-pager", "-q"],
                failure:
                    "journalctl could not read the journal file to its end; where it was written, run "
                    + "journalctl --file \(file) -o export --all > journal.export")
        } catch {
            throw ReadError(
                code: .unreadable,
                reason:
                    "a journal file needs journalctl, which is not here: where it is, run "
                    + "journalctl --file \(file) -o export --all > journal.export"
            )
        }
    }
}
