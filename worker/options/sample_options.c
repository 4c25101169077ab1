/* sample_options: which part of the traffic is kept, as people say it to `feed` and `run`. */
#include "worker/options/sample_options.h"

#include <stdlib.h>
#include <string.h>

static const double RATE_MAX = 1e9;

const struct sample_options SAMPLE_DEFAULTS = {.floor = 30};

#define AT(member) offsetof(struct sample_options, member)

const struct arg SAMPLE_ARGS[SAMPLE_ARG_COUNT] = {
    {"sample", "BUDGET", ARG_TEXT, AT(budget),
     "keep a part: 5% of the records, or 50/s. Strata share it by the square roots of their sizes; "
     "a keyed hash decides, groups and sessions as a whole. Each record carries its probability, "
     "and reports weigh by it; default all",
     0, 0},
    {"sample-stratum", "STRATUM=P", ARG_LIST, AT(strata),
     "keep records of this stratum with probability P, beside the budget", 0, 0},
    {"sample-floor", "N", ARG_NUMBER, AT(floor),
     "with --sample: of each stratum at least about N of 10,000 records, or all there are; default "
     "30",
     0, SAMPLER_BUCKET_RECORDS},
    {"sample-novelty", "N", ARG_NUMBER, AT(novelty),
     "with --sample: keep about N of each shape of prompt before it is common, for up to a quarter "
     "of the budget; default 0",
     0, SAMPLER_BUCKET_RECORDS},
};

/* "5%" is a share, "50/s" a rate; false for anything else. */
static bool read_budget(const char *text, double *out_share, double *out_rate)
{
    char *end;
    double number = strtod(text, &end);
    bool share = strcmp(end, "%") == 0, rate = strcmp(end, "/s") == 0;
    if (end == text || !(number > 0) || number > RATE_MAX || (share && number > 100))
        return false;
    *out_share = share ? number / 100 : 0;
    *out_rate = rate ? number : 0;
    return share || rate;
}

static void check_strata(const struct arg_list *strata, struct problems *problems)
{
    for (size_t i = 0; i < strata->count; i++) {
        const char *equals = strrchr(strata->values[i], '=');
        char *end = NULL;
        double p = equals && equals[1] ? strtod(equals + 1, &end) : -1;
        if (!end || *end || equals == strata->values[i] || !(p >= 0 && p <= 1))
            problems_add(problems, "",
                         "--sample-stratum must be STRATUM=P, P from 0 to 1, not %.100s",
                         strata->values[i]);
    }
}

bool sample_options_check(const struct sample_options *options, struct problems *problems)
{
    double share, rate;
    size_t before = problems->total;
    if (options->budget && !read_budget(options->budget, &share, &rate))
        problems_add(problems, "",
                     "--sample must be a part of the records, 5%%, or records a second, 50/s, not "
                     "\"%.80s\"; of one stratum: --sample-stratum STRATUM=P",
                     options->budget);
    if (!options->budget && options->novelty > 0)
        problems_add(problems, "", "--sample-novelty needs --sample");
    check_strata(&options->strata, problems);
    return problems->total == before;
}

bool sample_options_wanted(const struct sample_options *options)
{
    return options->budget || options->strata.count > 0;
}

struct sampler_config sample_options_config(const struct sample_options *options, int64_t samplers)
{
    struct sampler_config config = {.share = 1,
                                    .floor = options->floor,
                                    .novelty = options->novelty,
                                    .strata = {options->strata.values, options->strata.count}};
    if (options->budget)
        read_budget(options->budget, &config.share, &config.rate);
    config.rate /= (double)samplers;
    return config;
}
