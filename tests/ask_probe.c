/* ask_probe: asks the judge about samples from stdin and prints what came of each; for tests.
 *
 *     ask_probe URL OPTIONS_JSON IN_FLIGHT DEADLINE_MS CALLS_A_DAY TOKENS_A_DAY < samples.jsonl
 *
 * A sample is {"id":…,"prompt":…,"response":…}; a line out is {"id":…,"status":…,"value":…,
 * "label":…,"reason":…}, in the order of completion, and at last {"counts":{…}}. */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <jansson.h>
#include "schema/base/clock.h"
#include "schema/base/json_read.h"
#include "schema/base/memory.h"
#include "evaluators/registry.h"
#include "worker/answer/answerer.h"

enum { SAMPLES_MAX = 100000, LINE_BYTES_MAX = 1 << 20 };

struct asked {
    struct sample sample;
    struct arena arena;
    struct question *question;
    json_t *document;
};

struct probe {
    const struct evaluator *judge;
    void *state;
    json_t *options;
    struct http *http;
    struct keyring *keyring;
    struct ledger *ledger;
    struct budget *budget;
    struct error failed;
    struct answerer *answerer;
    struct asked *asked;
    size_t count;
};

static struct probe probe;

static struct str text_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return (struct str){json_string_value(value), json_string_length(value)};
}

static void print_score(const struct asked *asked, const struct score *score)
{
    json_t *line = json_pack("{s:s%, s:s, s:s?, s:s?}", "id", asked->sample.id.data,
                             asked->sample.id.size, "status", score_status_name(score->status),
                             "label", score->label, "reason", score->reason);
    if (score->status == SCORE_SCORED)
        json_object_set_new(line, "value", json_real(score->value));
    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(line);
}

static void finish(struct asked *asked)
{
    struct score score = evaluator_score(probe.judge, probe.state, &asked->sample, asked->question,
                                         NULL, &asked->arena);
    print_score(asked, &score);
    arena_clear(&asked->arena);
    json_decref(asked->document);
    asked->document = NULL;
}

static void answered(void *owner, struct question *question)
{
    (void)question;
    finish(owner);
}

static bool read_samples(void)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t size;
    probe.asked = memory_new(SAMPLES_MAX, sizeof *probe.asked);
    while (probe.count < SAMPLES_MAX && (size = getline(&line, &room, stdin)) > 0) {
        struct asked *asked = &probe.asked[probe.count++];
        asked->document = json_read((struct str){line, (size_t)size}, &JSON_LIMITS_DOCUMENT, NULL);
        if (!asked->document)
            break;
        asked->sample = (struct sample){.id = text_of(asked->document, "id"),
                                        .prompt = text_of(asked->document, "prompt"),
                                        .response = text_of(asked->document, "response")};
    }
    free(line);
    return probe.count == 0 || probe.asked[probe.count - 1].document;
}

static bool open_probe(char **arguments)
{
    struct evaluator_context context = {.path = "options"};
    struct problems problems = {0};
    struct answerer_config config = ANSWERER_DEFAULTS;
    struct error error = {0};
    config.region = "eu-central-1";
    config.judge_endpoint = "judge";
    config.endpoint_url = arguments[1];
    config.max_in_flight = (unsigned)strtoul(arguments[3], NULL, 10);
    config.timeout_ms = 2000;
    config.retry_ms = 5;
    config.parked_ms = 50;
    probe.judge = evaluator_find("judge");
    probe.options = json_loads(arguments[2], 0, NULL);
    if (!probe.judge->configure(probe.options, &context, &probe.state, &problems)) {
        problems_print(&problems, stderr, "ask_probe");
        return false;
    }
    probe.http = http_new();
    probe.keyring = keyring_fixed("AKIDJUDGE", "secret-of-the-judge-tests", NULL);
    probe.ledger = ledger_open(NULL, &error);
    probe.budget = budget_new(strtoll(arguments[5], NULL, 10), strtoll(arguments[6], NULL, 10),
                              probe.ledger, &probe.failed);
    probe.answerer = answerer_new(&config, probe.http, probe.keyring, probe.budget, &error);
    if (!probe.answerer)
        fprintf(stderr, "ask_probe: %s\n", error.text);
    return probe.answerer != NULL;
}

static void ask_all(int64_t deadline_ms)
{
    for (size_t i = 0; i < probe.count; i++) {
        struct asked *asked = &probe.asked[i];
        asked->question = probe.judge->ask(probe.state, &asked->sample, NULL, &asked->arena);
        if (asked->question)
            answerer_ask(probe.answerer, asked->question, &asked->arena, deadline_ms, answered,
                         asked);
        else
            finish(asked);
    }
}

/* As a lane does it: turn both, then wait for the sockets or the next due time. */
static void turn(void)
{
    http_turn(probe.http);
    answerer_turn(probe.answerer);
    int64_t wait = answerer_wait_ms(probe.answerer);
    int http_wait = http_wait_ms(probe.http);
    if (wait < 0 || (http_wait >= 0 && http_wait < wait))
        wait = http_wait;
    struct pollfd readable = {.fd = http_descriptor(probe.http), .events = POLLIN};
    poll(&readable, 1, wait < 0 || wait > 1000 ? 1000 : (int)wait);
}

static void print_counts(void)
{
    const struct answerer_counts *counts = answerer_counts(probe.answerer);
    printf("{\"counts\":{\"asked\":%llu,\"received\":%llu,\"failed\":%llu,\"skipped\":%llu,"
           "\"sent\":%llu,\"retried\":%llu,\"throttled\":%llu,\"input_tokens\":%llu,"
           "\"output_tokens\":%llu}}\n",
           (unsigned long long)counts->asked, (unsigned long long)counts->received,
           (unsigned long long)counts->failed, (unsigned long long)counts->skipped,
           (unsigned long long)counts->sent, (unsigned long long)counts->retried,
           (unsigned long long)counts->throttled, (unsigned long long)counts->input_tokens,
           (unsigned long long)counts->output_tokens);
}

static void close_probe(void)
{
    answerer_free(probe.answerer);
    http_free(probe.http);
    budget_free(probe.budget);
    ledger_close(probe.ledger);
    keyring_close(probe.keyring);
    probe.judge->release(probe.state);
    json_decref(probe.options);
    free(probe.asked);
}

int main(int argument_count, char **arguments)
{
    if (argument_count != 7) {
        fputs("usage: ask_probe URL OPTIONS_JSON IN_FLIGHT DEADLINE_MS CALLS_A_DAY TOKENS_A_DAY\n",
              stderr);
        return 2;
    }
    if (!open_probe(arguments) || !read_samples())
        return 3;
    ask_all(clock_steady_ms() + strtoll(arguments[4], NULL, 10));
    while (answerer_unanswered(probe.answerer) > 0)
        turn();
    print_counts();
    close_probe();
    return 0;
}
