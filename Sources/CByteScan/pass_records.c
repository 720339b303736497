// SPDX-License-Identifier: Apache-2.0
// The loop that nearly all lines of a server's log end in. `LineSieve.passes` in Reading does the same,
// and says why; what this loop is not sure of is left to it. Lengths, levels and beginnings of lines
// follow no rule that a processor could learn, so nothing is decided by them before the one branch.
#include <string.h>

#include "byte_scan.h"

enum {
    date_length = 24,              // 22 Nov 2024 10:15:02.123
    head_length = date_length + 3, // " * " behind it
    window = 192,                  // longer lines are left to Swift
};

static inline __attribute__((always_inline)) uint64_t word_at(const uint8_t *p) {
    uint64_t word;
    memcpy(&word, p, 8);
    return word;
}

static inline __attribute__((always_inline)) uint64_t bit_at(const uint64_t *bits, uint32_t i) {
    return bits[i >> 6] >> (i & 63) & 1;
}

// The 64 marks from `at` on.
static inline __attribute__((always_inline)) uint64_t marks_at(const uint64_t *bits, uint64_t at) {
    const uint64_t *word = bits + (at >> 6), shift = at & 63;
    return word[0] >> shift | word[1] << 1 << (63 - shift);
}

static inline __attribute__((always_inline)) uint32_t hash_of(uint32_t word) {
    return (word * 0x9E3779B1u) >> 16;
}

// The levels of the marks * + , - . and of three others; 0 where it is none that is passed over.
static const uint8_t levels[8] = {3, 0, 0, 2, 1, 0, 0, 0};

// Whether a message may end in a byte: what copying leaves behind messages is taken off elsewhere.
static inline __attribute__((always_inline)) uint64_t is_odd_end(uint64_t tail) {
    const uint8_t last = tail >> 56;
    return (last == 0x20) | (last == 0x60) | (last == 0x5D) | (last == 0x2A) | (last == 0x3E) |
           (last == 0x7C) | ((tail >> 48) == 0x6E5C);
}

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__

static inline __attribute__((always_inline)) void pass_records(
    struct forktopsy_run *run, struct forktopsy_place *place, const uint8_t *bytes,
    const uint64_t *feeds, const uint64_t *flags, int64_t start, int64_t words,
    const uint64_t *beginnings, const uint64_t *pairs) {
    place->is_found = 0;
    const uint64_t lead0 = run->lead[0], lead1 = run->lead[1];
    const uint64_t mask0 = run->lead_mask[0], mask1 = run->lead_mask[1];
    const uint64_t date0 = run->date[0], date1 = run->date[1], date2 = run->date[2];
    const uint64_t head = run->date_start + head_length;
    const int64_t minute = run->minute, limit = words * 64;
    const uint8_t *const block = bytes + start;
    int64_t from = place->line_start - start, now = run->nanoseconds;
    int64_t count = 0, steps = 0;
    uint8_t level = run->level;
    while (from >= 0 && from < limit) {
        // Where the line ends: at the first of 192 marks that is a line feed.
        const uint64_t first = marks_at(feeds, from), second = marks_at(feeds, from + 64);
        const uint64_t third = marks_at(feeds, from + 128);
        if ((first | second | third) == 0) break;
        const uint64_t near = second ? second : third, offset = second ? 64 : 128;
        const uint64_t length = (first ? 0 : offset) + __builtin_ctzll(first ? first : near);
        // A header's date and time, and 16 bytes of the line, lie within it.
        if (length < head + 8) break;
        const uint8_t *line = block + from, *date = line + run->date_start;
        uint64_t bad = ((word_at(line) ^ lead0) & mask0) | ((word_at(line + 8) ^ lead1) & mask1);
        bad |= (word_at(date) ^ date0) | (word_at(date + 8) ^ date1);
        bad |= (word_at(date + 16) ^ date2) & 0xFFFF;
        // 02.123 *
        const uint64_t text = word_at(date + 18);
        bad |= (text & 0x00FF000000FF0000) ^ 0x00200000002E0000;
        bad |= date[26] ^ 0x20;
        const uint64_t digits = (text & 0x0000FFFFFF00FFFF) - 0x0000303030003030;
        bad |= ((digits + 0x0000767676007676) | digits) & 0x0000808080008080;
        const uint64_t seconds = (digits & 0xFF) * 10 + (digits >> 8 & 0xFF);
        const uint64_t thousandths =
            (digits >> 24 & 0xFF) * 100 + (digits >> 32 & 0xFF) * 10 + (digits >> 40 & 0xFF);
        const int64_t at = minute + (int64_t)(seconds * 1000 + thousandths) * 1000000;
        const uint64_t mark = (text >> 56) - 0x2A;
        const uint8_t its = levels[mark & 7];
        bad |= (seconds >= 60) | (mark > 7) | (its == 0) | (at < now);
        const uint64_t tail = word_at(line + length - 8);
        bad |= is_odd_end(tail);
        // Marks of the message, of which there are as many as it has bytes.
        const uint64_t size = length - head;
        const uint64_t low = size < 64 ? size : 64, high = size < 64 ? 0 : size - 64;
        bad |= marks_at(flags, from + head) & (~0ULL >> (64 - low));
        bad |= marks_at(flags, from + head + 64) & (~0ULL >> 1 >> (63 - (high < 63 ? high : 63)));
        bad |= size > 64 + 63;
        if (bad) break;
        // A message begins as a pattern's do by four bytes or by eight, and ends as it has to or anyhow.
        const uint64_t message = word_at(line + head);
        const uint32_t four = (uint32_t)message, ending = (uint32_t)(tail >> 32) * 0x85EBCA6Bu;
        const uint32_t eight = four ^ (uint32_t)(message >> 32) * 0xC2B2AE35u;
        const uint64_t ends_so =
            bit_at(pairs, hash_of(four ^ ending)) | bit_at(pairs, hash_of(eight ^ ending));
        const uint64_t ends_anyhow = bit_at(pairs, hash_of(four)) | bit_at(pairs, hash_of(eight));
        if (bit_at(beginnings, hash_of(four)) & (ends_so | ends_anyhow)) {
            place->is_found = ends_so != 0;
            place->level = its;
            place->nanoseconds = at;
            break;
        }
        steps += at > now;
        now = at;
        count++;
        level = its;
        from += length + 1;
    }
    place->line_start = from + start;
    place->word = from < limit ? from >> 6 : words - 1;
    place->bits = from < limit ? feeds[from >> 6] & (~0ULL << (from & 63)) : 0;
    place->number += count;
    if (count > 0) {
        run->nanoseconds = now;
        run->line = place->number;
        run->level = level;
        run->count += count;
        run->forward_steps += steps;
    }
}

#if defined(__x86_64__)
// With shifts that leave the flags alone.
__attribute__((target("bmi,bmi2"))) static void pass_records_bmi2(
    struct forktopsy_run *run, struct forktopsy_place *place, const uint8_t *bytes,
    const uint64_t *feeds, const uint64_t *flags, int64_t start, int64_t words,
    const uint64_t *beginnings, const uint64_t *pairs) {
    pass_records(run, place, bytes, feeds, flags, start, words, beginnings, pairs);
}
#endif

void forktopsy_pass_records(struct forktopsy_run *run, struct forktopsy_place *place,
                            const uint8_t *bytes, const uint64_t *feeds, const uint64_t *flags,
                            int64_t start, int64_t words, const uint64_t *beginnings,
                            const uint64_t *pairs) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2")) {
        pass_records_bmi2(run, place, bytes, feeds, flags, start, words, beginnings, pairs);
        return;
    }
#endif
    pass_records(run, place, bytes, feeds, flags, start, words, beginnings, pairs);
}

#else

void forktopsy_pass_records(struct forktopsy_run *run, struct forktopsy_place *place,
                            const uint8_t *bytes, const uint64_t *feeds, const uint64_t *flags,
                            int64_t start, int64_t words, const uint64_t *beginnings,
                            const uint64_t *pairs) {
    place->is_found = 0;
    (void)run, (void)bytes, (void)feeds, (void)flags, (void)start, (void)words;
    (void)beginnings, (void)pairs;
}

#endif
