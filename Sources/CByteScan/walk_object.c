// SPDX-License-Identifier: Apache-2.0
// Finds the fields of a journal's entry that is a JSON object as journalctl writes one in a line: names and
// strings without blanks between them. `JournalJSONReader` in Reading does the same in Swift, and takes
// the objects of which this is not sure.
#include "entry_fields.h"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__

// The quotation marks of an object, one after the other.
struct quotes {
    const uint64_t *marks;
    int64_t shift, word, words;
    uint64_t bits;
};

static inline __attribute__((always_inline)) int64_t next(struct quotes *quotes) {
    while (quotes->bits == 0) {
        if (++quotes->word >= quotes->words) return -1;
        quotes->bits = quotes->marks[quotes->word];
    }
    const int64_t bit = quotes->word * 64 + __builtin_ctzll(quotes->bits);
    quotes->bits &= quotes->bits - 1;
    return bit - quotes->shift;
}

// Whether an odd number of backslashes stands before a byte.
static int is_escaped(const uint8_t *bytes, int64_t at) {
    int64_t first = at;
    while (first > 0 && bytes[first - 1] == '\\') first--;
    return (at - first) & 1;
}

static int has_mark(const uint64_t *marks, int64_t from, int64_t to) {
    for (; from < to; from += 64) {
        const uint64_t bits = marks_at(marks, (uint64_t)from);
        if (to - from < 64 ? bits & ((1ULL << (to - from)) - 1) : bits) return 1;
    }
    return 0;
}

int forktopsy_walk_object(const uint8_t *bytes, int64_t count, const uint64_t *marks,
                          const uint64_t *slashes, int64_t shift, struct forktopsy_entry *entry) {
    if (count < 2 || bytes[0] != '{') return 0;
    struct quotes quotes = {marks, shift, shift >> 6, (count + shift + 63) / 64, 0};
    quotes.bits = marks[quotes.word] & (~0ULL << (shift & 63));
    int64_t at = 1;
    for (;;) {
        // "NAME":"value" and a comma or the end; a name of bytes that need no escape.
        const int64_t open = next(&quotes), close = next(&quotes), first = next(&quotes);
        int64_t last = next(&quotes);
        if (last < 0 || open != at || first != close + 2 || bytes[close + 1] != ':' ||
            bytes[close - 1] == '\\')
            return 0;
        while (bytes[last - 1] == '\\' && is_escaped(bytes, last))
            if ((last = next(&quotes)) < 0) return 0;
        if (last + 1 >= count) return 0;
        entry->fields++;
        if (close - open == 8 && entry->start[forktopsy_message] < 0 &&
            memcmp(bytes + open + 1, "MESSAGE", 7) == 0)
            entry->is_escaped = (uint8_t)has_mark(slashes, first + 1 + shift, last + shift);
        take_field(entry, bytes, bytes + open + 1, close - open - 1, first + 1, last);
        if (bytes[last + 1] == '}') {
            entry->position = last + 2;
            break;
        }
        if (bytes[last + 1] != ',') return 0;
        at = last + 2;
    }
    // Lines are counted where somebody reads them.
    return memchr(bytes, '\n', (size_t)entry->position) == NULL;
}

#else

int forktopsy_walk_object(const uint8_t *bytes, int64_t count, const uint64_t *marks,
                          const uint64_t *slashes, int64_t shift, struct forktopsy_entry *entry) {
    (void)bytes, (void)count, (void)marks, (void)slashes, (void)shift, (void)entry;
    return 0;
}

#endif
