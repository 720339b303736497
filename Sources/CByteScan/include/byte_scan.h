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

#endif
