/* shouting: does the response keep its voice down? An evaluator outside of assay's tree: to make
 * one, copy this folder. It includes only what `cmake --install` puts into include/assay. */
#include <stddef.h>
#include <stdlib.h>
#include "evaluators/plugin.h"
#include "schema/base/json_read.h"
#include "schema/base/memory.h"

struct shouting {
    double share; /* of ASCII letters that may be capitals */
};

static const struct json_field OPTIONS[] = {
    {"share", JSON_KIND_NUMBER, false, offsetof(struct shouting, share), 0, 1, NULL},
};

static bool configure(const json_t *options, const struct evaluator_context *context,
                      void **out_state, struct problems *problems)
{
    struct shouting *shouting = memory_new(1, sizeof *shouting);
    *shouting = (struct shouting){.share = 0.5};
    *out_state = shouting;
    return json_read_fields(options, OPTIONS, sizeof OPTIONS / sizeof *OPTIONS, shouting,
                            context->path, problems);
}

static bool score(const void *state, const struct sample *sample, const struct question *answered,
                  struct scratch *scratch, struct arena *arena, struct score *out,
                  struct error *error)
{
    (void)answered, (void)scratch, (void)arena, (void)error;
    const struct shouting *shouting = state;
    size_t capitals = 0, letters = 0;
    for (size_t i = 0; i < sample->response.size; i++) {
        char c = sample->response.data[i];
        capitals += c >= 'A' && c <= 'Z';
        letters += (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    }
    if (letters == 0)
        *out = score_without_value(SCORE_NOT_APPLICABLE, "no_letters");
    else if ((double)capitals > shouting->share * (double)letters)
        *out = score_value(0, "shouting");
    else
        *out = score_value(1, NULL);
    return true;
}

static const struct evaluator evaluator_shouting = {
    .name = "shouting",
    .summary = "is no more than a share of the response's letters in capitals?",
    .configure = configure,
    .score = score,
    .release = free,
};

PLUGIN(&evaluator_shouting);
