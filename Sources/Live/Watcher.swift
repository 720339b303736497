// SPDX-License-Identifier: Apache-2.0
// The unsafe corner of Live, second part: waiting, for files (inotify), descriptors and signals.

internal import Glibc
internal import Synchronization

/// Waits for what happens next: a change of a watched file, a descriptor that can be read, a
/// signal, or a moment.
///
/// A class because the kernel's watches and the pipe of the signals are its own until the end.
package final class Watcher {
    /// What ended a wait.
    package struct Wake: Sendable {
        /// Watches that saw a change.
        package var watches: Set<Int32> = []
        /// The kernel dropped notices: everything has to be looked at.
        package var isOverflow = false
        /// Descriptors with something to read, or at their end.
        package var readable: Set<Int32> = []
        /// Descriptors that can be written to.
        package var writable: Set<Int32> = []
        package var signals: Set<Int32> = []
    }

    private let notices: Int32
    private let signals: Int32
    private var buffer = [UInt8](repeating: 0, count: 65_536)

    package init() {
        notices = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        signals = SignalPipe.open()
    }

    deinit { if notices >= 0 { close(notices) } }

    /// Watches what is written to a file; `nil` where that is not possible.
    package func watch(file path: String) -> Int32? {
        add(path, IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF)
    }

    /// Watches the names in a directory.
    package func watch(directory path: String) -> Int32? {
        add(
            path,
            IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF)
    }

    private func add(_ path: String, _ mask: Int32) -> Int32? {
        guard notices >= 0 else { return nil }
        let watch = unsafe inotify_add_watch(notices, path, UInt32(mask))
        return watch >= 0 ? watch : nil
    }

    package func remove(_ watch: Int32) { _ = inotify_rm_watch(notices, watch) }

    /// Waits until something happens, at most `seconds`; forever for `nil`.
    package func wait(
        seconds: Double?, reading: [Int32] = [], writing: [Int32] = []
    ) -> Wake {
        var items = [notices, signals].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        items += reading.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        items += writing.map { pollfd(fd: $0, events: Int16(POLLOUT), revents: 0) }
        let timeout = seconds.map { Int32(min(max(0, ($0 * 1000).rounded(.up)), 1e9)) } ?? -1
        var wake = Wake()
        let count = unsafe poll(&items, nfds_t(items.count), timeout)
        guard count > 0 else { return wake }
        if items[0].revents != 0 { readNotices(&wake) }
        if items[1].revents != 0 { wake.signals = SignalPipe.take() }
        for item in items.dropFirst(2) where item.revents != 0 {
            if item.events == Int16(POLLIN) {
                wake.readable.insert(item.fd)
            } else {
                wake.writable.insert(item.fd)
            }
        }
        return wake
    }

    /// `struct inotify_event`: watch, mask, cookie, length of the name, name (inotify(7)).
    private func readNotices(_ wake: inout Wake) {
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes {
                unsafe read(notices, $0.baseAddress, $0.count)
            }
            guard count > 0 else { return }
            var at = 0
            while at + 16 <= count {
                wake.watches.insert(Int32(bitPattern: number(at)))
                if number(at + 4) & UInt32(IN_Q_OVERFLOW) != 0 { wake.isOverflow = true }
                at += 16 + Int(number(at + 12))
            }
        }
    }

    private func number(_ at: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(buffer[at + $1]) << UInt32(8 * $1) }
    }
}

/// Signals that arrive are written to a pipe by their handler, which may do no more
/// (signal-safety(7)), and read from it where waiting is done.
package enum SignalPipe {
    private static let readEnd = Atomic<Int32>(-1)
    private static let writeEnd = Atomic<Int32>(-1)
    private static let wantsEnd = Atomic<Bool>(false)

    /// Whether a signal has asked for the end: long readings stop then, to be taken up again.
    package static var isEnding: Bool { wantsEnd.load(ordering: .relaxed) }

    /// The signals that end, reopen or ask.
    package static let end: Set<Int32> = [SIGTERM, SIGINT]
    package static let reopen = SIGHUP
    package static let status = SIGUSR1

    static func open() -> Int32 {
        let known = readEnd.load(ordering: .sequentiallyConsistent)
        if known >= 0 { return known }
        var ends: [Int32] = [-1, -1]
        guard makePipe(&ends) else { return -1 }
        for end in ends { stopWaiting(on: end) }
        readEnd.store(ends[0], ordering: .sequentiallyConsistent)
        writeEnd.store(ends[1], ordering: .sequentiallyConsistent)
        return ends[0]
    }

    /// Takes over the signals of a long run; writing to a closed pipe no longer ends the program.
    package static func takeOver() {
        _ = open()
        _ = signal(SIGPIPE, SIG_IGN)
        for number in [SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGCHLD] {
            _ = signal(number) { number in
                let saved = errno
                if number == SIGTERM || number == SIGINT {
                    SignalPipe.wantsEnd.store(true, ordering: .relaxed)
                }
                var byte = UInt8(truncatingIfNeeded: number)
                unsafe _ = write(
                    SignalPipe.writeEnd.load(ordering: .sequentiallyConsistent), &byte, 1)
                errno = saved
            }
        }
        // Whoever started us may have blocked them, which a program inherits.
        var taken = sigset_t()
        unsafe sigemptyset(&taken)
        for number in [SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGCHLD] {
            unsafe sigaddset(&taken, number)
        }
        unsafe pthread_sigmask(SIG_UNBLOCK, &taken, nil)
    }

    static func take() -> Set<Int32> {
        var out: Set<Int32> = []
        var bytes = [UInt8](repeating: 0, count: 64)
        let end = readEnd.load(ordering: .sequentiallyConsistent)
        while true {
            let count = unsafe bytes.withUnsafeMutableBytes {
                unsafe read(end, $0.baseAddress, $0.count)
            }
            guard count > 0 else { return out }
            for byte in bytes[..<count] { out.insert(Int32(byte)) }
        }
    }
}
