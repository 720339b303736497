// SPDX-License-Identifier: Apache-2.0

internal import Model

/// `last message repeated 5 times`, which syslog daemons of old write in place of equal messages that
/// follow each other (BSD syslogd, sysklogd, busybox).
package enum SyslogRepetition {
    /// How often the message of the line above came again; `nil` for all other lines.
    package static func count(_ line: Span<UInt8>) -> Int? {
        guard line.has(" times", at: line.count - 6),
            let start = line.find("last message repeated "),
            let (count, end) = line.number(at: start + 22, limit: 9), end == line.count - 6
        else { return nil }
        return count
    }
}
