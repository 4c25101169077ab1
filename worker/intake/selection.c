/* selection: which samples of a source are to be scored again. */
#include "worker/intake/selection.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const WORDS[] = {"scored", "not_applicable", "skipped",
                                    "error",  "passed",         "failed"};

/* "<=" before "<". */
static const struct {
    const char *sign;
    int test;
} TESTS[] = {{"<=", RESULT_AT_MOST},
             {">=", RESULT_AT_LEAST},
             {"<", RESULT_BELOW},
             {">", RESULT_ABOVE},
             {"=", RESULT_EQUAL}};

static bool parse_wanted(const char *text, struct earlier_result *out)
{
    char *end;
    for (size_t i = 0; out->test == RESULT_EQUAL && i < sizeof WORDS / sizeof *WORDS; i++)
        if (strcmp(text, WORDS[i]) == 0) {
            out->test = RESULT_IS;
            out->word = WORDS[i];
            return true;
        }
    out->value = strtod(text, &end);
    return end != text && !*end && isfinite(out->value);
}

bool earlier_result_parse(const char *text, struct earlier_result *out, struct error *error)
{
    size_t name = strcspn(text, "<>=");
    for (size_t i = 0; name > 0 && name < sizeof out->criterion && i < sizeof TESTS / sizeof *TESTS;
         i++) {
        size_t size = strlen(TESTS[i].sign);
        if (strncmp(text + name, TESTS[i].sign, size) != 0)
            continue;
        *out = (struct earlier_result){.test = TESTS[i].test};
        snprintf(out->criterion, sizeof out->criterion, "%.*s", (int)name, text);
        if (parse_wanted(text + name + size, out))
            return true;
        break;
    }
    return error_set(error, ERROR_INPUT,
                     "\"%.100s\" is no condition: give CRITERION<NUMBER (or <=, >, >=, =), or "
                     "CRITERION=failed (or passed, scored, skipped, error, not_applicable)",
                     text);
}

bool earlier_result_holds(const struct earlier_result *wanted, struct str status, double value,
                          int64_t passed)
{
    switch (wanted->test) {
    case RESULT_BELOW:
        return value < wanted->value;
    case RESULT_AT_MOST:
        return value <= wanted->value;
    case RESULT_ABOVE:
        return value > wanted->value;
    case RESULT_AT_LEAST:
        return value >= wanted->value;
    case RESULT_EQUAL:
        return value == wanted->value;
    case RESULT_IS:
        break;
    }
    if (strcmp(wanted->word, "failed") == 0)
        return passed == 0;
    return strcmp(wanted->word, "passed") == 0 ? passed == 1 : str_is(status, wanted->word);
}

static bool holds(const char *const *list, size_t count, struct str text)
{
    for (size_t i = 0; i < count; i++)
        if (str_is(text, list[i]))
            return true;
    return count == 0;
}

bool selection_takes_endpoint(const struct selection *selection, struct str endpoint)
{
    return holds(selection->endpoints, selection->endpoint_count, endpoint);
}

bool selection_takes(const struct selection *selection, struct str model, struct str endpoint,
                     int64_t observed_at_ms)
{
    bool in_time = selection->from_ms < 0 || (observed_at_ms >= selection->from_ms &&
                                              observed_at_ms < selection->to_ms);
    return in_time && holds(selection->models, selection->model_count, model) &&
           selection_takes_endpoint(selection, endpoint);
}

bool selection_takes_stratum(const struct selection *selection, struct str stratum)
{
    return holds(selection->strata, selection->stratum_count, stratum);
}
