// SPDX-License-Identifier: Apache-2.0
// One pass over a block of a log with wide registers, which Swift has no way to turn into bits.
// `BlockScan` and `PairScan` in Reading are its callers, say what the bits mean, and do the same without it.
#ifndef FORKTOPSY_BYTE_SCAN_H
#define FORKTOPSY_BYTE_SCAN_H

#include <stddef.h>
#include <stdint.h>

/// Marks line feeds, and bytes at which a line needs a closer look, one bit for each byte.
///
/// Reads `words` * 64 + 2 bytes from `bytes`, and `triples` * 3 from `texts`; writes `words`
/// numbers to `feeds` and to `flags`. Returns 0, and writes nothing, where this processor has no
/// registers for it.
int forktopsy_scan_block(const uint8_t *bytes, size_t words, const uint8_t *texts, size_t triples,
                         uint64_t *feeds, uint64_t *flags);

/// Marks two kinds of bytes, one bit for each byte.
///
/// Reads `words` * 64 bytes from `bytes`; writes `words` numbers to `firsts`, for `first`, and to
/// `seconds`, for `second`. Returns 0, and writes nothing, where this processor has no registers for
/// it.
int forktopsy_scan_pair(const uint8_t *bytes, size_t words, uint8_t first, uint8_t second,
                        uint64_t *firsts, uint64_t *seconds);

/// What records that are passed over have in common, and what they add up to. `LineSieve` in Reading
/// is its owner.
struct forktopsy_run {
    /// What stands before the date, 16 bytes at most, and which bits of it count.
    uint64_t lead[2], lead_mask[2];
    /// The 18 bytes of the date down to the minute, and when that minute begins, in nanoseconds.
    uint64_t date[3];
    int64_t minute;
    /// Where the date begins in a line.
    int64_t date_start;
    /// The stamp of the last record, its line and its level (1 debug, 2 verbose, 3 notice).
    int64_t nanoseconds, line;
    uint8_t level;
    /// Records, and how many of them are later than the one before.
    int64_t count, forward_steps;
};

/// Where a block is read.
struct forktopsy_place {
    /// Where the line that begins stands in the bytes, and the number of the last line that ended.
    int64_t line_start, number;
    /// The word of marks at hand, and those of its line feeds that are left.
    int64_t word;
    uint64_t bits;
    /// The line is as those passed over, but some pattern's matches begin and end as its message does;
    /// with its stamp and its level.
    int is_found;
    uint8_t level;
    int64_t nanoseconds;
};

/// Passes over records that are as `run` says and whose messages no pattern matches, up to the first
/// line of which that is not sure, or the last line feed.
///
/// `feeds` and `flags` are `words` marks of the bytes from `start` on, of which all line feeds lie
/// within the bytes, and four words without marks behind them; `beginnings` and `pairs` have 1024 words
/// each (`MessageScreen`).
void forktopsy_pass_records(struct forktopsy_run *run, struct forktopsy_place *place,
                            const uint8_t *bytes, const uint64_t *feeds, const uint64_t *flags,
                            int64_t start, int64_t words, const uint64_t *beginnings,
                            const uint64_t *pairs);

#endif
