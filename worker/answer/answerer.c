/* answerer: gets the questions of evaluators answered by SageMaker endpoints, many at a time. */
#include "worker/answer/answerer.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include "schema/base/buffer.h"
#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "worker/answer/call.h"
#include "worker/answer/caller.h"
#include "worker/answer/reply.h"
#include "worker/answer/targets.h"
#include "worker/aws/aws_error.h"

enum {
    REPLY_BYTES_MAX = 256 << 10,
    CLOCK_OFFSET_MS_MIN = 60000, /* a smaller one is no reason to be refused */
    NO_CREDENTIALS_MS = 1000,    /* pause until they are asked for again */
};

const struct answerer_config ANSWERER_DEFAULTS = {
    .max_in_flight = 64,
    .timeout_ms = 70000,
    .retry_ms = 500,
    .parked_ms = 30000,
    .request_bytes_max = 6291456, /* of InvokeEndpoint, as its API model says */
};

struct answerer {
    struct answerer_config config;
    struct keyring *keyring; /* NULL: none */
    struct budget *budget;
    struct caller caller;
    struct targets targets;
    struct waiting waiting; /* a line for each target */
    struct line flying;
    struct answerer_counts counts;
    size_t in_flight, unanswered;
    struct retry_budget retries;
    int64_t clock_offset_ms; /* of AWS's clock to ours, once ours was refused */
    bool no_credentials;
    bool short_of_budget; /* until a call that is out gives back what it did not cost */
    int64_t no_credentials_until_ms; /* then they are asked for again */
};

/* Ends a call, which is in no list any more; the callback may ask, and may cancel owners. */
static void finish(struct answerer *answerer, struct call *call, enum answer_status status,
                   const char *failure)
{
    struct question *question = call->question;
    void (*answered)(void *, struct question *) = call->answered;
    void *owner = call->owner;
    question->status = status;
    question->failure = failure;
    answerer->unanswered--;
    answerer->counts.received += status == ANSWER_RECEIVED;
    answerer->counts.failed += status == ANSWER_FAILED;
    answerer->counts.skipped += status == ANSWER_SKIPPED;
    free(call);
    answered(owner, question);
}

/* --- replies --- */

static double random_share(void)
{
    uint64_t bits;
    hash_random((uint8_t *)&bits, sizeof bits);
    return (double)(bits >> 11) * 0x1p-53;
}

/* Another quick attempt while there are some left and retries are few; else a longer pause. Never
 * before the time the endpoint asked for, and then not all at once. */
static void try_again(struct answerer *answerer, struct call *call, int64_t asked_ms)
{
    const struct answerer_config *config = &answerer->config;
    int64_t delay_ms;
    if (call->attempts < RETRY_QUICK_ATTEMPTS_MAX && retry_budget_spend(&answerer->retries)) {
        delay_ms = retry_delay_ms(config->retry_ms, call->attempts - 1, random_share());
    } else {
        call->attempts = 0;
        delay_ms = retry_parked_ms(config->parked_ms, call->pauses++, random_share());
    }
    waiting_parked(&answerer->waiting, call, clock_steady_ms() + asked_ms + delay_ms);
}

/* A verdict that was cut off is no verdict; a resample that was is still a response. */
static void take_answer(struct answerer *answerer, struct call *call,
                        const struct invoke_answer *answer, int64_t latency_ms)
{
    struct question *question = call->question;
    question->answer = answer->text;
    question->finish_reason = answer->finish_reason;
    question->input_tokens = answer->input_tokens;
    question->output_tokens = answer->output_tokens;
    question->latency_ms = latency_ms;
    memcpy(question->nonce, call->nonce, sizeof question->nonce);
    answerer->counts.input_tokens += answer->input_tokens > 0 ? (uint64_t)answer->input_tokens : 0;
    answerer->counts.output_tokens +=
        answer->output_tokens > 0 ? (uint64_t)answer->output_tokens : 0;
    bool whole = question->target != ASK_JUDGE || !invoke_cut_off(answer);
    finish(answerer, call, whole ? ANSWER_RECEIVED : ANSWER_FAILED, whole ? NULL : "truncated");
}

/* A refused signature may be the keys' fault or the clock's: both are looked after. */
static void refresh(struct answerer *answerer, struct call *call, const struct http_reply *from,
                    const struct reply *reply)
{
    int64_t offset_ms = aws_clock_offset_ms(from);
    if (offset_ms > CLOCK_OFFSET_MS_MIN || offset_ms < -CLOCK_OFFSET_MS_MIN)
        answerer->clock_offset_ms = offset_ms;
    if (call->refreshed) {
        finish(answerer, call, ANSWER_FAILED, reply->advice.reason);
        return;
    }
    call->refreshed = true;
    keyring_renew(answerer->keyring, call->access_key_id);
    try_again(answerer, call, reply->asked_ms);
}

/* What the call's end says of its endpoint. */
static void tell_target(struct answerer *answerer, const struct call *call,
                        const struct http_reply *from, const struct reply *reply)
{
    enum retry_kind kind = reply->advice.kind;
    bool busy = kind == RETRY_SLOWER || from->status == 503;
    const struct target_outcome outcome = {
        .answered = kind == RETRY_NOT_NEEDED,
        .blamed = kind == RETRY_SOON || kind == RETRY_SLOWER,
        .throttled = kind == RETRY_SLOWER,
        .asked_ms = busy ? reply->asked_ms : 0,
    };
    answerer->counts.throttled += outcome.throttled;
    target_ended(&answerer->targets.items[call->line], call->round, &outcome, clock_steady_ms());
}

/* Of a call that nobody waits for the reply was not read: it keeps what it took. */
static void settle(struct answerer *answerer, const struct call *call, const struct reply *reply)
{
    if (!call->question)
        return;
    int64_t tokens = reply_tokens(reply, call->question->max_tokens, call->receipt.tokens);
    budget_settle(answerer->budget, &call->receipt, tokens);
}

static void on_reply(void *owner, const struct http_reply *from)
{
    struct call *call = owner;
    struct answerer *answerer = call->answerer;
    if (!answerer) {
        free(call);
        return;
    }
    struct reply reply;
    reply_read(from, call->question, call->arena, &reply);
    line_remove(&answerer->flying, call);
    answerer->in_flight--;
    answerer->short_of_budget = false;
    tell_target(answerer, call, from, &reply);
    settle(answerer, call, &reply);
    if (!call->question)
        free(call);
    else if (from->failure == HTTP_CANCELLED)
        finish(answerer, call, ANSWER_SKIPPED, "cancelled");
    else if (reply.advice.kind == RETRY_NOT_NEEDED)
        take_answer(answerer, call, &reply.answer, from->duration_ms);
    else if (reply.advice.kind == RETRY_NEVER)
        finish(answerer, call, ANSWER_FAILED, reply.advice.reason);
    else if (reply.advice.kind == RETRY_REFRESH)
        refresh(answerer, call, from, &reply);
    else
        try_again(answerer, call, reply.asked_ms);
}

/* --- sending --- */

static void make_nonce(char out[QUESTION_NONCE_BYTES])
{
    uint8_t bits[(QUESTION_NONCE_BYTES - 1) / 2];
    hash_random(bits, sizeof bits);
    hash_hex(bits, sizeof bits, out);
}

static int64_t timeout_of(const struct answerer_config *config, const struct call *call)
{
    int64_t left_ms = call->deadline_ms - clock_steady_ms();
    left_ms = left_ms > 0 ? left_ms : 1;
    return left_ms < config->timeout_ms ? left_ms : config->timeout_ms;
}

static void fly(struct answerer *answerer, struct call *call, const struct credentials *credentials,
                struct str body)
{
    struct target *target = &answerer->targets.items[call->line];
    const struct question_place *place = &call->question->place;
    char component[TARGET_NAME_BYTES], variant[TARGET_NAME_BYTES];
    const struct caller_post post = {
        .url = target->url,
        .component = target_part(target->component, place->component, component),
        .variant = target_part(target->variant, place->variant, variant),
        .nonce = call->nonce,
        .body = body,
        .timeout_ms = timeout_of(&answerer->config, call),
        .reply_bytes_max = REPLY_BYTES_MAX,
    };
    bool first = call->attempts == 0 && call->pauses == 0;
    answerer->counts.sent++;
    answerer->counts.retried += !first;
    if (first)
        retry_budget_earn(&answerer->retries);
    waiting_leave(&answerer->waiting, call);
    call->attempts++;
    call->round = target_sent(target);
    line_append(&answerer->flying, call);
    answerer->in_flight++;
    snprintf(call->access_key_id, sizeof call->access_key_id, "%s", credentials->access_key_id);
    caller_send(&answerer->caller, &post, credentials, clock_wall_ms() + answerer->clock_offset_ms,
                on_reply, call);
}

/* Sends a call that its target allows, or ends it, or leaves it in line while calls are out that
 * may give budget back. */
static void send_call(struct answerer *answerer, struct call *call,
                      const struct credentials *credentials)
{
    struct target *target = &answerer->targets.items[call->line];
    const struct question *question = call->question;
    struct buffer body = {0};
    make_nonce(call->nonce);
    invoke_body(question, call->nonce, question->model ? question->model : target->model, &body);
    bool fits = body.size <= answerer->config.request_bytes_max;
    int64_t tokens_most = reply_tokens_most(body.size, question->max_tokens);
    if (fits && budget_take(answerer->budget, tokens_most, clock_wall_ms(), &call->receipt)) {
        fly(answerer, call, credentials, buffer_str(&body));
    } else if (fits && answerer->in_flight > 0) {
        target_forget(target);
        answerer->short_of_budget = true;
    } else {
        target_forget(target);
        waiting_leave(&answerer->waiting, call);
        finish(answerer, call, fits ? ANSWER_SKIPPED : ANSWER_FAILED,
               fits ? "budget" : "question_too_long");
    }
    buffer_clear(&body);
}

static const struct credentials *credentials_now(struct answerer *answerer, int64_t now)
{
    if (now < answerer->no_credentials_until_ms)
        return NULL;
    const struct credentials *credentials =
        answerer->keyring ? keyring_current(answerer->keyring) : NULL;
    answerer->no_credentials = !credentials;
    if (!credentials)
        answerer->no_credentials_until_ms = now + NO_CREDENTIALS_MS;
    return credentials;
}

static bool may_send(const struct answerer *answerer)
{
    return answerer->in_flight < answerer->config.max_in_flight && !answerer->short_of_budget;
}

static void send_line(struct answerer *answerer, size_t target)
{
    struct line *line = &answerer->waiting.lines[target];
    while (line->first && may_send(answerer)) {
        int64_t now = clock_steady_ms();
        const struct credentials *credentials = credentials_now(answerer, now);
        if (!credentials || !target_allows(&answerer->targets.items[target], now))
            return;
        send_call(answerer, line->first, credentials);
    }
}

/* Past the deadline, or never to be sent. It was not asked: the criterion is left out, a rerun can
 * fill it, and nothing else waits. */
static void give_up(struct answerer *answerer, struct call *call)
{
    const char *reason = call->refusal               ? call->refusal
                         : answerer->no_credentials  ? "no_credentials"
                         : answerer->short_of_budget ? "budget"
                         : call->line == TARGET_JUDGE ? "judge_unavailable"
                                                      : "endpoint_unavailable";
    waiting_leave(&answerer->waiting, call);
    finish(answerer, call, ANSWER_SKIPPED, reason);
}

void answerer_turn(struct answerer *answerer)
{
    int64_t now = clock_steady_ms();
    struct scheduled *first;
    while ((first = schedule_first(&answerer->waiting.schedule)) && first->at_ms <= now) {
        struct call *call = (struct call *)first;
        if (call->refusal || call->deadline_ms <= now)
            give_up(answerer, call);
        else
            waiting_in_line(&answerer->waiting, call); /* its pause is over */
    }
    for (size_t target = 0; target < answerer->targets.count; target++)
        send_line(answerer, target);
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

/* Until the first of a line may be sent; -1 when only a reply can change that. */
static int64_t line_wait_ms(const struct answerer *answerer, size_t target, int64_t now)
{
    if (!answerer->waiting.lines[target].first || !may_send(answerer))
        return -1;
    if (now < answerer->no_credentials_until_ms)
        return answerer->no_credentials_until_ms - now;
    return target_wait_ms(&answerer->targets.items[target], now);
}

int64_t answerer_wait_ms(const struct answerer *answerer)
{
    int64_t now = clock_steady_ms(), wait = -1;
    const struct scheduled *first = schedule_first(&answerer->waiting.schedule);
    if (first)
        wait = first->at_ms > now ? first->at_ms - now : 0;
    for (size_t target = 0; target < answerer->targets.count; target++)
        wait = sooner(wait, line_wait_ms(answerer, target, now));
    return wait;
}

/* --- asking and cancelling --- */

void answerer_ask(struct answerer *answerer, struct question *question, struct arena *arena,
                  int64_t deadline_steady_ms,
                  void (*answered)(void *owner, struct question *question), void *owner)
{
    struct call *call = memory_new(1, sizeof *call);
    *call = (struct call){
        .answerer = answerer,
        .question = question,
        .arena = arena,
        .answered = answered,
        .owner = owner,
        .deadline_ms = deadline_steady_ms,
    };
    answerer->counts.asked++;
    answerer->unanswered++;
    call->refusal = targets_choose(&answerer->targets, &answerer->config, question, &call->line);
    if (call->refusal)
        waiting_parked(&answerer->waiting, call, 0); /* answered in the next turn */
    else
        waiting_in_line(&answerer->waiting, call);
}

static void cancel_flying(struct answerer *answerer, const void *owner)
{
    for (struct call *call = answerer->flying.first; call; call = call->next) {
        if (call->owner != owner || !call->question)
            continue;
        call->question = NULL;
        answerer->unanswered--;
        answerer->counts.cancelled++;
    }
}

void answerer_cancel_owner(struct answerer *answerer, const void *owner)
{
    cancel_flying(answerer, owner);
    struct schedule *schedule = &answerer->waiting.schedule;
    for (size_t i = 0; i < schedule->count;) {
        struct call *call = (struct call *)schedule->heap[i];
        if (call->owner != owner) {
            i++;
            continue;
        }
        waiting_leave(&answerer->waiting, call);
        free(call);
        answerer->unanswered--;
        answerer->counts.cancelled++;
        i = 0; /* the heap was changed from anywhere on */
    }
}

size_t answerer_in_flight(const struct answerer *answerer)
{
    return answerer->in_flight;
}

size_t answerer_unanswered(const struct answerer *answerer)
{
    return answerer->unanswered;
}

const struct answerer_counts *answerer_counts(const struct answerer *answerer)
{
    return &answerer->counts;
}

/* --- life --- */

static bool check_config(const struct answerer_config *config, struct error *error)
{
    if (!config->region || !invoke_name_valid(str_of(config->region)))
        return error_set(error, ERROR_FATAL, "judge: no region is configured, or no valid one");
    if (config->endpoint_url && strncmp(config->endpoint_url, "https://", 8) != 0 &&
        strncmp(config->endpoint_url, "http://", 7) != 0)
        return error_set(error, ERROR_FATAL, "judge: endpoint_url must begin with https://");
    if (config->max_in_flight < 1)
        return error_set(error, ERROR_FATAL, "judge: max_in_flight must be at least 1");
    return true;
}

struct answerer *answerer_new(const struct answerer_config *config, struct http *http,
                              struct keyring *keyring, struct budget *budget,
                              struct error *error)
{
    if (!check_config(config, error))
        return NULL;
    struct answerer *answerer = memory_new(1, sizeof *answerer);
    *answerer = (struct answerer){
        .config = *config,
        .keyring = keyring,
        .budget = budget,
        .caller = {.http = http, .region = config->region},
        .retries = {RETRY_TOKENS_START},
    };
    answerer->targets = targets_new(config);
    answerer->waiting.lines = memory_new(answerer->targets.count, sizeof(struct line));
    if (targets_check_judge(&answerer->targets, config, error))
        return answerer;
    answerer_free(answerer);
    return NULL;
}

void answerer_free(struct answerer *answerer)
{
    if (!answerer)
        return;
    struct scheduled *first;
    while ((first = schedule_first(&answerer->waiting.schedule))) {
        schedule_remove(&answerer->waiting.schedule, first);
        free(first);
    }
    for (struct call *call = answerer->flying.first; call; call = call->next)
        call->answerer = NULL; /* freed when the http ends it */
    schedule_clear(&answerer->waiting.schedule);
    caller_clear(&answerer->caller);
    free(answerer->waiting.lines);
    targets_clear(&answerer->targets);
    free(answerer);
}
