// SPDX-License-Identifier: Apache-2.0
// Finds the fields of a journal's entry that matter, of the many that it has. `JournalExportReader` in
// Reading does the same in Swift, and takes the lines of which this is not sure.
#include <string.h>

#include "byte_scan.h"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__

static inline uint64_t marks_at(const uint64_t *bits, uint64_t at) {
    const uint64_t *word = bits + (at >> 6), shift = at & 63;
    uint64_t next = word[1] << 1;
    __asm__("" : "+r"(next));
    return word[0] >> shift | next << (63 - shift);
}

// The number that a value is, or -1: at most 18 digits and nothing else.
static int64_t number(const uint8_t *at, int64_t length) {
    int64_t value = 0;
    if (length < 1 || length > 18) return -1;
    for (int64_t i = 0; i < length; i++) {
        const uint8_t digit = at[i] - '0';
        if (digit > 9) return -1;
        value = value * 10 + digit;
    }
    return value;
}

static inline int is(const uint8_t *name, const char *other, size_t length) {
    return memcmp(name, other, length) == 0;
}

// The fields of which the texts are wanted.
static inline int text_of(const uint8_t *name, int64_t length) {
    switch (length) {
    case 4: return is(name, "UNIT", 4) ? forktopsy_subject : -1;
    case 5: return is(name, "_COMM", 5) ? forktopsy_command : -1;
    case 7: return is(name, "MESSAGE", 7) ? forktopsy_message : -1;
    case 8: return is(name, "__CURSOR", 8) ? forktopsy_cursor : -1;
    case 9: return is(name, "_HOSTNAME", 9) ? forktopsy_host : -1;
    case 10: return is(name, "_TRANSPORT", 10) ? forktopsy_transport : -1;
    case 13: return is(name, "_SYSTEMD_UNIT", 13) ? forktopsy_unit : -1;
    case 14: return is(name, "CONTAINER_NAME", 14) ? forktopsy_container : -1;
    case 17: return is(name, "SYSLOG_IDENTIFIER", 17) ? forktopsy_identifier : -1;
    default: return -1;
    }
}

// And those of which the numbers are.
static inline int number_of(const uint8_t *name, int64_t length) {
    switch (length) {
    case 4: return is(name, "_PID", 4) ? forktopsy_pid : -1;
    case 10: return is(name, "SYSLOG_PID", 10) ? forktopsy_syslog_pid : -1;
    case 20: return is(name, "__REALTIME_TIMESTAMP", 20) ? forktopsy_realtime : -1;
    case 21: return is(name, "__MONOTONIC_TIMESTAMP", 21) ? forktopsy_monotonic : -1;
    default: return -1;
    }
}

int forktopsy_walk_entry(const uint8_t *bytes, int64_t count, const uint64_t *feeds,
                         const uint64_t *equals, int64_t shift, struct forktopsy_entry *entry) {
    int64_t at = entry->position;
    int ends = 0;
    while (at < count) {
        const uint64_t bit = (uint64_t)(at + shift);
        uint64_t marks = marks_at(feeds, bit);
        int64_t feed = at;
        while (marks == 0 && feed + 64 < count) marks = marks_at(feeds, bit + (uint64_t)((feed += 64) - at));
        if (marks == 0) break;
        feed += __builtin_ctzll(marks);
        if (feed == at) {
            entry->lines++;
            at++;
            ends = 1;
            break;
        }
        const uint8_t *name = bytes + at;
        const uint64_t equal = marks_at(equals, bit);
        // No letter or underscore first, or no equals sign among the first 64 bytes: Swift knows.
        if ((name[0] != '_' && (uint8_t)(name[0] - 'A') > 25) || equal == 0) break;
        const int64_t length = __builtin_ctzll(equal), start = at + length + 1;
        if (start > feed) break;
        entry->fields++;
        // The lengths of names that matter.
        if (0x3267B0ULL >> (length < 63 ? length : 63) & 1) {
            const int text = text_of(name, length), value = number_of(name, length);
            if (text == forktopsy_message) entry->message_line = entry->lines + 1;
            if (text >= 0 && entry->start[text] < 0) {
                entry->start[text] = start;
                entry->end[text] = feed;
            }
            if (value >= 0) {
                entry->has_number[value] = 1;
                entry->numbers[value] = number(bytes + start, feed - start);
            }
        }
        entry->lines++;
        at = feed + 1;
    }
    entry->position = at;
    return ends;
}

#else

int forktopsy_walk_entry(const uint8_t *bytes, int64_t count, const uint64_t *feeds,
                         const uint64_t *equals, int64_t shift, struct forktopsy_entry *entry) {
    (void)bytes, (void)count, (void)feeds, (void)equals, (void)shift, (void)entry;
    return 0;
}

#endif
