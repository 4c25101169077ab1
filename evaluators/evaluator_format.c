/* format: is the response whole, and of the form that is expected? */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "schema/base/json_read.h"
#include "schema/base/memory.h"
#include "schema/base/utf8.h"
#include "evaluators/answers/text.h"
#include "evaluators/evaluator.h"
#include "evaluators/formats/check.h"

enum { CHECKS_MAX = 16 };

static enum check_result check_empty(const struct check_options *options,
                                     const struct sample *sample, struct arena *arena,
                                     const char **out_reason)
{
    (void)options, (void)arena;
    *out_reason = "empty";
    return text_trim(sample->response).size ? CHECK_FINE : CHECK_BROKEN;
}

static enum check_result check_length(const struct check_options *options,
                                      const struct sample *sample, struct arena *arena,
                                      const char **out_reason)
{
    (void)arena;
    int64_t count = (int64_t)utf8_count(sample->response);
    *out_reason = count < options->min ? "too_short" : "too_long";
    return count < options->min || count > options->max ? CHECK_BROKEN : CHECK_FINE;
}

static enum check_result check_truncation(const struct check_options *options,
                                          const struct sample *sample, struct arena *arena,
                                          const char **out_reason)
{
    /* OpenAI and TGI; Anthropic and Bedrock; Google; Cohere; Mistral; OpenAI's Responses. */
    static const char *const CUT[] = {"length",     "max_tokens",   "MAX_TOKENS", "max_length",
                                      "ERROR_LIMIT", "model_length", "max_output_tokens"};
    (void)options, (void)arena;
    *out_reason = "no_finish_reason";
    if (!sample->finish_reason.size)
        return CHECK_UNKNOWN;
    *out_reason = "truncated";
    for (size_t i = 0; i < sizeof CUT / sizeof *CUT; i++)
        if (str_is(sample->finish_reason, CUT[i]))
            return CHECK_BROKEN;
    return CHECK_FINE;
}

static const struct check {
    const char *name; /* as a rubric spells it */
    check_function *run;
    bool usual; /* made when a rubric names none */
} CHECKS[] = {
    {"empty", check_empty, true},
    {"truncation", check_truncation, true},
    {"repetition", check_repetition, true},
    {"length", check_length, false},
    {"script", check_script, false},
    {"json", check_json, false},
    {"markdown", check_markdown, false},
    {"echo", check_echo, false},
};
enum { CHECK_COUNT = sizeof CHECKS / sizeof *CHECKS };

struct format {
    struct check_options options;
    const struct check *checks[CHECK_COUNT]; /* in the order they are made */
    size_t count;
    const json_t *named;
    const char *script;
};

#define OF(member) offsetof(struct format, member)

static const struct json_field OPTIONS[] = {
    {"check", JSON_KIND_ANY, false, OF(named), 0, 0, NULL},
    {"min", JSON_KIND_INT, false, OF(options.min), 0, 1e9, NULL},
    {"max", JSON_KIND_INT, false, OF(options.max), 0, 1e9, NULL},
    {"script", JSON_KIND_STRING, false, OF(script), 0, 0, SCRIPT_WORDS},
    {"script_share", JSON_KIND_NUMBER, false, OF(options.script_share), 0.01, 1, NULL},
    {"repeated_share", JSON_KIND_NUMBER, false, OF(options.repeated_share), 0.01, 1, NULL},
    {"echoed_share", JSON_KIND_NUMBER, false, OF(options.echoed_share), 0.01, 1, NULL},
    {"fenced", JSON_KIND_BOOL, false, OF(options.fenced), 0, 0, NULL},
};

static bool add_check(struct format *format, const json_t *name, const char *path,
                      struct problems *problems)
{
    const char *word = json_string_value(name);
    size_t i = 0;
    while (i < CHECK_COUNT && (!word || strcmp(CHECKS[i].name, word) != 0))
        i++;
    if (i == CHECK_COUNT)
        return problems_add(problems, path,
                            "must be empty, truncation, repetition, length, script, json, "
                            "markdown or echo");
    for (size_t k = 0; k < format->count; k++)
        if (format->checks[k] == &CHECKS[i])
            return problems_add(problems, path, "%s is named twice", CHECKS[i].name);
    format->checks[format->count++] = &CHECKS[i];
    return true;
}

/* A name, a list of names, or nothing: the usual ones. */
static bool read_checks(struct format *format, const char *options_path, struct problems *problems)
{
    char path[256];
    snprintf(path, sizeof path, "%s.check", options_path);
    if (!format->named) {
        for (size_t i = 0; i < CHECK_COUNT; i++)
            if (CHECKS[i].usual)
                format->checks[format->count++] = &CHECKS[i];
        return true;
    }
    if (!json_is_array(format->named))
        return add_check(format, format->named, path, problems);
    size_t size = json_array_size(format->named);
    if (size == 0 || size > CHECKS_MAX)
        return problems_add(problems, path, "must name 1 to %d checks", CHECKS_MAX);
    bool fine = true;
    for (size_t i = 0; i < size; i++)
        fine = add_check(format, json_array_get(format->named, i), path, problems) && fine;
    return fine;
}

static bool configure(const json_t *json, const struct evaluator_context *context,
                      void **out_state, struct problems *problems)
{
    struct format *format = memory_new(1, sizeof *format);
    format->options = (struct check_options){.min = 1,
                                             .max = 1000000000,
                                             .repeated_share = 0.7,
                                             .echoed_share = 0.5,
                                             .script_share = 0.5,
                                             .fenced = true};
    format->script = "same";
    *out_state = format;
    if (!json_read_fields(json, OPTIONS, sizeof OPTIONS / sizeof *OPTIONS, format, context->path,
                          problems))
        return false;
    format->options.script = script_of_word(format->script);
    if (format->options.min > format->options.max)
        return problems_add(problems, context->path, "min must not be greater than max");
    return read_checks(format, context->path, problems);
}

/* The first check that is broken gives the reason. */
static bool score(const void *state, const struct sample *sample, const struct question *answered,
                  struct scratch *scratch, struct arena *arena, struct score *out,
                  struct error *error)
{
    (void)answered, (void)scratch, (void)error;
    const struct format *format = state;
    const char *unknown = NULL;
    size_t made = 0;
    for (size_t i = 0; i < format->count; i++) {
        const char *reason = NULL;
        enum check_result result =
            format->checks[i]->run(&format->options, sample, arena, &reason);
        if (result == CHECK_BROKEN) {
            *out = score_value(0, reason);
            return true;
        }
        made += result == CHECK_FINE;
        unknown = result == CHECK_UNKNOWN && !unknown ? reason : unknown;
    }
    *out = made ? score_value(1, NULL) : score_without_value(SCORE_NOT_APPLICABLE, unknown);
    return true;
}

const struct evaluator evaluator_format = {
    .name = "format",
    .summary = "is the response whole and of the expected form? (loops, truncation, JSON, script)",
    .configure = configure,
    .score = score,
    .release = free,
};
