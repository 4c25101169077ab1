/* histogram: values and how often each occurred. */
#include "worker/store/histogram.h"

#include <stdlib.h>
#include <jansson.h>
#include "schema/base/memory.h"

/* Where `value` stands or belongs. */
static size_t position(const struct histogram *histogram, double value)
{
    size_t low = 0, high = histogram->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (histogram->values[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void histogram_add(struct histogram *histogram, double value, uint32_t times)
{
    size_t at = position(histogram, value);
    if (at < histogram->count && histogram->values[at] == value) {
        histogram->counts[at] += times;
        return;
    }
    if (histogram->count == histogram->room) {
        histogram->room = histogram->room ? histogram->room * 2 : 16;
        histogram->values =
            memory_resize(histogram->values, histogram->room, sizeof *histogram->values);
        histogram->counts =
            memory_resize(histogram->counts, histogram->room, sizeof *histogram->counts);
    }
    size_t behind = histogram->count - at;
    memmove(histogram->values + at + 1, histogram->values + at, behind * sizeof(double));
    memmove(histogram->counts + at + 1, histogram->counts + at, behind * sizeof(uint32_t));
    histogram->values[at] = value;
    histogram->counts[at] = times;
    histogram->count++;
}

void histogram_write(const struct histogram *histogram, struct buffer *out)
{
    buffer_append(out, "[", 1);
    for (size_t i = 0; i < histogram->count; i++) {
        buffer_append_str(out, i ? STR(",[") : STR("["));
        buffer_append_number(out, histogram->values[i]);
        buffer_printf(out, ",%u]", histogram->counts[i]);
    }
    buffer_append(out, "]", 1);
}

bool histogram_read(struct histogram *histogram, struct str text)
{
    json_t *pairs = json_loadb(text.data, text.size, 0, NULL);
    bool good = json_is_array(pairs);
    for (size_t i = 0; good && i < json_array_size(pairs); i++) {
        const json_t *pair = json_array_get(pairs, i);
        const json_t *value = json_array_get(pair, 0), *times = json_array_get(pair, 1);
        good = json_is_number(value) && json_is_integer(times);
        if (good)
            histogram_add(histogram, json_number_value(value), (uint32_t)json_integer_value(times));
    }
    json_decref(pairs);
    return good;
}

void histogram_clear(struct histogram *histogram)
{
    free(histogram->values);
    free(histogram->counts);
    *histogram = (struct histogram){0};
}

static void write_varint(struct buffer *out, uint32_t value)
{
    for (; value >= 0x80; value >>= 7)
        buffer_append(out, &(uint8_t){(uint8_t)(value | 0x80)}, 1);
    buffer_append(out, &(uint8_t){(uint8_t)value}, 1);
}

static bool read_varint(struct str bytes, size_t *at, uint32_t *out)
{
    uint32_t value = 0;
    for (int shift = 0; shift < 35 && *at < bytes.size; shift += 7) {
        uint8_t byte = (uint8_t)bytes.data[(*at)++];
        value |= (uint32_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out = value;
            return true;
        }
    }
    return false;
}

void bins_append(struct buffer *out, uint32_t *previous, uint32_t bin, uint32_t times)
{
    write_varint(out, bin - *previous);
    write_varint(out, times);
    *previous = bin;
}

void bins_write(const uint32_t *bins, uint32_t size, struct buffer *out)
{
    uint32_t previous = 0;
    for (uint32_t bin = 0; bin < size; bin++)
        if (bins[bin] > 0)
            bins_append(out, &previous, bin, bins[bin]);
}

bool bins_each(uint32_t size, struct str bytes,
               void (*each)(void *owner, uint32_t bin, uint32_t times), void *owner)
{
    uint32_t bin = 0;
    for (size_t at = 0; at < bytes.size;) {
        uint32_t step, times;
        if (!read_varint(bytes, &at, &step) || !read_varint(bytes, &at, &times))
            return false;
        bin += step;
        if (bin >= size)
            return false;
        each(owner, bin, times);
    }
    return true;
}

static void add_times(void *bins, uint32_t bin, uint32_t times)
{
    ((uint32_t *)bins)[bin] += times;
}

bool bins_read(uint32_t *bins, uint32_t size, struct str bytes)
{
    return bins_each(size, bytes, add_times, bins);
}

/* One of two histograms that are merged: its next bin. */
struct merged {
    struct str bytes;
    size_t at;
    uint32_t bin, times; /* times 0: at the end */
};

static bool next_bin(struct merged *one)
{
    uint32_t step;
    one->times = 0;
    if (one->at == one->bytes.size)
        return true;
    if (!read_varint(one->bytes, &one->at, &step) ||
        !read_varint(one->bytes, &one->at, &one->times) || one->times == 0)
        return false;
    one->bin += step;
    return true;
}

bool bins_merge(struct str a, struct str b, struct buffer *out)
{
    struct merged left = {.bytes = a}, right = {.bytes = b};
    uint32_t previous = 0;
    bool fine = next_bin(&left) && next_bin(&right);
    while (fine && (left.times || right.times)) {
        bool from_left = left.times && (!right.times || left.bin <= right.bin);
        bool from_right = right.times && (!left.times || right.bin <= left.bin);
        uint32_t bin = from_left ? left.bin : right.bin;
        bins_append(out, &previous, bin,
                    (from_left ? left.times : 0) + (from_right ? right.times : 0));
        fine = (!from_left || next_bin(&left)) && (!from_right || next_bin(&right));
    }
    return fine;
}
