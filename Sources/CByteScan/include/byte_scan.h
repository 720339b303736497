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

/// The fields of a journal's entry that matter: those of which the text is wanted, and the number.
enum forktopsy_text {
    forktopsy_message, forktopsy_transport, forktopsy_identifier, forktopsy_command, forktopsy_unit,
    forktopsy_subject, forktopsy_host, forktopsy_container, forktopsy_cursor, forktopsy_texts
};
enum forktopsy_number {
    forktopsy_realtime, forktopsy_monotonic, forktopsy_pid, forktopsy_syslog_pid, forktopsy_numbers
};

/// What was found of an entry.
struct forktopsy_entry {
    /// Where the line begins that comes next.
    int64_t position;
    /// How many lines and fields there were, and the line of the last message, from 1; 0 without one.
    int64_t lines, fields, message_line;
    /// Of each text the first: its bounds, or -1.
    int64_t start[forktopsy_texts], end[forktopsy_texts];
    /// Of each number the last: whether it was there, and its value, or -1 where it is none.
    uint8_t has_number[forktopsy_numbers];
    /// The message holds backslashes (JSON).
    uint8_t is_escaped;
    int64_t numbers[forktopsy_numbers];
};

/// Walks through the fields of an entry, up to its end, to a line of which this is not sure, or to the
/// last line feed. Returns 1 at the end of the entry, behind which `position` is then.
///
/// `feeds` and `equals` are marks of line feeds and equals signs (`PairScan`), of which the one with the
/// number `shift` is that of the first byte; two words without marks stand behind those of `count` bytes.
int forktopsy_walk_entry(const uint8_t *bytes, int64_t count, const uint64_t *feeds,
                         const uint64_t *equals, int64_t shift, struct forktopsy_entry *entry);

/// Walks through the JSON object that `bytes` begin with. Returns 1 where it is one line as journalctl
/// writes it, whole, of strings alone; its texts and numbers are in `entry` then, `position` is behind it.
///
/// `quotes` and `slashes` are marks of quotation marks and backslashes, as `forktopsy_walk_entry` has its.
int forktopsy_walk_object(const uint8_t *bytes, int64_t count, const uint64_t *quotes,
                          const uint64_t *slashes, int64_t shift, struct forktopsy_entry *entry);

enum {
    /// Writers that are known at once, a power of two, and bytes to tell one.
    forktopsy_writers = 256, forktopsy_key_room = 256,
    /// Boots of the host that are noted.
    forktopsy_boots = 16,
};

/// The latest time that stamps can hold, in microseconds.
static const int64_t forktopsy_time_limit = 7258118400000000;

/// Somebody whose entries are no server's and no part of the system's, and the number that he was given.
struct forktopsy_writer {
    uint64_t hash;
    /// Bytes of his key; 0 where there is none.
    int32_t length;
    uint16_t stream;
};

/// What is known of a journal's entries.
struct forktopsy_known {
    /// As many as `forktopsy_writers`, with the keys of all of them.
    const struct forktopsy_writer *writers;
    const uint8_t *keys;
    /// 256 bytes each for the first, second and third of three bytes (`EntryScreen` in Model).
    const uint8_t *tables;
    /// A bit for each hash of the first four bytes of a message.
    const uint64_t *beginnings;
    /// When the host was started, in seconds.
    const int64_t *boots;
    int64_t boot_count;
};

/// What entries that are passed over add up to.
struct forktopsy_passed {
    /// Bytes, line feeds and entries.
    int64_t position, lines, count;
    /// Time, process and writer of the last.
    int64_t realtime;
    int32_t process;
    uint16_t stream;
    /// The entry at which this ended is like those, but for its writer.
    uint8_t is_unknown;
};

/// Notes that the writer of an entry is nobody who matters here.
void forktopsy_learn_writer(struct forktopsy_writer *writers, uint8_t *keys, const uint8_t *bytes,
                            const struct forktopsy_entry *entry, uint16_t stream);

/// Passes over entries in the export format that mean nothing here, as `known` says. Returns 1 where
/// another whole entry follows, which `entry` is then, its bounds counted from `position`; 0 where what
/// follows is nothing, no whole entry, or not sure.
///
/// Marks are as `forktopsy_walk_entry` has them.
int forktopsy_pass_entries(const uint8_t *bytes, int64_t count, const uint64_t *feeds,
                           const uint64_t *equals, int64_t shift,
                           const struct forktopsy_known *known, struct forktopsy_passed *passed,
                           struct forktopsy_entry *entry);

/// The same of JSON objects, each in a line of its own.
int forktopsy_pass_objects(const uint8_t *bytes, int64_t count, const uint64_t *quotes,
                           const uint64_t *slashes, int64_t shift,
                           const struct forktopsy_known *known, struct forktopsy_passed *passed,
                           struct forktopsy_entry *entry);

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
    /// The stamp of the last record and its level (1 debug, 2 verbose, 3 notice, 4 warning).
    int64_t nanoseconds;
    uint8_t level;
    /// Whether lines of children, `123:C `, are like those of their server.
    uint8_t has_children;
    /// The process of the last record where that is a child, or 0.
    int32_t child;
    /// Records, and how many of them are later than the one before.
    int64_t count, forward_steps;
    /// Of these, the children's; and the last of the server itself.
    int64_t child_count, own_nanoseconds, own_line;
};

/// Where a block is read.
struct forktopsy_place {
    /// Where the line that begins stands in the bytes, and the number of the last line that ended.
    int64_t line_start, number;
    /// The word of marks at hand, and those of its line feeds that are left.
    int64_t word;
    uint64_t bits;
    /// There is no more room for events.
    int is_full;
};

/// A record that a template matched.
struct forktopsy_event {
    int64_t nanoseconds, offset;
    /// Where its bytes begin: four for each capture, its bounds in the line, then the line.
    uint32_t start, line;
    /// Its process where that is a child, or 0.
    int32_t child;
    uint16_t length, pattern;
    uint8_t level, captures;
};

/// Room for events and their bytes, and what is taken of it.
struct forktopsy_events {
    struct forktopsy_event *events;
    uint8_t *bytes;
    int64_t capacity, room, count, used;
    /// Where the block's bytes begin in the input.
    int64_t origin;
};

/// How messages of some patterns look (`MessageTemplates` in Model says how that is written down).
struct forktopsy_templates {
    /// 257 places in `code`, or -1: by a hash of the first four bytes, and of those that begin with digits.
    const int32_t *heads;
    const uint8_t *code;
};

/// The bytes that one event may take up: a line and the bounds of its captures.
enum { forktopsy_event_room = 256 };

/// Looks for the template that a message matches: 1 and an event where there is one, 0 where not, -1
/// where there is no room. Of the event all is set but its bytes, pattern and captures, which this does;
/// `line` has `event->length` bytes, of which the message begins at `head`. `is_flagged` says that texts
/// may stand in the message that patterns look for anywhere.
int forktopsy_match_record(const struct forktopsy_templates *templates,
                           struct forktopsy_events *events, const struct forktopsy_event *event,
                           const uint8_t *line, uint64_t head, int is_flagged);

/// Passes over records that are as `run` says and whose messages no pattern matches, and takes those that
/// a template matches, up to the first line of which that is not sure, or the last line feed.
///
/// `feeds` and `flags` are `words` marks of the bytes from `start` on, of which all line feeds lie
/// within the bytes, and four words without marks behind them; `filter` has 8192 bytes
/// (`MessageScreen`). Without `templates`, no events are taken.
void forktopsy_pass_records(struct forktopsy_run *run, struct forktopsy_place *place,
                            const uint8_t *bytes, const uint64_t *feeds, const uint64_t *flags,
                            int64_t start, int64_t words, const uint8_t *filter,
                            const struct forktopsy_templates *templates,
                            struct forktopsy_events *events);

#endif
