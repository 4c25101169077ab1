/* targets: the endpoints that may be asked, and which of them a question goes to. */
#include "worker/answer/targets.h"

#include <stdlib.h>
#include "schema/base/memory.h"

struct targets targets_new(const struct answerer_config *config)
{
    size_t count = TARGET_JUDGE + 1 + config->sampled_endpoint_count;
    struct targets targets = {memory_new(count, sizeof *targets.items), count};
    for (size_t i = 0; i < config->sampled_endpoint_count; i++)
        target_init(&targets.items[TARGET_JUDGE + 1 + i], config->endpoint_url, config->region,
                    config->sampled_endpoints[i], config->max_in_flight);
    struct target *judge = &targets.items[TARGET_JUDGE];
    judge->component = config->inference_component;
    judge->variant = config->target_variant;
    judge->model = config->judge_model;
    if (config->judge_endpoint)
        target_init(judge, config->endpoint_url, config->region, config->judge_endpoint,
                    config->max_in_flight);
    return targets;
}

bool targets_check_judge(const struct targets *targets, const struct answerer_config *config,
                         struct error *error)
{
    if (!config->judge_endpoint || targets->items[TARGET_JUDGE].url[0])
        return true;
    return error_set(error, ERROR_FATAL,
                     "judge: the endpoint's name must be 1 to 63 letters, digits and hyphens, "
                     "and its URL shorter than %d bytes",
                     INVOKE_URL_BYTES_MAX);
}

void targets_clear(struct targets *targets)
{
    free(targets->items);
    *targets = (struct targets){0};
}

static bool absent_or_valid(struct str name)
{
    return !name.size || invoke_name_valid(name);
}

/* A name that came with the traffic is asked only where the configuration lists it. */
static const char *choose_sampled(const struct targets *targets,
                                  const struct answerer_config *config,
                                  const struct question_place *place, size_t *out)
{
    if (!place->endpoint.size)
        return "no_endpoint";
    size_t i = 0;
    while (i < config->sampled_endpoint_count &&
           !str_is(place->endpoint, config->sampled_endpoints[i]))
        i++;
    if (i == config->sampled_endpoint_count || !targets->items[TARGET_JUDGE + 1 + i].url[0])
        return "endpoint_not_listed";
    if (!absent_or_valid(place->component) || !absent_or_valid(place->variant))
        return "name_not_valid";
    *out = TARGET_JUDGE + 1 + i;
    return NULL;
}

const char *targets_choose(const struct targets *targets, const struct answerer_config *config,
                           const struct question *question, size_t *out)
{
    *out = TARGET_JUDGE;
    if (question->target == ASK_JUDGE)
        return config->judge_endpoint ? NULL : "no_judge";
    return choose_sampled(targets, config, &question->place, out);
}
