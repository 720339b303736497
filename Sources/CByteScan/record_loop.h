// SPDX-License-Identifier: Apache-2.0
// The loop of `pass_records.c`, which includes it once for each sort of processor: TARGET says for which,
// PASS_RECORDS is the loop's name, HEAD_DIFFERS compares the head of a record.

TARGET static void PASS_RECORDS(
    struct forktopsy_run *run, struct forktopsy_place *place, const uint8_t *bytes,
    const uint64_t *feeds, const uint64_t *flags, int64_t start, int64_t words,
    const uint8_t *filter,
    const struct forktopsy_templates *templates, struct forktopsy_events *events) {
    place->is_full = 0;
    const struct head wanted = head_of(run);
    const uint64_t lead = run->date_start, head = lead + head_length;
    const int64_t limit = words * 64;
    const uint8_t *const block = bytes + start;
    const struct view view = {block, flags, filter, templates, events};
    int64_t from = place->line_start - start;
    int64_t count = 0, steps = 0, own_number = 0;
    uint64_t key = key_before(run), own_key = 0;
    uint64_t level = run->level;
    int32_t child = run->child;
    // Bytes of the line are read up to the 128th of its message, and the last word may be one of few.
    while (from >= 0 && from + (int64_t)head + 192 <= limit) {
        const uint8_t *line = block + from;
        // Where the line ends: at the first of 128 bytes of its message that is a line feed.
        const uint64_t feed0 = FEEDS_AT(feeds, block, from + head);
        const uint64_t feed1 = FEEDS_AT(feeds, block, from + head + 64);
        const uint64_t flag0 = marks_at(flags, from + head);
        const uint64_t flag1 = marks_at(flags, from + head + 64);
        // All bits where it is not among the first 64. No branch: how long a line is cannot be foreseen.
        const uint64_t beyond = (uint64_t)(feed0 != 0) - 1;
        const uint64_t size = first_bit(feed0) + (first_bit(feed1) & beyond);
        uint64_t bad = (flag0 & (feed0 - 1)) | (flag1 & (feed1 - 1) & beyond);
        bad |= size - 8 >= 128 - 8;
        bad |= HEAD_DIFFERS(run, &wanted, line);
        const uint64_t text = word_at(line + lead + 18), tail = word_at(line + head + size - 8);
        const uint64_t its_key = key_of(text), its = levels[text >> 56];
        // Neither 0, which is no level, nor 4, a warning.
        bad |= (its_key < key) | (its - 1 >= 3) | is_odd_end(tail);
        const int64_t number = place->number + count + 1;
        if (bad | may_match(filter, word_at(line + head), tail)) {
            // Of a line that differs, the head may have another length.
            const int64_t length = bad ? length_of(feeds, from) : (int64_t)(head + size);
            struct line odd = {from, number, length, head, text, run->minute + time_of(its_key), its, 0};
            const int64_t now = count ? run->minute + time_of(key) : run->nanoseconds;
            const int taken = bad ? take_odd(run, &view, &odd, now) : templates ? take(&view, &odd, 0) : 0;
            if (taken <= 0) {
                place->is_full = taken < 0;
                break;
            }
            steps += odd.at > now;
            key = key_of(odd.text);
            level = odd.level;
            child = odd.child;
            run->child_count += child != 0;
            from += length + 1;
        } else {
            steps += its_key > key;
            key = its_key;
            level = its;
            child = 0;
            from += head + size + 1;
        }
        count++;
        own_key = child ? own_key : key;
        own_number = child ? own_number : number;
    }
    place->line_start = from + start;
    place->word = from < limit ? from >> 6 : words - 1;
    place->bits = from < limit ? feeds[from >> 6] & (~0ULL << (from & 63)) : 0;
    place->number += count;
    if (count == 0) return;
    run->nanoseconds = run->minute + time_of(key);
    run->level = level;
    run->child = child;
    run->count += count;
    run->forward_steps += steps;
    if (own_number == 0) return;
    run->own_nanoseconds = run->minute + time_of(own_key);
    run->own_line = own_number;
}
