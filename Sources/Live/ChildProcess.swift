// SPDX-License-Identifier: Apache-2.0
// The unsafe corner of Live, third part: other programs, started without a shell.

internal import Glibc

/// A program that runs beside us: journalctl, a hook.
///
/// It gets no file of ours but the three standard ones. It is ended and waited for at the latest
/// when this goes out of scope, so that no zombie stays.
package final class ChildProcess {
    package let pid: Int32
    /// Where its output is read, without waiting; -1 where it has none.
    package let output: Int32
    /// Where its input is written, without waiting; -1 once it is closed.
    package private(set) var input: Int32
    private var isWaitedFor = false

    /// What its output goes to; `pipeWithErrors` takes its standard error as well.
    package enum Output: Sendable {
        case pipe, pipeWithErrors, nothing, standardError

        fileprivate var isPipe: Bool { self == .pipe || self == .pipeWithErrors }
    }

    /// Starts a program, searched in PATH where it has no slash. It gets our environment, with
    /// `environment` in it.
    package init(
        _ program: String, _ arguments: [String], takesInput: Bool, output wanted: Output,
        environment: [String: String] = [:]
    ) throws(LiveError) {
        var inEnds: [Int32] = [-1, -1]
        var outEnds: [Int32] = [-1, -1]
        if takesInput, !makePipe(&inEnds) { throw LiveError(errno) }
        if wanted.isPipe, !makePipe(&outEnds) {
            let problem = errno
            for end in inEnds where end >= 0 { close(end) }
            throw LiveError(problem)
        }
        let started = Self.spawn(
            program, arguments, environment, inEnds[0], outEnds[1], wanted)
        for end in [inEnds[0], outEnds[1]] where end >= 0 { close(end) }
        guard let pid = started.pid else {
            for end in [inEnds[1], outEnds[0]] where end >= 0 { close(end) }
            throw LiveError(started.problem)
        }
        self.pid = pid
        input = inEnds[1]
        output = outEnds[0]
        for end in [input, output] where end >= 0 {
            _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK)
        }
    }

    deinit {
        closeInput()
        if output >= 0 { close(output) }
        if !isWaitedFor {
            _ = Glibc.kill(-pid, SIGKILL)
            _ = Glibc.kill(pid, SIGKILL)
            var status: Int32 = 0
            unsafe _ = waitpid(pid, &status, 0)
        }
    }

    /// Whether it has ended, and with which status; does not wait.
    package func ended() -> Int32? {
        guard !isWaitedFor else { return nil }
        var status: Int32 = 0
        guard unsafe waitpid(pid, &status, WNOHANG) == pid else { return nil }
        isWaitedFor = true
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
    }

    /// Ends it and what it has started.
    package func kill() {
        guard !isWaitedFor else { return }
        _ = Glibc.kill(-pid, SIGKILL)
        _ = Glibc.kill(pid, SIGKILL)
    }

    /// Writes as much of `bytes` as it takes now; `nil` where it takes no more at all.
    package func write(_ bytes: ArraySlice<UInt8>) -> Int? {
        guard input >= 0 else { return nil }
        let count = unsafe bytes.withUnsafeBytes {
            unsafe Glibc.write(input, $0.baseAddress, $0.count)
        }
        if count >= 0 { return count }
        return errno == EAGAIN || errno == EINTR ? 0 : nil
    }

    package func closeInput() {
        if input >= 0 { close(input) }
        input = -1
    }

    /// The C strings live until posix_spawnp has returned, which copies them. The child leads a
    /// group of its own and has the signals as they are by default.
    private static func spawn(
        _ program: String, _ arguments: [String], _ environment: [String: String],
        _ input: Int32, _ output: Int32, _ wanted: Output
    ) -> (pid: pid_t?, problem: Int32) {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe _ = posix_spawn_file_actions_destroy(&actions) }
        if input >= 0 {
            unsafe posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        switch wanted {
        case .pipe, .pipeWithErrors:
            unsafe posix_spawn_file_actions_adddup2(&actions, output, 1)
        case .standardError: unsafe posix_spawn_file_actions_adddup2(&actions, 2, 1)
        case .nothing:
            unsafe posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        }
        if wanted == .pipeWithErrors {
            unsafe posix_spawn_file_actions_adddup2(&actions, output, 2)
        } else if wanted != .standardError {
            unsafe posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        }
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe _ = posix_spawnattr_destroy(&attributes) }
        var defaults = sigset_t()
        unsafe sigfillset(&defaults)
        unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
        var strings: [UnsafeMutablePointer<CChar>?] = unsafe ([program] + arguments).map {
            unsafe strdup($0)
        }
        unsafe strings.append(nil)
        defer { for i in unsafe strings.indices { unsafe free(strings[i]) } }
        var variables: [UnsafeMutablePointer<CChar>?] = unsafe Self.variables(environment)
        defer { for i in unsafe variables.indices { unsafe free(variables[i]) } }
        var pid: pid_t = 0
        let result = unsafe posix_spawnp(
            &pid, program, &actions, &attributes, &strings, &variables)
        return (result == 0 ? pid : nil, result)
    }
}

extension ChildProcess {
    /// Our environment with `added` in it, as C has it; the caller frees each string.
    private static func variables(_ added: [String: String]) -> [UnsafeMutablePointer<CChar>?] {
        var out: [UnsafeMutablePointer<CChar>?] = unsafe []
        var next = unsafe environ
        while let entry = unsafe next.pointee {
            let name = unsafe String(cString: entry).prefix { $0 != "=" }
            if added[String(name)] == nil { unsafe out.append(strdup(entry)) }
            unsafe next += 1
        }
        for (name, value) in added.sorted(by: { $0.key < $1.key }) {
            unsafe out.append(strdup("\(name)=\(value)"))
        }
        unsafe out.append(nil)
        return unsafe out
    }
}

/// Makes a pipe that programs we start do not get.
func makePipe(_ ends: inout [Int32]) -> Bool {
    guard unsafe pipe(&ends) == 0 else { return false }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return true
}

/// Reads what a descriptor has, without waiting for more; `nil` at its end, `[]` where it has
/// nothing now.
package func readAvailable(
    _ descriptor: Int32, limit: Int = 1 << 18
) throws(LiveError) -> [UInt8]? {
    var block = [UInt8](repeating: 0, count: limit)
    while true {
        let count = unsafe block.withUnsafeMutableBytes {
            unsafe read(descriptor, $0.baseAddress, $0.count)
        }
        if count > 0 {
            block.removeLast(limit - count)
            return block
        }
        if count == 0 { return nil }
        if errno == EAGAIN { return [] }
        if errno != EINTR { throw LiveError(errno) }
    }
}

/// Makes reading a descriptor return at once where it has nothing.
package func stopWaiting(on descriptor: Int32) {
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
}
