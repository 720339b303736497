// SPDX-License-Identifier: Apache-2.0

/// The error numbers that matter to a failed fork or save, by their C names.
package enum Errno: String, Sendable, CaseIterable {
    case ENOMEM, EAGAIN, EPERM, EACCES, ENOSYS, EEXIST, ENOSPC, EDQUOT, EROFS, EIO, ENOENT, EMFILE
    case ENFILE, EFBIG, EINVAL, EINTR, EBADF, ENOTDIR, EISDIR, EPIPE, ECONNRESET, ETIMEDOUT, UNKNOWN

    /// Reads the text of `strerror(3)`: glibc's and musl's wordings, which servers never localise.
    /// Sources: glibc 2.36 (sysdeps/gnu/errlist.h), musl 1.2 (src/errno/__strerror.h).
    package init(message: String) {
        self = Self.byMessage[message] ?? .UNKNOWN
    }

    /// Whether a known message begins so, or is this one.
    package static func isBeginning(_ text: String) -> Bool {
        byMessage.keys.contains { $0.hasPrefix(text) }
    }

    private static let byMessage: [String: Errno] = [
        "Cannot allocate memory": .ENOMEM, "Out of memory": .ENOMEM,
        "Resource temporarily unavailable": .EAGAIN, "Operation would block": .EAGAIN,
        "Operation not permitted": .EPERM, "Permission denied": .EACCES,
        "Function not implemented": .ENOSYS, "File exists": .EEXIST,
        "No space left on device": .ENOSPC,
        "Disk quota exceeded": .EDQUOT, "Quota exceeded": .EDQUOT,
        "Read-only file system": .EROFS, "Input/output error": .EIO, "I/O error": .EIO,
        "No such file or directory": .ENOENT,
        "Too many open files": .EMFILE, "No file descriptors available": .EMFILE,
        "Too many open files in system": .ENFILE,
        "File too large": .EFBIG, "Invalid argument": .EINVAL,
        "Interrupted system call": .EINTR, "Bad file descriptor": .EBADF,
        "Not a directory": .ENOTDIR, "Is a directory": .EISDIR,
        "Broken pipe": .EPIPE, "Connection reset by peer": .ECONNRESET,
        "Connection timed out": .ETIMEDOUT, "Operation timed out": .ETIMEDOUT,
    ]
}

/// What the server wanted a child process (or a file) for.
package enum Operation: String, Sendable, CaseIterable {
    case bgsave, aof_rewrite, full_sync, module_fork, slot_migration, script, unknown

    /// By its case: what a raw value would give takes a string for each.
    package static func == (a: Self, b: Self) -> Bool { a.number == b.number }
    package func hash(into hasher: inout Hasher) { hasher.combine(number) }

    private var number: UInt8 {
        switch self {
        case .bgsave: 0
        case .aof_rewrite: 1
        case .full_sync: 2
        case .module_fork: 3
        case .slot_migration: 4
        case .script: 5
        case .unknown: 6
        }
    }

    /// In a sentence: "the background save".
    package var spoken: String {
        switch self {
        case .bgsave: "background save"
        case .aof_rewrite: "AOF rewrite"
        case .full_sync: "full synchronisation"
        case .module_fork: "module fork"
        case .slot_migration: "slot migration"
        case .script: "script"
        case .unknown: "operation"
        }
    }
}
