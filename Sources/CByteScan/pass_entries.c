// SPDX-License-Identifier: Apache-2.0
// Passes over the entries of a journal that mean nothing here: those of programs that are no servers, whose
// messages no pattern can match. Which entries these are, `OrdinaryEntries` in Reading says, and takes
// all of which this is not sure.
#include <string.h>

#include "byte_scan.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__

enum {
    longest_message = 2048,
    // Bytes behind a message that are read with it.
    behind = 66,
};

static inline uint64_t word_at(const uint8_t *p) {
    uint64_t word;
    memcpy(&word, p, 8);
    return word;
}

// Whether one of the texts may stand in a message: three bytes of it, one after the other, or a byte that is
// not printable ASCII.
static int may_hold(const uint8_t *tables, const uint8_t *message, int64_t length) {
    const uint8_t *second = tables + 256, *third = tables + 512;
    for (int64_t i = 0; i < length; i++)
        if (tables[message[i]] & second[message[i + 1]] & third[message[i + 2]]) return 1;
    return 0;
}

#if defined(__x86_64__)
__attribute__((target("avx512f,avx512bw,avx512vbmi"))) static int may_hold_512(
    const uint8_t *tables, const uint8_t *message, int64_t length) {
    const __m512i first0 = _mm512_loadu_si512(tables), first1 = _mm512_loadu_si512(tables + 64);
    const __m512i second0 = _mm512_loadu_si512(tables + 256), second1 = _mm512_loadu_si512(tables + 320);
    const __m512i third0 = _mm512_loadu_si512(tables + 512), third1 = _mm512_loadu_si512(tables + 576);
    for (int64_t i = 0; i < length; i += 64) {
        const __m512i here = _mm512_loadu_si512(message + i);
        const __m512i next = _mm512_loadu_si512(message + i + 1);
        const __m512i after = _mm512_loadu_si512(message + i + 2);
        const __m512i a = _mm512_permutex2var_epi8(first0, here, first1);
        const __m512i b = _mm512_permutex2var_epi8(second0, next, second1);
        const __m512i c = _mm512_permutex2var_epi8(third0, after, third1);
        // Bytes beyond ASCII are looked up by their low bits, and found for what they are.
        const uint64_t found = _mm512_test_epi8_mask(_mm512_and_si512(a, b), c) | _mm512_movepi8_mask(here);
        const int64_t left = length - i;
        if (found & (~0ULL >> (64 - (left < 64 ? left : 64)))) return 1;
    }
    return 0;
}
#endif

#if defined(__x86_64__)
static inline int is_wide(void) {
    return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi");
}
#endif

// What tells the writer of an entry: the bounds of its fields are mixed with their first and last bytes.
static uint64_t hash_of(const uint8_t *bytes, const struct forktopsy_entry *entry) {
    uint64_t hash = 0;
    for (int i = forktopsy_transport; i <= forktopsy_container; i++) {
        const int64_t start = entry->start[i], length = start < 0 ? -1 : entry->end[i] - start;
        uint64_t word = (uint64_t)length;
        if (length >= 8)
            word ^= word_at(bytes + start) + 31 * word_at(bytes + start + length - 8);
        else
            for (int64_t k = 0; k < length; k++) word = word << 8 ^ bytes[start + k];
        hash = (hash ^ word) * 0xFF51AFD7ED558CCDULL;
        hash ^= hash >> 32;
    }
    return hash;
}

// Writes down what a writer is, or compares it with what was written: each field with its length.
static int64_t key_of(const uint8_t *bytes, const struct forktopsy_entry *entry, uint8_t *key) {
    int64_t used = 0;
    for (int i = forktopsy_transport; i <= forktopsy_container; i++) {
        const int64_t start = entry->start[i], length = start < 0 ? 0 : entry->end[i] - start;
        if (used + length + 2 > forktopsy_key_room) return -1;
        key[used] = start >= 0;
        key[used + 1] = (uint8_t)length;
        if (length > 255) return -1;
        if (length > 0) memcpy(key + used + 2, bytes + start, (size_t)length);
        used += length + 2;
    }
    return used;
}

static const struct forktopsy_writer *writer_of(const struct forktopsy_known *known,
                                                const uint8_t *bytes,
                                                const struct forktopsy_entry *entry) {
    const uint64_t hash = hash_of(bytes, entry), slot = hash >> 32 & (forktopsy_writers - 1);
    const struct forktopsy_writer *writer = known->writers + slot;
    if (writer->length == 0 || writer->hash != hash) return NULL;
    const uint8_t *key = known->keys + slot * forktopsy_key_room;
    for (int i = forktopsy_transport; i <= forktopsy_container; i++) {
        const int64_t start = entry->start[i], length = start < 0 ? 0 : entry->end[i] - start;
        if (key[0] != (start >= 0) || key[1] != length) return NULL;
        key += 2;
        if (length >= 8) {
            for (int64_t k = 0; k + 8 < length; k += 8)
                if (word_at(key + k) != word_at(bytes + start + k)) return NULL;
            if (word_at(key + length - 8) != word_at(bytes + start + length - 8)) return NULL;
        } else {
            for (int64_t k = 0; k < length; k++)
                if (key[k] != bytes[start + k]) return NULL;
        }
        key += length;
    }
    return writer;
}

void forktopsy_learn_writer(struct forktopsy_writer *writers, uint8_t *keys, const uint8_t *bytes,
                            const struct forktopsy_entry *entry, uint16_t stream) {
    const uint64_t hash = hash_of(bytes, entry), slot = hash >> 32 & (forktopsy_writers - 1);
    const int64_t length = key_of(bytes, entry, keys + slot * forktopsy_key_room);
    writers[slot].hash = hash;
    writers[slot].length = length < 0 ? 0 : (int32_t)length;
    writers[slot].stream = stream;
}

// Whether the time since boot says what is known of the host's boots, or no more can be noted of them.
static int is_boot_known(const struct forktopsy_known *known, const struct forktopsy_entry *entry) {
    const int64_t monotonic = entry->numbers[forktopsy_monotonic];
    if (!entry->has_number[forktopsy_monotonic] || monotonic <= 0 ||
        monotonic > forktopsy_time_limit)
        return 1;
    if (known->boot_count >= forktopsy_boots) return 1;
    const int64_t boot = (entry->numbers[forktopsy_realtime] - monotonic) / 1000000;
    for (int64_t i = 0; i < known->boot_count; i++)
        if (boot - known->boots[i] <= 2 && known->boots[i] - boot <= 2) return 1;
    return 0;
}

static int32_t process_of(const struct forktopsy_entry *entry, int number) {
    const int64_t value = entry->has_number[number] ? entry->numbers[number] : 0;
    return value < 0 ? 0 : value > INT32_MAX ? INT32_MAX : (int32_t)value;
}

// Takes JSON's escapes out of a message: its length, or -1 where one stands for something else than the byte
// behind the backslash.
static int64_t unescaped(const uint8_t *message, int64_t length, uint8_t *out) {
    int64_t used = 0, from = 0;
    while (from < length) {
        const uint8_t *slash = memchr(message + from, '\\', (size_t)(length - from));
        const int64_t to = slash ? slash - message : length;
        memcpy(out + used, message + from, (size_t)(to - from));
        used += to - from;
        if (slash == NULL) break;
        if (to + 1 >= length) return -1;
        const uint8_t next = message[to + 1];
        if (next != '"' && next != '\\' && next != '/') return -1;
        out[used++] = next;
        from = to + 2;
    }
    memset(out + used, 0, behind);
    return used;
}

// Whether all that would be done with an entry is done by noting its time and its writer.
static int is_ordinary(const struct forktopsy_known *known, struct forktopsy_passed *passed,
                       const uint8_t *bytes, int64_t count,
                       const struct forktopsy_entry *entry) {
    passed->is_unknown = 0;
    const int64_t start = entry->start[forktopsy_message];
    if (start < 0) return 0;
    int64_t length = entry->end[forktopsy_message] - start;
    if (length < 4 || length > longest_message || start + length + behind > count) return 0;
    const int64_t realtime = entry->numbers[forktopsy_realtime];
    if (!entry->has_number[forktopsy_realtime] || realtime < 0 || realtime > forktopsy_time_limit)
        return 0;
    const struct forktopsy_writer *writer = writer_of(known, bytes, entry);
    const uint8_t *message = bytes + start;
    uint8_t plain[longest_message + behind];
    if (entry->is_escaped) {
        length = unescaped(message, length, plain);
        if (length < 4) return 0;
        message = plain;
    }
    // A server's own JSON, an array, or the level of a line as glog writes it.
    if (message[0] == '[' || message[0] == '{' ||
        ((uint8_t)(message[1] - '0') < 10 && (uint8_t)(message[0] - 'A') < 26))
        return 0;
    uint32_t four;
    memcpy(&four, message, 4);
    const uint32_t place = (four * 0x9E3779B1u) >> 16;
    if (known->beginnings[place >> 6] >> (place & 63) & 1) return 0;
    if (!is_boot_known(known, entry)) return 0;
    if (writer == NULL) {
        passed->is_unknown = 1;
        return 0;
    }
#if defined(__x86_64__)
    if (is_wide() ? may_hold_512(known->tables, message, length)
                         : may_hold(known->tables, message, length))
        return 0;
#else
    if (may_hold(known->tables, message, length)) return 0;
#endif
    const int32_t process = process_of(entry, forktopsy_syslog_pid);
    passed->realtime = realtime;
    passed->process = process ? process : process_of(entry, forktopsy_pid);
    passed->stream = writer->stream;
    return 1;
}

static void begin(struct forktopsy_passed *passed) {
    passed->position = passed->lines = passed->count = 0;
    passed->is_unknown = 0;
#if defined(__x86_64__)
    __builtin_cpu_init();
#endif
}

static void reset(struct forktopsy_entry *entry) {
    memset(entry, 0, sizeof *entry);
    memset(entry->start, 0xFF, sizeof entry->start);
}

int forktopsy_pass_entries(const uint8_t *bytes, int64_t count, const uint64_t *feeds,
                           const uint64_t *equals, int64_t shift,
                           const struct forktopsy_known *known, struct forktopsy_passed *passed,
                           struct forktopsy_entry *entry) {
    begin(passed);
    while (passed->position < count) {
        const uint8_t *here = bytes + passed->position;
        const int64_t left = count - passed->position;
        reset(entry);
        if (!forktopsy_walk_entry(here, left, feeds, equals, shift + passed->position, entry) ||
            entry->fields == 0)
            return 0;
        if (!is_ordinary(known, passed, here, left, entry)) return 1;
        passed->position += entry->position;
        passed->lines += entry->lines;
        passed->count++;
    }
    return 0;
}

int forktopsy_pass_objects(const uint8_t *bytes, int64_t count, const uint64_t *quotes,
                           const uint64_t *slashes, int64_t shift,
                           const struct forktopsy_known *known, struct forktopsy_passed *passed,
                           struct forktopsy_entry *entry) {
    begin(passed);
    while (passed->position < count) {
        const uint8_t *here = bytes + passed->position;
        const int64_t left = count - passed->position;
        if (*here == '\n') {
            passed->position++;
            passed->lines++;
            continue;
        }
        reset(entry);
        if (!forktopsy_walk_object(here, left, quotes, slashes, shift + passed->position, entry))
            return 0;
        if (!is_ordinary(known, passed, here, left, entry)) return 1;
        passed->position += entry->position;
        passed->count++;
    }
    return 0;
}

#else

void forktopsy_learn_writer(struct forktopsy_writer *writers, uint8_t *keys, const uint8_t *bytes,
                            const struct forktopsy_entry *entry, uint16_t stream) {
    (void)writers, (void)keys, (void)bytes, (void)entry, (void)stream;
}

int forktopsy_pass_entries(const uint8_t *bytes, int64_t count, const uint64_t *feeds,
                           const uint64_t *equals, int64_t shift,
                           const struct forktopsy_known *known, struct forktopsy_passed *passed,
                           struct forktopsy_entry *entry) {
    (void)bytes, (void)count, (void)feeds, (void)equals, (void)shift, (void)entry;
    passed->position = passed->lines = passed->count = 0;
    return 0;
}

int forktopsy_pass_objects(const uint8_t *bytes, int64_t count, const uint64_t *quotes,
                           const uint64_t *slashes, int64_t shift,
                           const struct forktopsy_known *known, struct forktopsy_passed *passed,
                           struct forktopsy_entry *entry) {
    (void)bytes, (void)count, (void)quotes, (void)slashes, (void)shift, (void)entry;
    passed->position = passed->lines = passed->count = 0;
    return 0;
}

#endif
