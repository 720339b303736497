// SPDX-License-Identifier: Apache-2.0
// The fields of a journal's entry that matter, as `walk_entry.c` and `walk_object.c` take them.
#ifndef FORKTOPSY_ENTRY_FIELDS_H
#define FORKTOPSY_ENTRY_FIELDS_H

#include <string.h>

#include "byte_scan.h"

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

// Takes a field with its value.
static inline __attribute__((always_inline)) void take_field(struct forktopsy_entry *entry,
                                                             const uint8_t *bytes, const uint8_t *name,
                                                             int64_t length, int64_t start,
                                                             int64_t end) {
    // The lengths of names that matter.
    if ((0x3267B0ULL >> (length < 63 ? length : 63) & 1) == 0) return;
    const int text = text_of(name, length), value = number_of(name, length);
    if (text == forktopsy_message) entry->message_line = entry->lines + 1;
    if (text >= 0 && entry->start[text] < 0) {
        entry->start[text] = start;
        entry->end[text] = end;
    }
    if (value >= 0) {
        entry->has_number[value] = 1;
        entry->numbers[value] = number(bytes + start, end - start);
    }
}

#endif
