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
    /// What the program says of errors.
    private let messages: FileDescriptor
    /// What is said where the program ends with an error, before and behind its own words.
    private let failure: (what: String, advice: String)
    private var isWaitedFor = false

    /// Starts `program`, searched in PATH, with nothing on its standard input.
    init(
        _ program: String, _ arguments: [String],
        failure: (what: String, advice: String)
    ) throws(ReadError) {
        var ends: [Int32] = [0, 0]
        guard unsafe pipe(&ends) == 0 else { throw ReadError(code: .unreadable, errno: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var words: [Int32] = [0, 0]
        guard unsafe pipe(&words) == 0 else {
            for end in ends { close(end) }
            throw ReadError(code: .unreadable, errno: errno)
        }
        // Nobody reads before the end: what does not fit is lost, and nothing waits.
        for end in words { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        for end in words { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
        let started = spawn(program, arguments, output: ends[1], messages: words[1])
        close(words[1])
        close(ends[1])
        guard let started else {
            close(ends[0])
            close(words[0])
            throw ReadError(code: .unreadable, reason: "\(program) is not installed here")
        }
        pipeEnd = FileDescriptor(adopting: ends[0])
        messages = FileDescriptor(adopting: words[0])
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
                let said = firstMessage().map { " (\($0))" } ?? ""
                throw ReadError(code: .damaged, reason: failure.what + said + failure.advice)
            }
        }
        return count
    }

    /// The first line of what the program said of errors, which may be anything.
    private func firstMessage() -> String? {
        var buffer = [UInt8](repeating: 0, count: 200)
        let count = unsafe Glibc.read(messages.number, &buffer, buffer.count)
        let line = buffer.prefix(max(0, count)).prefix { $0 != 0x0A }
        guard !line.isEmpty, line.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else { return nil }
        return String(decoding: line, as: UTF8.self)
    }
}

/// Starts a program with its output and its messages on descriptors.
///
/// The C strings live until posix_spawnp has returned, which copies them.
private func spawn(
    _ program: String, _ arguments: [String], output: Int32, messages: Int32
) -> pid_t? {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe _ = posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_adddup2(&actions, output, 1)
    unsafe posix_spawn_file_actions_adddup2(&actions, messages, 2)
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

    /// Bytes that are unpacked of a journal in an archive; journald's own files hold 512 MiB at most where
    /// nothing else is set (systemd v252, src/libsystemd/sd-journal/journal-file.c: an eighth of 4 GiB).
    static let unpackLimit: Int64 = 1 << 30

    /// A bare file name is refused by journalctl; a path is not. `isCopy` where the path is our own.
    static func open(_ path: String, isCopy: Bool = false) throws(ReadError) -> ProcessSource {
        let file = path.contains("/") ? path : "./" + path
        let command =
            "journalctl --file \(isCopy ? "X" : file) -o export --all > journal.export"
        do throws(ReadError) {
            return try ProcessSource(
                "journalctl", ["--file", file, "-o", "export", "--all", "--no-pager", "-q"],
                failure: (
                    "journalctl could not read the journal file to its end",
                    "; where it was written, run \(command)"
                ))
        } catch {
            throw ReadError(
                code: .unreadable,
                reason: "a journal file needs journalctl, which is not here: where it is, run "
                    + command)
        }
    }

    /// A journal that was written to a temporary file, as far as it could be.
    struct Unpacked: ~Copyable {
        var file: NamedFile
        /// Why there is no more of it.
        var problem: ReadError?
    }

    /// Writes a stream to a temporary file: to its end, or as far as it can be read.
    static func unpack<Source: ByteSource & ~Copyable>(
        _ stream: inout Source, _ directories: [String]
    ) throws(ReadError) -> Unpacked {
        do throws(ReadError) {
            var out = Unpacked(file: try NamedFile(directories: directories))
            var buffer = [UInt8](repeating: 0, count: 1 << 17)
            while out.problem == nil {
                let count = next(&stream, &buffer, &out.problem)
                if count == 0 { break }
                try out.file.append(buffer, count)
                if out.file.size > unpackLimit {
                    out.problem = ReadError(
                        code: .damaged,
                        reason:
                            "a journal file of more than \(unpackLimit >> 30) GiB in an archive is "
                            + "not read further: unpack it")
                }
            }
            return out
        } catch {
            throw ReadError(
                code: .unreadable,
                reason: "a journal file in an archive needs a temporary file: \(error.reason)")
        }
    }

    private static func next<Source: ByteSource & ~Copyable>(
        _ stream: inout Source, _ buffer: inout [UInt8], _ problem: inout ReadError?
    ) -> Int {
        do throws(ReadError) {
            return try stream.read(into: &buffer, at: 0)
        } catch {
            problem = error
            return 0
        }
    }
}

/// A temporary file that another program opens by its name: journalctl refuses files without one. It is
/// readable to its owner alone, and gone with this value.
struct NamedFile: ~Copyable {
    let path: String
    private let descriptor: FileDescriptor
    /// Bytes.
    private(set) var size: Int64 = 0

    /// Makes the file in the first of `directories` that takes it.
    init(directories: [String]) throws(ReadError) {
        var failure = ReadError(code: .unreadable, reason: "no directory for it was given")
        for directory in directories {
            let path =
                "\(directory)/.forktopsy-\(getpid())-\(UInt64.random(in: 0 ... .max)).journal"
            let opened = unsafe Glibc.open(
                path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
            guard opened < 0 else {
                self.path = path
                descriptor = FileDescriptor(adopting: opened)
                return
            }
            failure = ReadError(code: .unreadable, errno: errno)
        }
        throw failure
    }

    deinit { unsafe _ = unlink(path) }

    /// Writes the first `count` bytes of `buffer` at the end.
    mutating func append(_ buffer: [UInt8], _ count: Int) throws(ReadError) {
        var done = 0
        while done < count {
            let written = unsafe buffer.withUnsafeBytes { bytes in
                unsafe write(
                    descriptor.number, bytes.baseAddress.map { unsafe $0 + done }, count - done)
            }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw ReadError(code: .unreadable, errno: errno) }
            done += written
        }
        size += Int64(count)
    }
}
