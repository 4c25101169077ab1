/* similarity: how much two sequences have in common. */
#include "evaluators/answers/similarity.h"

enum { WORD_BITS = 64 };

struct overlap overlap_of(size_t shared, size_t prediction, size_t reference)
{
    if (shared == 0)
        return (struct overlap){0, 0, 0};
    double precision = (double)shared / (double)prediction;
    double recall = (double)shared / (double)reference;
    return (struct overlap){precision, recall, 2 * precision * recall / (precision + recall)};
}

struct overlap similarity_multiset(struct sequence prediction, struct sequence reference,
                                   uint32_t id_count, struct arena *arena)
{
    uint32_t *left = arena_new(arena, (size_t)id_count + 1, sizeof *left);
    for (size_t i = 0; i < reference.count; i++)
        left[reference.ids[i]]++;
    size_t shared = 0;
    for (size_t i = 0; i < prediction.count; i++)
        if (left[prediction.ids[i]] > 0) {
            left[prediction.ids[i]]--;
            shared++;
        }
    return overlap_of(shared, prediction.count, reference.count);
}

struct overlap similarity_set(struct sequence prediction, struct sequence reference,
                              uint32_t id_count, struct arena *arena)
{
    enum { IN_REFERENCE = 1, IN_PREDICTION = 2 };
    uint8_t *seen = arena_new(arena, (size_t)id_count + 1, 1);
    size_t reference_size = 0, prediction_size = 0, shared = 0;
    for (size_t i = 0; i < reference.count; i++) {
        reference_size += seen[reference.ids[i]] == 0;
        seen[reference.ids[i]] = IN_REFERENCE;
    }
    for (size_t i = 0; i < prediction.count; i++) {
        uint8_t *where = &seen[prediction.ids[i]];
        if (*where & IN_PREDICTION)
            continue;
        prediction_size++;
        shared += (*where & IN_REFERENCE) != 0;
        *where |= IN_PREDICTION;
    }
    return overlap_of(shared, prediction_size, reference_size);
}

void similarity_init(struct similarity *similarity, struct arena *arena)
{
    *similarity = (struct similarity){.arena = arena, .steps = SIMILARITY_STEPS_MAX};
}

bool similarity_spend(struct similarity *similarity, uint64_t steps)
{
    if (steps > similarity->steps)
        return false;
    similarity->steps -= steps;
    return true;
}

/* Takes the steps from the budget and sees that the memory is there. */
static bool prepare(struct similarity *similarity, size_t a_count, size_t b_count,
                    uint32_t id_count)
{
    uint64_t words = b_count / WORD_BITS + (b_count % WORD_BITS != 0), steps;
    if (__builtin_mul_overflow(words, (uint64_t)a_count, &steps) ||
        !similarity_spend(similarity, steps))
        return false;
    if (similarity->mask_count < id_count) {
        similarity->mask_count = (size_t)id_count * 2;
        similarity->masks =
            arena_new(similarity->arena, similarity->mask_count, sizeof *similarity->masks);
    }
    if (similarity->row_count < a_count) {
        similarity->row_count = a_count * 2;
        similarity->row = arena_alloc(similarity->arena, similarity->row_count);
    }
    return true;
}

/* Where in a block of up to 64 items each id stands; only entries of the block's ids are valid. */
static void set_masks(uint64_t *masks, const uint32_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        masks[ids[i]] |= UINT64_C(1) << i;
}

static void clear_masks(uint64_t *masks, const uint32_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        masks[ids[i]] = 0;
}

/* One block of the pattern along the whole text. `carries` holds the bit that the block below
 * carried out at each place of the text, and takes what this one carries out. Returns the zeros
 * among the block's `size` bits: its share of the LCS. `path`, if not NULL, takes the bits at each
 * place: 0 where the table's column grows by one. */
static size_t lcs_block(const uint64_t *masks, struct sequence text, uint8_t *carries, size_t size,
                        uint64_t *path)
{
    uint64_t v = UINT64_MAX;
    for (size_t i = 0; i < text.count; i++) {
        uint64_t matches = v & masks[text.ids[i]], sum;
        bool carry = __builtin_add_overflow(v, matches, &sum);
        carry |= __builtin_add_overflow(sum, (uint64_t)carries[i], &sum);
        carries[i] = carry;
        v = sum | (v - matches);
        if (path)
            path[i] = v;
    }
    uint64_t used = size == WORD_BITS ? UINT64_MAX : (UINT64_C(1) << size) - 1;
    return (size_t)__builtin_popcountll(~v & used);
}

bool similarity_lcs(struct similarity *similarity, struct sequence a, struct sequence b,
                    uint32_t id_count, size_t *out_length)
{
    *out_length = 0;
    if (a.count == 0 || b.count == 0)
        return true;
    if (!prepare(similarity, a.count, b.count, id_count))
        return false;
    memset(similarity->row, 0, a.count);
    for (size_t start = 0; start < b.count; start += WORD_BITS) {
        size_t size = b.count - start < WORD_BITS ? b.count - start : WORD_BITS;
        set_masks(similarity->masks, b.ids + start, size);
        *out_length += lcs_block(similarity->masks, a, similarity->row, size, NULL);
        clear_masks(similarity->masks, b.ids + start, size);
    }
    return true;
}

/* Memory for one bit an item of `a` at each place of `b`. */
static bool prepare_path(struct similarity *similarity, size_t a_count, size_t b_count)
{
    size_t blocks = a_count / WORD_BITS + 1, words;
    if (!similarity_spend(similarity, a_count + b_count) ||
        __builtin_mul_overflow(blocks, b_count, &words) || words > SIMILARITY_PATH_WORDS_MAX)
        return false;
    if (similarity->path_count < words) {
        similarity->path_count = words * 2;
        similarity->path =
            arena_alloc(similarity->arena, similarity->path_count * sizeof *similarity->path);
    }
    return true;
}

static void walk_back(const uint64_t *path, struct sequence a, struct sequence b, bool *in_lcs)
{
    size_t i = a.count, j = b.count;
    while (i > 0 && j > 0) {
        size_t row = i - 1;
        if (a.ids[row] == b.ids[j - 1]) {
            in_lcs[row] = true;
            i--, j--;
        } else if (path[row / WORD_BITS * b.count + j - 1] >> row % WORD_BITS & 1) {
            i--;
        } else {
            j--;
        }
    }
}

bool similarity_lcs_mark(struct similarity *similarity, struct sequence a, struct sequence b,
                         uint32_t id_count, bool *in_lcs)
{
    if (a.count == 0 || b.count == 0)
        return true;
    if (!prepare(similarity, b.count, a.count, id_count) ||
        !prepare_path(similarity, a.count, b.count))
        return false;
    memset(similarity->row, 0, b.count);
    for (size_t start = 0; start < a.count; start += WORD_BITS) {
        size_t size = a.count - start < WORD_BITS ? a.count - start : WORD_BITS;
        set_masks(similarity->masks, a.ids + start, size);
        lcs_block(similarity->masks, b, similarity->row, size,
                  similarity->path + start / WORD_BITS * b.count);
        clear_masks(similarity->masks, a.ids + start, size);
    }
    walk_back(similarity->path, a, b, in_lcs);
    return true;
}

/* One block of the pattern along the whole text (Hyyro 2003, figure 8, "advance block"). `deltas`
 * holds the horizontal difference at the block's lower edge at each place of the text, and takes
 * that at its upper edge: the row of the block's bit number `size` - 1. */
static void edit_block(const uint64_t *masks, struct sequence text, int8_t *deltas, size_t size)
{
    const unsigned top = (unsigned)size - 1;
    uint64_t plus = UINT64_MAX, minus = 0; /* vertical differences */
    for (size_t i = 0; i < text.count; i++) {
        int8_t in = deltas[i];
        uint64_t equal = masks[text.ids[i]];
        uint64_t x_vertical = equal | minus;
        equal |= (uint64_t)(in < 0);
        uint64_t x_horizontal = (((equal & plus) + plus) ^ plus) | equal;
        uint64_t up = minus | ~(x_horizontal | plus);
        uint64_t down = plus & x_horizontal;
        deltas[i] = (int8_t)((int)(up >> top & 1) - (int)(down >> top & 1));
        up = up << 1 | (uint64_t)(in > 0);
        down = down << 1 | (uint64_t)(in < 0);
        plus = down | ~(x_vertical | up);
        minus = up & x_vertical;
    }
}

/* Equal ends cost nothing and are left out. */
static void strip_equal_ends(struct sequence *a, struct sequence *b)
{
    while (a->count && b->count && a->ids[a->count - 1] == b->ids[b->count - 1])
        a->count--, b->count--;
    while (a->count && b->count && a->ids[0] == b->ids[0])
        *a = (struct sequence){a->ids + 1, a->count - 1},
        *b = (struct sequence){b->ids + 1, b->count - 1};
}

bool similarity_levenshtein(struct similarity *similarity, struct sequence a, struct sequence b,
                            uint32_t id_count, size_t *out_distance)
{
    strip_equal_ends(&a, &b);
    *out_distance = a.count + b.count;
    if (a.count == 0 || b.count == 0)
        return true;
    if (!prepare(similarity, a.count, b.count, id_count))
        return false;
    int8_t *deltas = (int8_t *)similarity->row;
    memset(deltas, 1, a.count); /* row 0 of the table: 0 1 2 3 ... */
    for (size_t start = 0; start < b.count; start += WORD_BITS) {
        size_t size = b.count - start < WORD_BITS ? b.count - start : WORD_BITS;
        set_masks(similarity->masks, b.ids + start, size);
        edit_block(similarity->masks, a, deltas, size);
        clear_masks(similarity->masks, b.ids + start, size);
    }
    int64_t distance = (int64_t)b.count; /* column 0 of the last row */
    for (size_t i = 0; i < a.count; i++)
        distance += deltas[i];
    *out_distance = (size_t)distance;
    return true;
}
