// SPDX-License-Identifier: Apache-2.0
// Matches what a server writes again and again, by templates of texts, numbers and names, and packs it as
// `EventBlock` in Model keeps events. `Matching` derives the templates from the patterns, and only
// those of which one thing can match in one way.
#include <string.h>

#include "byte_scan.h"

enum step { step_end, step_text, step_digits, step_token, step_address, step_rest, step_open, step_close };

enum { capture_limit = 8 };

static inline int is_digit(uint8_t byte) { return (uint8_t)(byte - '0') < 10; }

static inline int same(const uint8_t *a, const uint8_t *b, size_t length) {
    if (length < 8) {
        for (size_t i = 0; i < length; i++)
            if (a[i] != b[i]) return 0;
        return 1;
    }
    uint64_t x, y;
    for (size_t i = 0; i + 8 < length; i += 8) {
        memcpy(&x, a + i, 8), memcpy(&y, b + i, 8);
        if (x != y) return 0;
    }
    memcpy(&x, a + length - 8, 8), memcpy(&y, b + length - 8, 8);
    return x == y;
}

// Whether the message, from `at` to `end`, is what the steps say; bounds are from `line` on.
static int follow(const uint8_t *step, const uint8_t *line, const uint8_t *at, const uint8_t *end,
                  int16_t *bounds) {
    for (;;) {
        switch (*step++) {
        case step_text: {
            const size_t length = *step++;
            if ((size_t)(end - at) < length || !same(at, step, length)) return 0;
            at += length, step += length;
            break;
        }
        case step_digits: {
            const uint8_t *first = at;
            while (at < end && is_digit(*at)) at++;
            if (at == first) return 0;
            break;
        }
        case step_token: {
            const uint8_t *first = at;
            while (at < end && *at != ' ') at++;
            if (at == first) return 0;
            break;
        }
        case step_address: {
            const uint8_t *first = at;
            while (at < end && *at != ' ') at++;
            const uint8_t *colon = at;
            while (colon > first && is_digit(colon[-1])) colon--;
            // At least a byte, a colon, a digit.
            if (colon == at || colon - first < 2 || colon[-1] != ':') return 0;
            break;
        }
        case step_rest:
            if (at == end) return 0;
            at = end;
            break;
        case step_open: bounds[2 * *step++] = (int16_t)(at - line); break;
        case step_close: bounds[2 * *step++ + 1] = (int16_t)(at - line); break;
        default: return at == end;
        }
    }
}

int forktopsy_match_record(const struct forktopsy_templates *templates,
                           struct forktopsy_events *events, const struct forktopsy_event *event,
                           const uint8_t *line, uint64_t head, int is_flagged) {
    const uint8_t *message = line + head, *end = line + event->length;
    uint32_t four;
    memcpy(&four, message, 4);
    int32_t link = templates->heads[is_digit(*message) ? 256 : (four * 0x9E3779B1u) >> 24];
    while (link >= 0) {
        const uint8_t *at = templates->code + link;
        uint16_t pattern;
        memcpy(&link, at, 4), memcpy(&pattern, at + 4, 2);
        const uint8_t captures = at[6], is_sure = at[7];
        if (is_flagged && !is_sure) continue;
        int16_t bounds[2 * capture_limit];
        memset(bounds, 0xFF, sizeof bounds);
        if (!follow(at + 8, line, message, end, bounds)) continue;
        if (events->count == events->capacity || events->room - events->used < forktopsy_event_room)
            return -1;
        struct forktopsy_event *out = events->events + events->count++;
        uint8_t *bytes = events->bytes + events->used;
        *out = *event;
        out->start = (uint32_t)events->used;
        out->pattern = pattern;
        out->captures = captures;
        memcpy(bytes, bounds, 4u * captures);
        memcpy(bytes + 4u * captures, line, event->length);
        // No cursor.
        bytes[4u * captures + event->length] = 0;
        events->used += 4 * captures + event->length + 1;
        return 1;
    }
    return 0;
}
