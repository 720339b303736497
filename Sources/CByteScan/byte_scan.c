// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "byte_scan.h"

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("avx2"))) static void scan_256(
    const uint8_t *bytes, size_t words, const uint8_t *texts, size_t triples, uint64_t *feeds,
    uint64_t *flags) {
    const __m256i feed = _mm256_set1_epi8('\n'), colon = _mm256_set1_epi8(':');
    const __m256i blank = _mm256_set1_epi8(' '), delete = _mm256_set1_epi8(0x7F);
    for (size_t i = 0; i < words; i++) {
        uint64_t ends = 0, found = 0;
        for (size_t half = 0; half < 64; half += 32) {
            const uint8_t *p = bytes + i * 64 + half;
            const __m256i here = _mm256_loadu_si256((const __m256i *)p);
            const __m256i next = _mm256_loadu_si256((const __m256i *)(p + 1));
            const __m256i after = _mm256_loadu_si256((const __m256i *)(p + 2));
            const __m256i end = _mm256_cmpeq_epi8(here, feed);
            // Bytes from 0x80 on are negative here.
            __m256i odd = _mm256_or_si256(_mm256_cmpgt_epi8(blank, here),
                                          _mm256_cmpeq_epi8(here, delete));
            __m256i hit = _mm256_andnot_si256(end, odd);
            hit = _mm256_or_si256(hit, _mm256_and_si256(_mm256_cmpeq_epi8(here, colon),
                                                        _mm256_cmpeq_epi8(after, blank)));
            for (size_t k = 0; k < triples; k++) {
                const uint8_t *t = texts + 3 * k;
                __m256i m = _mm256_cmpeq_epi8(here, _mm256_set1_epi8((char)t[0]));
                m = _mm256_and_si256(m, _mm256_cmpeq_epi8(next, _mm256_set1_epi8((char)t[1])));
                m = _mm256_and_si256(m, _mm256_cmpeq_epi8(after, _mm256_set1_epi8((char)t[2])));
                hit = _mm256_or_si256(hit, m);
            }
            ends |= (uint64_t)(uint32_t)_mm256_movemask_epi8(end) << half;
            found |= (uint64_t)(uint32_t)_mm256_movemask_epi8(hit) << half;
        }
        feeds[i] = ends;
        flags[i] = found;
    }
}

// AVX-512VBMI looks 64 bytes up in a table of 128 entries at once. Of an entry, each bit stands for one
// sort of text of three bytes, and tells whether a byte may be its first, second or third.
struct texts {
    uint8_t first[128], second[128], third[128];
};

enum { most_texts = 6, header_end = 64, control = 128 };

static int fits(const uint8_t *texts, size_t triples) {
    for (size_t i = 0; i < 3 * triples; i++)
        if (texts[i] >= 0x80) return 0;
    return triples <= most_texts;
}

static void note(struct texts *all, const uint8_t *texts, size_t triples) {
    memset(all, 0, sizeof *all);
    for (size_t i = 0; i < 128; i++) {
        all->second[i] = header_end | control;
        all->third[i] = i == ' ' ? header_end | control : control;
    }
    for (size_t i = 0; i < 0x20; i++) all->first[i] = i == '\n' ? 0 : control;
    all->first[0x7F] = control;
    all->first[':'] = header_end;
    for (size_t k = 0; k < triples; k++) {
        all->first[texts[3 * k] & 0x7F] |= 1 << k;
        all->second[texts[3 * k + 1] & 0x7F] |= 1 << k;
        all->third[texts[3 * k + 2] & 0x7F] |= 1 << k;
    }
}

__attribute__((target("avx512f,avx512bw,avx512vbmi"))) static void scan_512(
    const uint8_t *bytes, size_t words, const uint8_t *texts, size_t triples, uint64_t *feeds,
    uint64_t *flags) {
    struct texts all;
    note(&all, texts, triples);
    const __m512i feed = _mm512_set1_epi8('\n');
    const __m512i first0 = _mm512_loadu_si512(all.first), first1 = _mm512_loadu_si512(all.first + 64);
    const __m512i second0 = _mm512_loadu_si512(all.second), second1 = _mm512_loadu_si512(all.second + 64);
    const __m512i third0 = _mm512_loadu_si512(all.third), third1 = _mm512_loadu_si512(all.third + 64);
    for (size_t i = 0; i < words; i++) {
        const uint8_t *p = bytes + i * 64;
        const __m512i here = _mm512_loadu_si512(p);
        const __m512i next = _mm512_loadu_si512(p + 1);
        const __m512i after = _mm512_loadu_si512(p + 2);
        const __m512i a = _mm512_permutex2var_epi8(first0, here, first1);
        const __m512i b = _mm512_permutex2var_epi8(second0, next, second1);
        const __m512i c = _mm512_permutex2var_epi8(third0, after, third1);
        const uint64_t beyond = _mm512_movepi8_mask(here);
        feeds[i] = _mm512_cmpeq_epi8_mask(here, feed);
        flags[i] = _mm512_test_epi8_mask(_mm512_and_si512(a, b), c) | beyond;
        // Bytes beyond ASCII are looked up by their low bits, which tell too much of what stands before.
        if (__builtin_expect((beyond | _mm512_movepi8_mask(after)) != 0, 0))
            scan_256(p, 1, texts, triples, feeds + i, flags + i);
    }
}

int forktopsy_scan_block(const uint8_t *bytes, size_t words, const uint8_t *texts, size_t triples,
                         uint64_t *feeds, uint64_t *flags) {
    __builtin_cpu_init();
    if (fits(texts, triples) && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vbmi")) {
        scan_512(bytes, words, texts, triples, feeds, flags);
        return 1;
    }
    if (__builtin_cpu_supports("avx2")) {
        scan_256(bytes, words, texts, triples, feeds, flags);
        return 1;
    }
    return 0;
}

__attribute__((target("avx512f,avx512bw"))) static void pair_512(
    const uint8_t *bytes, size_t words, uint8_t first, uint8_t second, uint64_t *firsts,
    uint64_t *seconds) {
    const __m512i a = _mm512_set1_epi8((char)first), b = _mm512_set1_epi8((char)second);
    for (size_t i = 0; i < words; i++) {
        const __m512i here = _mm512_loadu_si512(bytes + i * 64);
        firsts[i] = _mm512_cmpeq_epi8_mask(here, a);
        seconds[i] = _mm512_cmpeq_epi8_mask(here, b);
    }
}

__attribute__((target("avx2"))) static uint64_t equal_256(__m256i low, __m256i high, __m256i byte) {
    const uint32_t l = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, byte));
    const uint32_t h = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, byte));
    return (uint64_t)h << 32 | l;
}

__attribute__((target("avx2"))) static void pair_256(
    const uint8_t *bytes, size_t words, uint8_t first, uint8_t second, uint64_t *firsts,
    uint64_t *seconds) {
    const __m256i a = _mm256_set1_epi8((char)first), b = _mm256_set1_epi8((char)second);
    for (size_t i = 0; i < words; i++) {
        const __m256i low = _mm256_loadu_si256((const __m256i *)(bytes + i * 64));
        const __m256i high = _mm256_loadu_si256((const __m256i *)(bytes + i * 64 + 32));
        firsts[i] = equal_256(low, high, a);
        seconds[i] = equal_256(low, high, b);
    }
}

int forktopsy_scan_pair(const uint8_t *bytes, size_t words, uint8_t first, uint8_t second,
                        uint64_t *firsts, uint64_t *seconds) {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512bw")) {
        pair_512(bytes, words, first, second, firsts, seconds);
        return 1;
    }
    if (__builtin_cpu_supports("avx2")) {
        pair_256(bytes, words, first, second, firsts, seconds);
        return 1;
    }
    return 0;
}

#else

int forktopsy_scan_pair(const uint8_t *bytes, size_t words, uint8_t first, uint8_t second,
                        uint64_t *firsts, uint64_t *seconds) {
    (void)bytes, (void)words, (void)first, (void)second, (void)firsts, (void)seconds;
    return 0;
}

int forktopsy_scan_block(const uint8_t *bytes, size_t words, const uint8_t *texts, size_t triples,
                         uint64_t *feeds, uint64_t *flags) {
    (void)bytes, (void)words, (void)texts, (void)triples, (void)feeds, (void)flags;
    return 0;
}

#endif
