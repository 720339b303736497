// SPDX-License-Identifier: Apache-2.0

/// What is true about generated inputs: what a report must say, and what searches must count.
package struct Truth: Codable, Sendable, Equatable {
    /// Bytes of all files together.
    package var bytes = 0
    /// Line feeds of all files together.
    package var lines = 0
    /// Lines of a log; entries of a journal.
    package var entries = 0
    /// Entries that are read as records: those of servers, of the kernel and of systemd.
    package var records = 0
    /// Lines that one of `Union.patterns` matches.
    package var matchingLines = 0
    /// Entries of the servers' units, in a journal.
    package var serverEntries = 0
    /// Servers that have said more than that they start.
    package var instances = 0

    // What a report must say.
    package var incidents = 0
    package var forkFailures = 0
    package var saveFailures = 0
    package var oomKills = 0
    package var savesSucceeded = 0
    /// Saves to a file that failed, refused forks among them.
    package var savesFailed = 0

    /// Milliseconds since 1970.
    package var firstAt = 0
    /// Milliseconds since 1970.
    package var lastAt = 0

    package init() {}

    /// Joins what is true about two sets of files of different servers.
    package static func + (one: Truth, other: Truth) -> Truth {
        var sum = one
        sum.bytes += other.bytes
        sum.lines += other.lines
        sum.entries += other.entries
        sum.records += other.records
        sum.matchingLines += other.matchingLines
        sum.serverEntries += other.serverEntries
        sum.instances += other.instances
        sum.incidents += other.incidents
        sum.forkFailures += other.forkFailures
        sum.saveFailures += other.saveFailures
        sum.oomKills += other.oomKills
        sum.savesSucceeded += other.savesSucceeded
        sum.savesFailed += other.savesFailed
        sum.firstAt = one.bytes == 0 ? other.firstAt : min(one.firstAt, other.firstAt)
        sum.lastAt = max(one.lastAt, other.lastAt)
        return sum
    }
}
