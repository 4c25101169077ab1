/* Does the low-water mark never pass what is not terminal, and always reach it? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "worker/lane/offsets.h"
#include "worker/lane/seen.h"

static void gaps_are_crossed_and_open_offsets_are_not(void **state)
{
    (void)state;
    struct offsets offsets;
    offsets_init(&offsets, 10);
    assert_true(offsets_low_water(&offsets) == 10);
    uint64_t a = offsets_deliver(&offsets, 10);
    uint64_t b = offsets_deliver(&offsets, 15); /* 11 to 14 were compacted away */
    uint64_t c = offsets_deliver(&offsets, 16);
    offsets_done(&offsets, b);
    assert_true(offsets_low_water(&offsets) == 10);
    offsets_done(&offsets, a);
    assert_true(offsets_low_water(&offsets) == 16);
    assert_int_equal(offsets_open(&offsets), 1);
    offsets_done(&offsets, c);
    assert_true(offsets_low_water(&offsets) == 17);
    assert_int_equal(offsets_open(&offsets), 0);
    offsets_clear(&offsets);
}

/* The plainest model there is: an array of flags, searched from the start. */
enum { MODEL_MAX = 60000, STEPS = 200000 };

struct model {
    int64_t offset[MODEL_MAX];
    uint64_t ticket[MODEL_MAX];
    bool done[MODEL_MAX];
    size_t count, first_open;
    int64_t position;
};

static int64_t model_low_water(struct model *model)
{
    while (model->first_open < model->count && model->done[model->first_open])
        model->first_open++;
    return model->first_open < model->count ? model->offset[model->first_open] : model->position;
}

static void it_agrees_with_the_plain_model_at_every_step(void **state)
{
    (void)state;
    struct model *model = calloc(1, sizeof *model);
    struct offsets offsets;
    uint32_t random = 1;
    offsets_init(&offsets, 0);
    for (int step = 0; step < STEPS; step++) {
        random = random * 1664525u + 1013904223u;
        size_t open = model->count - model->first_open;
        bool deliver = open == 0 || (open < 5000 && (random >> 16) % 2 == 0);
        if (deliver && model->count < MODEL_MAX) {
            int64_t offset = model->position + (random >> 8) % 3;
            model->ticket[model->count] = offsets_deliver(&offsets, offset);
            model->offset[model->count++] = offset;
            model->position = offset + 1;
        } else if (open > 0) {
            size_t pick = model->first_open + (random >> 4) % open;
            if (model->done[pick])
                continue;
            model->done[pick] = true;
            offsets_done(&offsets, model->ticket[pick]);
        }
        assert_true(offsets_low_water(&offsets) == model_low_water(model));
    }
    offsets_clear(&offsets);
    free(model);
}

static void a_key_is_seen_again_within_half_the_horizon(void **state)
{
    (void)state;
    struct seen seen;
    seen_init(&seen);
    assert_false(seen_add(&seen, 0)); /* zero is a key like any other */
    assert_true(seen_add(&seen, 0));
    for (uint64_t key = 2; key < SEEN_HORIZON / 2; key++)
        assert_false(seen_add(&seen, key * 0x9e3779b97f4a7c15u));
    assert_true(seen_add(&seen, 2 * 0x9e3779b97f4a7c15u));
    for (uint64_t key = SEEN_HORIZON; key < 2 * (uint64_t)SEEN_HORIZON + 2; key++)
        seen_add(&seen, key * 0x9e3779b97f4a7c15u);
    assert_false(seen_add(&seen, 2 * 0x9e3779b97f4a7c15u)); /* forgotten: memory is bounded */
    seen_clear(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gaps_are_crossed_and_open_offsets_are_not),
        cmocka_unit_test(it_agrees_with_the_plain_model_at_every_step),
        cmocka_unit_test(a_key_is_seen_again_within_half_the_horizon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
