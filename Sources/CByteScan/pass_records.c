// SPDX-License-Identifier: Apache-2.0
// The loop that nearly all lines of a server's log end in. `LineSieve.passes` in Reading does the same,
// and says why; what this loop is not sure of is left to it. Lengths, levels and beginnings of lines
// follow no rule that a processor could learn, so nothing is decided by them before the one branch.
#include <string.h>

#include "byte_scan.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

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

// The 64 marks from `at` on. Two shifts: one over both words (shrd) takes several times as long.
static inline __attribute__((always_inline)) uint64_t marks_at(const uint64_t *bits, uint64_t at) {
    const uint64_t *word = bits + (at >> 6), shift = at & 63;
    uint64_t next = word[1] << 1;
    __asm__("" : "+r"(next));
    return word[0] >> shift | next << (63 - shift);
}

// 64 where there is none.
static inline __attribute__((always_inline)) uint64_t first_bit(uint64_t bits) {
    return bits ? (uint64_t)__builtin_ctzll(bits) : 64;
}

// What the marks of levels stand for; 0 for what is no level.
static const uint8_t levels[256] = {['.'] = 1, ['-'] = 2, ['*'] = 3, ['#'] = 4};

// Whether a message may end in a byte: what copying leaves behind messages is taken off elsewhere. 1 where
// not, 2 for an n, which may not stand behind a backslash. An M may be that of ^M.
static const uint8_t odd_ends[256] = {[' '] = 1, ['`'] = 1, [']'] = 1, ['*'] = 1,
                                      ['>'] = 1, ['|'] = 1, ['\\'] = 1, ['M'] = 1, ['n'] = 2};

static inline __attribute__((always_inline)) uint64_t is_odd_end(uint64_t tail) {
    return odd_ends[tail >> 56] & (1 | (uint64_t)((tail >> 48 & 0xFF) == '\\') << 1);
}

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__

// What a loop over records looks at.
struct view {
    const uint8_t *block;
    const uint64_t *flags;
    const uint8_t *filter;
    const struct forktopsy_templates *templates;
    struct forktopsy_events *events;
};

// The record at hand, which begins at `from` in the block.
struct line {
    int64_t from, number;
    uint64_t length, head, text;
    int64_t at;
    uint8_t level;
    int32_t child;
};

// Nanoseconds within the minute of `02.123 *`; what is not so sets bits of `bad`.
static inline __attribute__((always_inline)) int64_t clock_of(uint64_t text, uint64_t *bad) {
    *bad |= (text & 0x00FF000000FF0000) ^ 0x00200000002E0000;
    const uint64_t digits = (text & 0x0000FFFFFF00FFFF) - 0x0000303030003030;
    *bad |= ((digits + 0x0000767676007676) | digits) & 0x0000808080008080;
    const uint64_t seconds = (digits & 0xFF) * 10 + (digits >> 8 & 0xFF);
    const uint64_t thousandths =
        (digits >> 24 & 0xFF) * 100 + (digits >> 32 & 0xFF) * 10 + (digits >> 40 & 0xFF);
    *bad |= seconds >= 60;
    return (int64_t)(seconds * 1000 + thousandths) * 1000000;
}

static inline __attribute__((always_inline)) uint64_t date_differs(
    const struct forktopsy_run *run, const uint8_t *date) {
    return (word_at(date) ^ run->date[0]) | (word_at(date + 8) ^ run->date[1]) |
           ((word_at(date + 16) ^ run->date[2]) & 0xFFFF);
}

// Whether some pattern begins as a message does: by eight bytes, or by fewer and by its end.
static inline __attribute__((always_inline)) uint64_t may_match(const uint8_t *filter,
                                                                uint64_t message, uint64_t tail) {
    const uint32_t four = (uint32_t)message, second = (uint32_t)(message >> 32);
    const uint32_t ending = (uint32_t)(tail >> 32) * 0x85EBCA6Bu;
    const uint32_t pair = (four ^ ending) * 0x9E3779B1u;
    const uint32_t begins = filter[(four * 0x9E3779B1u) >> 20] >> (second * 0xC2B2AE35u >> 29);
    const uint32_t ends = filter[4096 + (pair >> 20)] >> (pair >> 17 & 7);
    return (begins | ends) & 1;
}

// Takes a record that a template matches, as `forktopsy_match_record` says.
static __attribute__((noinline)) int take(const struct view *view, const struct line *line,
                                          int is_flagged) {
    struct forktopsy_event event;
    event.nanoseconds = line->at;
    event.offset = view->events->origin + line->from;
    event.line = (uint32_t)line->number;
    event.child = line->child;
    event.length = (uint16_t)line->length;
    event.level = line->level;
    return forktopsy_match_record(view->templates, view->events, &event, view->block + line->from,
                                  line->head, is_flagged);
}

// What copying does to warnings is taken back elsewhere.
static int is_worth_repair(const uint8_t *message, uint64_t size) {
    for (uint64_t i = 0; i < size; i++)
        if (message[i] == '&' || (message[i] == '\'' && i + 1 < size && message[i + 1] == '\'')) return 1;
    return 0;
}

// How long the line is that begins at `from`; 0 where it is longer than 191 bytes.
static int64_t length_of(const uint64_t *feeds, int64_t from) {
    for (int64_t i = 0; i < window; i += 64) {
        const uint64_t marks = marks_at(feeds, from + i);
        if (marks) return i + __builtin_ctzll(marks);
    }
    return 0;
}

// Looks at a record that is somehow not as most are: a child's, a warning, a long one, one in which
// a text may stand that patterns look for anywhere. 1 where it was taken, 2 where it is to be passed over,
// 0 where that is not sure, -1 where there is no room.
static __attribute__((noinline)) int take_odd(const struct forktopsy_run *run,
                                              const struct view *view, struct line *line,
                                              int64_t now) {
    const uint8_t *bytes = view->block + line->from;
    uint64_t lead = run->date_start, bad = 0;
    if (line->length < head_length + 16) return 0;
    if (((word_at(bytes) ^ run->lead[0]) & run->lead_mask[0]) |
        ((word_at(bytes + 8) ^ run->lead[1]) & run->lead_mask[1])) {
        if (!run->has_children || line->number <= 64) return 0;
        uint64_t i = 0;
        while (i < 8 && (uint8_t)(bytes[i] - '0') < 10) line->child = line->child * 10 + (bytes[i++] - '0');
        if (line->child == 0 || memcmp(bytes + i, ":C ", 3) != 0) return 0;
        lead = i + 3;
    }
    line->head = lead + head_length;
    if (line->length < line->head + 8) return 0;
    const uint8_t *date = bytes + lead, *message = bytes + line->head;
    const uint64_t text = word_at(date + 18), tail = word_at(bytes + line->length - 8);
    line->text = text;
    bad |= date_differs(run, date) | (date[26] ^ 0x20) | is_odd_end(tail);
    line->at = run->minute + clock_of(text, &bad);
    const uint8_t mark = text >> 56;
    line->level = levels[mark];
    if (bad || line->level == 0 || line->at < now) return 0;
    const uint64_t size = line->length - line->head;
    uint64_t flagged = 0;
    for (uint64_t i = 0; i < size; i += 64) {
        const uint64_t left = size - i;
        flagged |= marks_at(view->flags, line->from + line->head + i) &
                   (~0ULL >> (64 - (left < 64 ? left : 64)));
    }
    if (!flagged && line->child == 0 && line->level != 4 &&
        !may_match(view->filter, word_at(message), tail))
        return 2;
    if (view->templates == NULL || (line->level == 4 && is_worth_repair(message, size))) return 0;
    return take(view, line, flagged != 0);
}

// The head of a record as it is to be: its fixed bytes, the greatest digits, and which of them count.
struct head {
    uint8_t bytes[64], most[64];
    uint64_t fixed, digits;
};

// 22 Nov 2024 10:15:02.123 *: the level is looked at elsewhere.
static struct head head_of(const struct forktopsy_run *run) {
    struct head head = {{0}, {0}, 0, 0};
    const uint64_t lead = run->date_start;
    memcpy(head.bytes, run->lead, 16);
    memcpy(head.bytes + lead, run->date, 18);
    memcpy(head.bytes + lead + 18, "00.000 * ", 9);
    memset(head.most, 9, sizeof head.most);
    head.most[lead + 18] = 5;
    head.fixed = ((1ULL << lead) - 1) | (0x3FFFFULL | 1 << 20 | 1 << 24 | 1 << 26) << lead;
    head.digits = (3ULL << 18 | 7ULL << 21) << lead;
    return head;
}

static inline __attribute__((always_inline)) uint64_t head_differs(
    const struct forktopsy_run *run, const struct head *head, const uint8_t *line) {
    (void)head;
    const uint8_t *date = line + run->date_start;
    uint64_t bad = date_differs(run, date) | (date[26] ^ 0x20);
    bad |= ((word_at(line) ^ run->lead[0]) & run->lead_mask[0]) |
           ((word_at(line + 8) ^ run->lead[1]) & run->lead_mask[1]);
    (void)clock_of(word_at(date + 18), &bad);
    return bad;
}

// Which of 64 bytes are line feeds.
static inline __attribute__((always_inline)) uint64_t feeds_at(const uint64_t *feeds,
                                                               const uint8_t *block, uint64_t at) {
    (void)block;
    return marks_at(feeds, at);
}

// The clock within its minute as text, 02.123, as a number that is greater where it is later.
static inline __attribute__((always_inline)) uint64_t key_of(uint64_t text) {
    return __builtin_bswap64(text & 0x0000FFFFFFFFFFFF);
}

static int64_t time_of(uint64_t key) {
    uint64_t ignored = 0;
    return clock_of(__builtin_bswap64(key), &ignored);
}

// The key of the last record, which is not to be later than the next: 0 where it is of a minute before,
// and more than any where it cannot be told.
static uint64_t key_before(const struct forktopsy_run *run) {
    if (run->nanoseconds < run->minute) return 0;
    const uint64_t within = run->nanoseconds - run->minute, all = within / 1000000;
    if (within % 1000000 || all >= 60000) return ~0ULL;
    const uint64_t s = all / 1000, ms = all % 1000;
    return key_of((0x30 + s / 10) | (0x30 + s % 10) << 8 | 0x2EULL << 16 | (0x30 + ms / 100) << 24 |
                  (0x30 + ms / 10 % 10) << 32 | (0x30 + ms % 10) << 40);
}

#define TARGET
#define PASS_RECORDS pass_records
#define HEAD_DIFFERS head_differs
#define FEEDS_AT feeds_at
#include "record_loop.h"
#undef TARGET
#undef PASS_RECORDS
#undef HEAD_DIFFERS
#undef FEEDS_AT

#if defined(__x86_64__)
// With wide registers, and with shifts that leave the flags of the processor alone.
#define TARGET __attribute__((target("avx512f,avx512bw,bmi,bmi2")))
#define PASS_RECORDS pass_records_512
#define HEAD_DIFFERS head_differs_512
#define FEEDS_AT feeds_at_512

TARGET static inline __attribute__((always_inline)) uint64_t feeds_at_512(const uint64_t *feeds,
                                                                          const uint8_t *block,
                                                                          uint64_t at) {
    (void)feeds;
    return _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(block + at), _mm512_set1_epi8('\n'));
}

TARGET static inline __attribute__((always_inline)) uint64_t head_differs_512(
    const struct forktopsy_run *run, const struct head *head, const uint8_t *line) {
    (void)run;
    const __m512i z = _mm512_loadu_si512(line), wanted = _mm512_loadu_si512(head->bytes);
    const __m512i digits = _mm512_sub_epi8(z, _mm512_set1_epi8('0'));
    return _mm512_mask_cmpneq_epi8_mask(head->fixed, z, wanted) |
           _mm512_mask_cmpgt_epu8_mask(head->digits, digits, _mm512_loadu_si512(head->most));
}

#include "record_loop.h"
#endif

void forktopsy_pass_records(struct forktopsy_run *run, struct forktopsy_place *place,
                            const uint8_t *bytes, const uint64_t *feeds, const uint64_t *flags,
                            int64_t start, int64_t words, const uint8_t *filter,
                            const struct forktopsy_templates *templates,
                            struct forktopsy_events *events) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("bmi2")) {
        pass_records_512(run, place, bytes, feeds, flags, start, words, filter,
                         templates, events);
        return;
    }
#endif
    pass_records(run, place, bytes, feeds, flags, start, words, filter, templates,
                 events);
}

#else

void forktopsy_pass_records(struct forktopsy_run *run, struct forktopsy_place *place,
                            const uint8_t *bytes, const uint64_t *feeds, const uint64_t *flags,
                            int64_t start, int64_t words, const uint8_t *filter,
                            const struct forktopsy_templates *templates,
                            struct forktopsy_events *events) {
    place->is_full = 0;
    (void)run, (void)bytes, (void)feeds, (void)flags, (void)start, (void)words;
    (void)filter, (void)templates, (void)events;
}

#endif
