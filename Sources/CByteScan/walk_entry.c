// SPDX-License-Identifier: Apache-2.0
// Finds the fields of a journal's entry that matter, of the many that it has. `JournalExportReader` in
// Reading does the same in Swift, and takes the lines of which this is not sure.
#include "entry_fields.h"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__

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
        take_field(entry, bytes, name, length, start, feed);
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
