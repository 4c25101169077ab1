/* alarm_deliver: sends what waits in the outbox of alarms. */
#include "worker/alarm/alarm_deliver.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "schema/base/clock.h"
#include "schema/base/json_read.h"
#include "schema/base/memory.h"
#include "worker/alarm/alarm_complaint.h"
#include "worker/alarm/alarm_target.h"
#include "worker/aws/aws_error.h"

enum {
    REPLY_BYTES_MAX = 65536,
    BACKOFF_MS_MAX = 5 * 60 * 1000,
    NAME_BYTES = 256,
};

struct place {
    const char *name;
    const struct alarm_target *target;
    const char *address;      /* behind the prefix */
    char region[REGION_BYTES]; /* AWS: the place's own, or ours */
    struct endpoint endpoint;  /* AWS */
    struct complaint trouble;
};

struct flight {
    struct alarm_deliver *deliver;
    struct alarm_delivery delivery;
    struct place *place;
    char key_id[64];
};

struct alarm_deliver {
    struct alarm_deliver_config config;
    struct alarm_state *state;
    struct place *places;
    struct sigv4_signer signer;
    size_t in_flight;
    int64_t now_ms, clock_offset_ms;
    struct error error; /* the state could not be written */
};

/* ---- replies ---- */

static enum alarm_outcome outcome_of_status(long status)
{
    static const long hopeless[] = {400, 410, 413, 414, 415, 422};
    if (status >= 200 && status <= 299)
        return ALARM_SENT;
    for (size_t i = 0; i < sizeof hopeless / sizeof *hopeless; i++)
        if (status == hopeless[i])
            return ALARM_REFUSED;
    return ALARM_AGAIN; /* 401, 403 and 404 too: somebody may mend the receiver meanwhile */
}

static enum alarm_outcome outcome_of_aws(struct flight *flight, const struct http_reply *reply,
                                         const char *code)
{
    struct alarm_deliver *deliver = flight->deliver;
    enum aws_error meaning = aws_error_of(reply, code);
    if (meaning == AWS_EXPIRED)
        keyring_renew(deliver->config.keyring, flight->key_id);
    if (meaning == AWS_SKEWED)
        deliver->clock_offset_ms = aws_clock_offset_ms(reply);
    if (meaning == AWS_OK)
        return ALARM_SENT;
    bool missing = reply->status == 404 || strstr(code, "NotFound");
    return meaning == AWS_INVALID && !missing ? ALARM_REFUSED : ALARM_AGAIN;
}

static enum alarm_outcome read_reply(struct flight *flight, const struct http_reply *reply,
                                     struct error *error)
{
    char code[AWS_ERROR_CODE_BYTES] = "";
    const struct alarm_target *target = flight->place->target;
    if (reply->failure != HTTP_OK) {
        error_set(error, ERROR_TRANSIENT, "%s", http_failure_name(reply->failure));
        return reply->failure == HTTP_INVALID ? ALARM_REFUSED : ALARM_AGAIN;
    }
    if (target->service)
        aws_error_code(reply, code);
    enum alarm_outcome outcome =
        target->service ? outcome_of_aws(flight, reply, code) : outcome_of_status(reply->status);
    if (outcome == ALARM_SENT && target->accepted)
        outcome = target->accepted(reply, error);
    else if (outcome != ALARM_SENT)
        error_set(error, ERROR_TRANSIENT, "answered %ld %s", reply->status, code);
    return outcome;
}

static void settle(struct flight *flight, enum alarm_outcome outcome, const struct error *error)
{
    struct alarm_deliver *deliver = flight->deliver;
    char who[NAME_BYTES];
    alarm_target_show(flight->place->name, who, sizeof who);
    alarm_complain(&flight->place->trouble, who, error);
    int64_t due_ms =
        deliver->now_ms + aws_backoff_up_to_ms(flight->delivery.attempts, BACKOFF_MS_MAX);
    alarm_outbox_settle(deliver->state, &flight->delivery, outcome, deliver->now_ms, due_ms,
                        &deliver->error);
    alarm_delivery_clear(&flight->delivery);
    free(flight);
}

static void on_reply(void *owner, const struct http_reply *reply)
{
    struct flight *flight = owner;
    struct error error = {0};
    flight->deliver->in_flight--;
    if (reply->failure == HTTP_CANCELLED) { /* stays `sending`: the next start sends it again */
        alarm_delivery_clear(&flight->delivery);
        free(flight);
        return;
    }
    enum alarm_outcome outcome = read_reply(flight, reply, &error);
    settle(flight, outcome, &error);
}

/* ---- sending ---- */

static struct place *place_of(struct alarm_deliver *deliver, const char *name)
{
    for (size_t i = 0; i < deliver->config.target_count; i++)
        if (strcmp(deliver->places[i].name, name) == 0)
            return &deliver->places[i];
    return NULL;
}

/* What the sentence of an event's JSON says. */
static const char *text_of(const json_t *event)
{
    const char *text = json_string_value(json_object_get(event, "text"));
    return text ? text : "";
}

static bool find_keys(struct flight *flight, struct alarm_sending *sending)
{
    struct alarm_deliver *deliver = flight->deliver;
    if (!flight->place->target->service)
        return true;
    sending->keys = keyring_current(deliver->config.keyring);
    if (sending->keys)
        snprintf(flight->key_id, sizeof flight->key_id, "%s", sending->keys->access_key_id);
    return sending->keys != NULL;
}

static void send(struct flight *flight)
{
    struct alarm_deliver *deliver = flight->deliver;
    struct error error = {0};
    json_t *event = json_read(str_of(flight->delivery.json), &JSON_LIMITS_DOCUMENT, &error);
    struct alarm_sending sending = {
        .delivery = &flight->delivery,
        .place = flight->place->address,
        .text = text_of(event),
        .now_ms = clock_wall_ms() + deliver->clock_offset_ms,
        .secret = deliver->config.secret,
        .region = flight->place->region,
        .address = &flight->place->endpoint,
        .signer = &deliver->signer,
    };
    struct alarm_request request = {0};
    if (find_keys(flight, &sending)) {
        flight->place->target->compose(&sending, &request);
        deliver->in_flight++;
        http_send(deliver->config.http,
                  &(struct http_request){.method = "POST",
                                         .url = request.url.data,
                                         .headers = request.headers,
                                         .header_count = request.header_count,
                                         .body = buffer_str(&request.body),
                                         .timeout_ms = deliver->config.timeout_ms,
                                         .reply_bytes_max = REPLY_BYTES_MAX},
                  on_reply, flight);
    } else {
        error_set(&error, ERROR_TRANSIENT, "the AWS credentials expired and no new ones came");
        settle(flight, ALARM_AGAIN, &error);
    }
    alarm_request_clear(&request);
    json_decref(event);
}

static void send_due(struct alarm_deliver *deliver)
{
    struct alarm_delivery delivery;
    while (deliver->error.kind == ERROR_NONE &&
           alarm_outbox_claim(deliver->state, deliver->now_ms, &delivery, &deliver->error)) {
        struct place *place = place_of(deliver, delivery.target);
        assert(place && "alarm_outbox_start expires what waits for other targets");
        struct flight *flight = memory_new(1, sizeof *flight);
        *flight = (struct flight){.deliver = deliver, .delivery = delivery, .place = place};
        send(flight);
    }
}

/* ---- the outside ---- */

static bool find_place(const struct alarm_deliver_config *config, const char *name,
                       struct place *place, struct error *error)
{
    place->name = name;
    place->target = alarm_target_find(name, &place->address);
    assert(place->target && "alarm_target_check says which are none");
    if (!place->target->service)
        return true;
    alarm_target_region(place->address, config->region, place->region);
    return endpoint_find(config->aws_url, place->target->variable, place->target->host,
                         place->region, &place->endpoint, error);
}

static bool find_places(struct alarm_deliver *deliver, struct error *error)
{
    const struct alarm_deliver_config *config = &deliver->config;
    for (size_t i = 0; i < config->target_count; i++)
        if (!find_place(config, config->targets[i], &deliver->places[i], error))
            return false;
    return true;
}

struct alarm_deliver *alarm_deliver_new(const struct alarm_deliver_config *config,
                                        struct alarm_state *state, struct error *error)
{
    struct alarm_deliver *deliver = memory_new(1, sizeof *deliver);
    deliver->config = *config;
    deliver->state = state;
    deliver->places = memory_new(config->target_count + 1, sizeof *deliver->places);
    if (find_places(deliver, error) &&
        alarm_outbox_start(state, config->targets, config->target_count, error))
        return deliver;
    alarm_deliver_free(deliver);
    return NULL;
}

void alarm_deliver_free(struct alarm_deliver *deliver)
{
    if (!deliver)
        return;
    assert(deliver->in_flight == 0 && "end the requests first: http_free or http_cancel_all");
    for (size_t i = 0; i < deliver->config.target_count; i++)
        endpoint_clear(&deliver->places[i].endpoint);
    free(deliver->places);
    explicit_bzero(&deliver->signer, sizeof deliver->signer);
    free(deliver);
}

bool alarm_deliver_turn(struct alarm_deliver *deliver, int64_t now_ms, struct error *error)
{
    deliver->now_ms = now_ms;
    send_due(deliver);
    return deliver->error.kind == ERROR_NONE ||
           error_set(error, deliver->error.kind, "%s", deliver->error.text);
}

int64_t alarm_deliver_wait_ms(struct alarm_deliver *deliver, int64_t now_ms)
{
    int64_t due_ms = alarm_outbox_due_ms(deliver->state);
    if (due_ms == INT64_MAX)
        return INT64_MAX;
    return due_ms > now_ms ? due_ms - now_ms : 0;
}

bool alarm_deliver_idle(struct alarm_deliver *deliver, int64_t now_ms)
{
    return deliver->in_flight == 0 && alarm_deliver_wait_ms(deliver, now_ms) > 0;
}
