// SPDX-License-Identifier: Apache-2.0
#include "byte_scan.h"

#if defined(__x86_64__)
#include <immintrin.h>

// AVX-512BW compares 64 bytes into 64 bits at once.
__attribute__((target("avx512f,avx512bw"))) static void scan_512(
    const uint8_t *bytes, size_t words, const uint8_t *texts, size_t triples, uint64_t *feeds,
    uint64_t *flags) {
    const __m512i feed = _mm512_set1_epi8('\n'), colon = _mm512_set1_epi8(':');
    const __m512i blank = _mm512_set1_epi8(' '), last = _mm512_set1_epi8(0x7E - 0x20);
    for (size_t i = 0; i < words; i++) {
        const uint8_t *p = bytes + i * 64;
        const __m512i here = _mm512_loadu_si512(p);
        const __m512i next = _mm512_loadu_si512(p + 1);
        const __m512i after = _mm512_loadu_si512(p + 2);
        const uint64_t ends = _mm512_cmpeq_epi8_mask(here, feed);
        uint64_t found = _mm512_cmpgt_epu8_mask(_mm512_sub_epi8(here, blank), last) & ~ends;
        found |= _mm512_mask_cmpeq_epi8_mask(_mm512_cmpeq_epi8_mask(here, colon), after, blank);
        for (size_t k = 0; k < triples; k++) {
            const uint8_t *t = texts + 3 * k;
            __mmask64 m = _mm512_cmpeq_epi8_mask(here, _mm512_set1_epi8((char)t[0]));
            m = _mm512_mask_cmpeq_epi8_mask(m, next, _mm512_set1_epi8((char)t[1]));
            found |= _mm512_mask_cmpeq_epi8_mask(m, after, _mm512_set1_epi8((char)t[2]));
        }
        feeds[i] = ends;
        flags[i] = found;
    }
}

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

int forktopsy_scan_block(const uint8_t *bytes, size_t words, const uint8_t *texts, size_t triples,
                         uint64_t *feeds, uint64_t *flags) {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512bw")) {
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
