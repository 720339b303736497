// SPDX-License-Identifier: Apache-2.0
#include <zlib.h>

// inflateInit2 is a macro in zlib.h, which Swift cannot see.
static inline int forktopsy_inflate_init(z_stream *stream, int window_bits) {
    return inflateInit2(stream, window_bits);
}
