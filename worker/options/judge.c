/* judge: a command's way to ask models: one answerer with all it stands on. */
#include "worker/options/judge.h"

#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "worker/answer/answerer.h"
#include "worker/answer/budget.h"
#include "worker/aws/keyring.h"
#include "worker/aws/region.h"
#include "worker/net/http.h"

const struct judge_options JUDGE_DEFAULTS = {
    .calls_a_day = BUDGET_UNLIMITED,
    .tokens_a_day = BUDGET_UNLIMITED,
    .in_flight = 32,
    .deadline_s = 300,
};

#define AT(member) offsetof(struct judge_options, member)

const struct arg JUDGE_ARGS[JUDGE_ARG_COUNT] = {
    {"judge-endpoint", "NAME", ARG_TEXT, AT(who.endpoint),
     "SageMaker endpoint that judges; without it the judge's criteria are skipped", 0, 0},
    {"judge-model", "NAME", ARG_TEXT, AT(who.model),
     "model the judge's endpoint is asked for by name", 0, 0},
    {"judge-component", "NAME", ARG_TEXT, AT(who.component),
     "inference component of the judge's endpoint", 0, 0},
    {"judge-calls-per-day", "N", ARG_INT, AT(calls_a_day),
     "hard limit of calls, repeats included, of all workers that share the store; default none", 0,
     1e12},
    {"judge-tokens-per-day", "N", ARG_INT, AT(tokens_a_day),
     "hard limit of tokens, of questions and answers, likewise; default none", 0, 1e12},
    {"judge-in-flight", "N", ARG_INT, AT(in_flight),
     "calls at a time in each lane, fewer while the endpoint throttles; default 32", 1, 1024},
    {"judge-deadline", "SECONDS", ARG_INT, AT(deadline_s),
     "for one answer, repeats included; default 300", 1, 86400},
    {"sampled-endpoint", "NAME", ARG_LIST, AT(sampled),
     "endpoint of the traffic that may be asked for further responses", 0, 0},
    {"aws-endpoint-url", "URL", ARG_TEXT, AT(url),
     "address instead of AWS's own; default AWS_ENDPOINT_URL", 0, 0},
    {"region", "REGION", ARG_TEXT, AT(region), "default AWS_REGION, or the profile's", 0, 0},
    {"profile", "NAME", ARG_TEXT, AT(profile), "of the AWS configuration; default AWS_PROFILE", 0,
     0},
};

/* A question that is answered in the next turn, for its answer is known. */
struct known {
    struct question *question;
    void (*answered)(void *owner, struct question *question);
    void *owner;
};

struct judge {
    struct http *http;
    struct keyring *keyring;
    struct ledger *ledger; /* NULL when nothing is limited */
    struct budget *budget;
    struct error budget_failed;
    struct answerer *answerer;
    struct endpoint address;
    char region[REGION_BYTES];
    int64_t deadline_ms;
    const struct judge_identity *who;
    struct answers *answers; /* NULL: nothing is remembered */
    struct error answers_failed;
    struct known *known;
    size_t known_count, known_room;
    int64_t remembered;
};

bool judge_wanted(const struct judge_options *options)
{
    return options->who.endpoint || options->sampled.count;
}

static bool open_answerer(struct judge *judge, const struct judge_options *options,
                          struct error *error)
{
    struct answerer_config config = ANSWERER_DEFAULTS;
    config.region = judge->region;
    config.endpoint_url = judge->address.url;
    config.judge_endpoint = options->who.endpoint;
    config.judge_model = options->who.model;
    config.inference_component = options->who.component;
    config.sampled_endpoints = options->sampled.values;
    config.sampled_endpoint_count = options->sampled.count;
    config.max_in_flight = (unsigned)options->in_flight;
    judge->answerer = answerer_new(&config, judge->http, judge->keyring, judge->budget, error);
    return judge->answerer != NULL;
}

static bool open_budget(struct judge *judge, const struct judge_options *options, const char *store,
                        struct error *error)
{
    bool limited = options->calls_a_day != BUDGET_UNLIMITED ||
                   options->tokens_a_day != BUDGET_UNLIMITED;
    if (limited && !(judge->ledger = ledger_open(store, error)))
        return false;
    judge->budget = budget_new(options->calls_a_day, options->tokens_a_day, judge->ledger,
                               &judge->budget_failed);
    return true;
}

static bool open_all(struct judge *judge, const struct judge_options *options, const char *store,
                     struct error *error)
{
    const struct keyring_options keys = {
        .credentials = {.profile = options->profile, .region = options->region}};
    if (!region_find(options->region, options->profile, judge->region, error) ||
        !endpoint_find(options->url, "SAGEMAKER_RUNTIME", "runtime.sagemaker", judge->region,
                       &judge->address, error))
        return false;
    judge->keyring = keyring_open(&keys, error);
    if (!judge->keyring)
        return false;
    judge->http = http_new();
    judge->deadline_ms = options->deadline_s * 1000;
    judge->who = &options->who;
    return open_budget(judge, options, store, error) && open_answerer(judge, options, error);
}

struct judge *judge_open(const struct judge_options *options, const char *store,
                         struct error *error)
{
    struct judge *judge = memory_new(1, sizeof *judge);
    if (open_all(judge, options, store, error))
        return judge;
    error_prefix(error, "cannot ask models: ");
    judge_close(judge);
    return NULL;
}

void judge_close(struct judge *judge)
{
    if (!judge)
        return;
    answerer_free(judge->answerer);
    if (judge->budget && judge->budget_failed.kind == ERROR_NONE)
        budget_give_back(judge->budget);
    budget_free(judge->budget);
    ledger_close(judge->ledger);
    http_free(judge->http);
    keyring_close(judge->keyring);
    endpoint_clear(&judge->address);
    free(judge->known);
    free(judge);
}

bool judge_fine(const struct judge *judge, struct error *error)
{
    if (judge->budget_failed.kind != ERROR_NONE)
        *error = judge->budget_failed;
    else if (judge->answers_failed.kind != ERROR_NONE)
        *error = judge->answers_failed;
    else
        return true;
    return false;
}

void judge_remember(struct judge *judge, struct answers *answers)
{
    judge->answers = answers;
}

void judge_cap(struct judge *judge, _Atomic(int64_t) *left)
{
    budget_cap(judge->budget, left);
}

struct judge_counts judge_counts(const struct judge *judge)
{
    return (struct judge_counts){.calls = (int64_t)answerer_counts(judge->answerer)->sent,
                                 .remembered = judge->remembered};
}

/* ---- asking ---- */

static bool is_known(struct judge *judge, struct question *question, struct arena *arena)
{
    uint8_t key[SHA256_BYTES];
    if (!judge->answers)
        return false;
    question_answer_key(question, judge->who, key);
    return answers_find(judge->answers, key, question, arena);
}

void judge_ask(struct judge *judge, struct question *question, struct arena *arena,
               void (*answered)(void *owner, struct question *question), void *owner)
{
    if (!is_known(judge, question, arena)) {
        answerer_ask(judge->answerer, question, arena, clock_steady_ms() + judge->deadline_ms,
                     answered, owner);
        return;
    }
    if (judge->known_count == judge->known_room) {
        judge->known_room = judge->known_room ? judge->known_room * 2 : 64;
        judge->known = memory_resize(judge->known, judge->known_room, sizeof *judge->known);
    }
    judge->known[judge->known_count++] = (struct known){question, answered, owner};
    judge->remembered++;
}

void judge_answered(struct judge *judge, const struct question *question)
{
    uint8_t key[SHA256_BYTES];
    if (!judge->answers || question->remembered || question->status != ANSWER_RECEIVED)
        return;
    question_answer_key(question, judge->who, key);
    answers_keep(judge->answers, key, question);
}

/* Whoever is told may ask again: then there are more of them. */
static void tell_known(struct judge *judge)
{
    for (size_t i = 0; i < judge->known_count; i++) {
        struct known one = judge->known[i];
        if (one.question)
            one.answered(one.owner, one.question);
    }
    judge->known_count = 0;
}

static int wait_ms(const struct judge *judge, int most)
{
    int64_t http = http_wait_ms(judge->http), answerer = answerer_wait_ms(judge->answerer);
    if (judge->known_count)
        return 0;
    int64_t wait = http >= 0 && http < most ? http : most;
    return (int)(answerer >= 0 && answerer < wait ? answerer : wait);
}

void judge_turn(struct judge *judge, int wait_ms_max)
{
    struct pollfd descriptor = {.fd = http_descriptor(judge->http), .events = POLLIN};
    if (wait_ms_max > 0)
        poll(&descriptor, 1, wait_ms(judge, wait_ms_max));
    http_turn(judge->http);
    answerer_turn(judge->answerer);
    tell_known(judge);
    struct error error = {0};
    if (judge->answers && !answers_commit(judge->answers, &error) &&
        judge->answers_failed.kind == ERROR_NONE)
        judge->answers_failed = error;
}

void judge_cancel(struct judge *judge, const void *owner)
{
    answerer_cancel_owner(judge->answerer, owner);
    for (size_t i = 0; i < judge->known_count; i++)
        if (judge->known[i].owner == owner)
            judge->known[i].question = NULL;
}
