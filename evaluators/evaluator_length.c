/* length: is the response neither too short nor too long? The smallest evaluator: copy this one. */
#include <stddef.h>
#include <stdlib.h>
#include "schema/base/json_read.h"
#include "schema/base/memory.h"
#include "schema/base/utf8.h"
#include "evaluators/evaluator.h"

struct length {
    int64_t min, max; /* code points, inclusive */
};

static const struct json_field OPTIONS[] = {
    {"min", JSON_KIND_INT, false, offsetof(struct length, min), 0, 1e9, NULL},
    {"max", JSON_KIND_INT, false, offsetof(struct length, max), 0, 1e9, NULL},
};

static bool configure(const json_t *options, const struct evaluator_context *context,
                      void **out_state, struct problems *problems)
{
    struct length *length = memory_new(1, sizeof *length);
    *length = (struct length){.min = 1, .max = 1000000000};
    *out_state = length;
    if (!json_read_fields(options, OPTIONS, sizeof OPTIONS / sizeof *OPTIONS, length, context->path,
                          problems))
        return false;
    if (length->min > length->max)
        return problems_add(problems, context->path, "min must not be greater than max");
    return true;
}

static bool score(const void *state, const struct sample *sample, const struct question *answered,
                  struct scratch *scratch, struct arena *arena, struct score *out,
                  struct error *error)
{
    (void)answered, (void)scratch, (void)arena, (void)error;
    const struct length *length = state;
    int64_t count = (int64_t)utf8_count(sample->response);
    if (count < length->min)
        *out = score_value(0, "too_short");
    else if (count > length->max)
        *out = score_value(0, "too_long");
    else
        *out = score_value(1, NULL);
    return true;
}

const struct evaluator evaluator_length = {
    .name = "length",
    .summary = "is the response between min and max characters long?",
    .configure = configure,
    .score = score,
    .release = free,
};
