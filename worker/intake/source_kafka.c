/* source_kafka: deliveries of a topic by consumer group, with commits under our own hand.
 * librdkafka 2.0.2: range assignor, one message at a time, explicit commits of explicit lists. */
#include "worker/intake/source_kafka.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <librdkafka/rdkafka.h>
#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "worker/intake/kafka_conf.h"

enum {
    LOOKUP_MS = 5000, /* committed offsets and watermarks, at assignment only */
    LOOKUP_TRIES = 3,
    COMMIT_WAIT_MS = 5000, /* kafka_commit_now */
    TEXT_BYTES = 512,
};

struct owned {
    int32_t number;
    void *partition; /* the lane's */
};

struct kafka_source {
    rd_kafka_t *client;
    rd_kafka_queue_t *queue;
    int wake;
    struct kafka_config config;
    const struct kafka_events *events;
    void *owner;
    char *cluster;
    struct owned *owned;
    size_t owned_count;
    bool knows_assignment, paused, commit_pending;
    bool brokers_down;           /* all of them, and nothing was heard since */
    rd_kafka_resp_err_t trouble; /* that the consumer was told of; it may end by itself */
    int64_t polled_ms;  /* steady clock */
    int64_t silent_ms;  /* no commit before that: the process had slept */
    int64_t session_ms; /* session.timeout.ms */
    int64_t commit_failures, rebalances;
    struct error failure; /* noticed in a callback, told by kafka_poll */
};

/* ---- configuration ---- */

static void on_rebalance(rd_kafka_t *client, rd_kafka_resp_err_t code,
                         rd_kafka_topic_partition_list_t *list, void *opaque);
static void on_commit(rd_kafka_t *client, rd_kafka_resp_err_t code,
                      rd_kafka_topic_partition_list_t *list, void *opaque);

static void ignore_log(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
    (void)client;
    if (level <= 3) /* errors and worse; connection noise is not for people */
        fprintf(
            stderr,
            "{\"level\":\"error\",\"event\":\"kafka\",\"facility\":\"%s\",\"text\":\"%.200s\"}\n",
            facility, strchr(text, '"') ? "see broker" : text);
}

static void on_error(rd_kafka_t *client, int code, const char *reason, void *opaque)
{
    struct kafka_source *source = opaque;
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
        source->brokers_down = true;
    ignore_log(client, 3, "ERROR", reason);
}

static rd_kafka_conf_t *make_conf(struct kafka_source *source, struct error *error)
{
    rd_kafka_conf_t *conf = kafka_conf_new(&source->config, error);
    if (!conf)
        return NULL;
    rd_kafka_conf_set_opaque(conf, source);
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    rd_kafka_conf_set_offset_commit_cb(conf, on_commit);
    rd_kafka_conf_set_log_cb(conf, ignore_log);
    rd_kafka_conf_set_error_cb(conf, on_error);
    source->session_ms = kafka_conf_number(conf, "session.timeout.ms");
    return conf;
}

/* ---- owned partitions ---- */

static struct owned *find_owned(struct kafka_source *source, int32_t number)
{
    for (size_t i = 0; i < source->owned_count; i++)
        if (source->owned[i].number == number)
            return &source->owned[i];
    return NULL;
}

static void disown_all(struct kafka_source *source, bool lost)
{
    while (source->owned_count > 0) {
        void *partition = source->owned[source->owned_count - 1].partition;
        source->events->revoked(source->owner, partition, lost);
        source->owned_count--;
    }
}

/* ---- assignment ---- */

/* A poll after half a session of none: heartbeats go out again now, and what they bring back (the
 * group went on without us) is served before anything is committed. */
static void note_poll(struct kafka_source *source)
{
    int64_t now = clock_steady_ms();
    if (now - source->polled_ms >= source->session_ms / 2)
        source->silent_ms = now + source->session_ms / 2;
    source->polled_ms = now;
}

static bool look_up_committed(struct kafka_source *source, rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    for (int try = 0; try < LOOKUP_TRIES; try++) {
        code = kafka_first_error(rd_kafka_committed(source->client, list, LOOKUP_MS), list);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
            return true;
    }
    return error_set(&source->failure, ERROR_FATAL, "cannot read the group's offsets: %s",
                     rd_kafka_err2str(code));
}

/* Where to start without a committed offset: the operator decided, or is asked to. */
static bool choose_start(struct kafka_source *source, struct kafka_start *start)
{
    int64_t low = -1, high = -1;
    rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(
        source->client, start->topic, start->partition, &low, &high, LOOKUP_MS);
    start->high = high;
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return error_set(&source->failure, ERROR_FATAL, "%s [%d]: cannot read the ends: %s",
                         start->topic, start->partition, rd_kafka_err2str(code));
    if (start->offset >= low && start->offset <= high)
        return true;
    if (start->offset >= 0)
        return error_set(
            &source->failure, ERROR_FATAL,
            "%s [%d]: group %s stands at offset %lld, but the topic holds %lld to %lld "
            "(retention passed it by, or the topic was made anew); set the group's "
            "offset with kafka-consumer-groups --reset-offsets, or use another group",
            start->topic, start->partition, source->config.group, (long long)start->offset,
            (long long)low, (long long)high);
    if (source->config.from == FROM_COMMITTED)
        return error_set(&source->failure, ERROR_FATAL,
                         "%s [%d]: group %s has no offset; say --from earliest or --from latest",
                         start->topic, start->partition, source->config.group);
    start->offset = source->config.from == FROM_EARLIEST ? low : high;
    return true;
}

static bool take_partition(struct kafka_source *source, rd_kafka_topic_partition_t *given)
{
    struct kafka_start start = {.topic = given->topic,
                                .cluster = source->cluster,
                                .partition = given->partition,
                                .offset = given->offset};
    if (given->metadata && given->metadata_size < sizeof start.metadata)
        memcpy(start.metadata, given->metadata, given->metadata_size);
    if (!choose_start(source, &start))
        return false;
    void *partition = NULL;
    if (!source->events->assigned(source->owner, &start, &partition, &source->failure))
        return false;
    source->owned = memory_resize(source->owned, source->owned_count + 1, sizeof *source->owned);
    source->owned[source->owned_count++] = (struct owned){given->partition, partition};
    given->offset = start.offset;
    return true;
}

static void assign(struct kafka_source *source, rd_kafka_topic_partition_list_t *list)
{
    source->knows_assignment = true;
    source->brokers_down = false;
    /* Without partitions nothing else tells that a topic which was missing is there now. */
    if (source->trouble && (list->cnt > 0 || kafka_topic_exists(source->client,
                                                                source->config.topic, LOOKUP_MS)))
        source->trouble = RD_KAFKA_RESP_ERR_NO_ERROR;
    if (list->cnt > 0 && !source->cluster)
        source->cluster = rd_kafka_clusterid(source->client, LOOKUP_MS);
    bool good = list->cnt == 0 || look_up_committed(source, list);
    for (int i = 0; good && i < list->cnt; i++)
        good = take_partition(source, &list->elems[i]);
    rd_kafka_assign(source->client, good ? list : NULL);
    if (source->paused && good)
        rd_kafka_pause_partitions(source->client, list);
}

static void on_rebalance(rd_kafka_t *client, rd_kafka_resp_err_t code,
                         rd_kafka_topic_partition_list_t *list, void *opaque)
{
    struct kafka_source *source = opaque;
    source->rebalances++;
    note_poll(source);
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        assign(source, list);
        return;
    }
    bool lost = rd_kafka_assignment_lost(client);
    source->brokers_down = source->brokers_down && lost;
    disown_all(source, lost);
    source->knows_assignment = false; /* until the next assignment nobody knows what is ours */
    rd_kafka_assign(client, NULL);
}

/* ---- commits ---- */

/* An unknown partition in the answer belongs to an assignment that is over: nobody hears of it. */
static void tell_committed(struct kafka_source *source, rd_kafka_resp_err_t code,
                           const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; list && i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *one = &list->elems[i];
        const struct owned *owned = find_owned(source, one->partition);
        bool accepted =
            code == RD_KAFKA_RESP_ERR_NO_ERROR && one->err == RD_KAFKA_RESP_ERR_NO_ERROR;
        source->commit_failures += !accepted;
        if (owned)
            source->events->committed(source->owner, owned->partition, one->offset, accepted);
    }
}

static void on_commit(rd_kafka_t *client, rd_kafka_resp_err_t code,
                      rd_kafka_topic_partition_list_t *list, void *opaque)
{
    (void)client;
    struct kafka_source *source = opaque;
    tell_committed(source, code, list);
    source->commit_pending = false;
    source->events->commit_answered(source->owner);
}

static rd_kafka_topic_partition_list_t *make_list(const struct kafka_source *source,
                                                  const struct kafka_commit *commits, size_t count)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++) {
        rd_kafka_topic_partition_t *one =
            rd_kafka_topic_partition_list_add(list, source->config.topic, commits[i].number);
        one->offset = commits[i].offset;
        one->metadata_size = strlen(commits[i].metadata);
        one->metadata = memory_copy_string(commits[i].metadata); /* freed by the list */
    }
    return list;
}

/* The broker checks member and generation, not ownership: a process that slept must not commit
 * before it has heard what became of its partitions. */
static bool may_commit(const struct kafka_source *source)
{
    int64_t now = clock_steady_ms();
    return now - source->polled_ms < source->session_ms / 2 && now >= source->silent_ms;
}

bool kafka_commit(struct kafka_source *source, const struct kafka_commit *commits, size_t count)
{
    if (count == 0 || source->commit_pending || !may_commit(source))
        return false;
    rd_kafka_topic_partition_list_t *list = make_list(source, commits, count);
    rd_kafka_resp_err_t code = rd_kafka_commit(source->client, list, 1);
    rd_kafka_topic_partition_list_destroy(list);
    source->commit_pending = code == RD_KAFKA_RESP_ERR_NO_ERROR;
    return source->commit_pending;
}

bool kafka_commit_now(struct kafka_source *source, const struct kafka_commit *commits, size_t count)
{
    if (count == 0 || !may_commit(source))
        return false;
    rd_kafka_topic_partition_list_t *list = make_list(source, commits, count);
    rd_kafka_queue_t *answers = rd_kafka_queue_new(source->client);
    bool answered = false;
    if (rd_kafka_commit_queue(source->client, list, answers, NULL, NULL) ==
        RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(answers, COMMIT_WAIT_MS);
        answered = event && rd_kafka_event_type(event) == RD_KAFKA_EVENT_OFFSET_COMMIT;
        if (answered)
            tell_committed(source, rd_kafka_event_error(event),
                           rd_kafka_event_topic_partition_list(event));
        rd_kafka_event_destroy(event);
    }
    rd_kafka_queue_destroy(answers);
    rd_kafka_topic_partition_list_destroy(list);
    return answered;
}

/* ---- polling ---- */

static void serve(struct kafka_source *source, rd_kafka_message_t *message)
{
    struct owned *owned = find_owned(source, message->partition);
    bool fine = message->err == RD_KAFKA_RESP_ERR_NO_ERROR ||
                message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
    source->trouble = fine ? RD_KAFKA_RESP_ERR_NO_ERROR : message->err;
    source->brokers_down = source->brokers_down && !fine;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR && owned) {
        struct str payload = {message->payload ? message->payload : "", message->len};
        source->events->delivered(source->owner, owned->partition, message->offset, payload,
                                  message);
        return;
    }
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF && owned)
        source->events->at_end(source->owner, owned->partition);
    else if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET)
        error_set(
            &source->failure, ERROR_FATAL,
            "%s [%d]: the offset to read is not in the topic any more; set the group's offset "
            "with kafka-consumer-groups --reset-offsets",
            source->config.topic, message->partition);
    else if (message->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
             message->err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
             message->err == RD_KAFKA_RESP_ERR__FATAL)
        error_set(&source->failure, ERROR_FATAL, "Kafka: %s", rd_kafka_err2str(message->err));
    rd_kafka_message_destroy(message);
}

bool kafka_poll(struct kafka_source *source, int max, int *out_served, struct error *error)
{
    uint64_t count;
    if (read(source->wake, &count, sizeof count) < 0)
        count = 0; /* nothing was signalled: the poll below is cheap */
    int served = 0;
    for (; served < max && source->failure.kind == ERROR_NONE; served++) {
        if (served > 0 && !source->events->has_room(source->owner))
            break;
        rd_kafka_message_t *message = rd_kafka_consumer_poll(source->client, 0);
        note_poll(source);
        if (!message)
            break;
        serve(source, message);
    }
    *out_served = served;
    if (source->failure.kind == ERROR_NONE)
        return true;
    return error_set(error, source->failure.kind, "%s", source->failure.text);
}

void kafka_release(void *handle)
{
    rd_kafka_message_destroy(handle);
}

int kafka_descriptor(const struct kafka_source *source)
{
    return source->wake;
}

/* ---- pausing ---- */

static void set_paused(struct kafka_source *source, bool paused)
{
    if (source->paused == paused)
        return;
    source->paused = paused;
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)source->owned_count);
    for (size_t i = 0; i < source->owned_count; i++)
        rd_kafka_topic_partition_list_add(list, source->config.topic, source->owned[i].number);
    if (paused)
        rd_kafka_pause_partitions(source->client, list);
    else
        rd_kafka_resume_partitions(source->client, list);
    rd_kafka_topic_partition_list_destroy(list);
}

void kafka_pause(struct kafka_source *source)
{
    set_paused(source, true);
}

void kafka_resume(struct kafka_source *source)
{
    set_paused(source, false);
}

/* ---- open and close ---- */

static bool subscribe(struct kafka_source *source, struct error *error)
{
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, source->config.topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(source->client, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           error_set(error, ERROR_FATAL, "cannot subscribe to %s: %s", source->config.topic,
                     rd_kafka_err2str(code));
}

struct kafka_source *kafka_open(const struct kafka_config *config,
                                const struct kafka_events *events, void *owner, struct error *error)
{
    struct kafka_source *source = memory_new(1, sizeof *source);
    source->config = *config;
    source->events = events;
    source->owner = owner;
    source->polled_ms = clock_steady_ms();
    source->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    rd_kafka_conf_t *conf = make_conf(source, error);
    char why[TEXT_BYTES];
    if (conf) {
        source->client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
        if (!source->client) {
            rd_kafka_conf_destroy(conf);
            error_set(error, ERROR_FATAL, "Kafka client: %s", why);
        }
    }
    if (!source->client) {
        kafka_close(source, 0);
        return NULL;
    }
    rd_kafka_poll_set_consumer(source->client);
    source->queue = rd_kafka_queue_get_consumer(source->client);
    static const uint64_t one = 1;
    rd_kafka_queue_io_event_enable(source->queue, source->wake, &one, sizeof one);
    if (!subscribe(source, error)) {
        kafka_close(source, 0);
        return NULL;
    }
    return source;
}

/* rd_kafka_consumer_close may wait for ever when a partition was lost (2.0.2): the queue form is
 * served here until it is done or the time is up. */
static bool leave_group(struct kafka_source *source, int64_t timeout_ms)
{
    rd_kafka_error_t *failed = rd_kafka_consumer_close_queue(source->client, source->queue);
    if (failed) {
        rd_kafka_error_destroy(failed);
        return true;
    }
    int64_t deadline = clock_steady_ms() + timeout_ms;
    while (!rd_kafka_consumer_closed(source->client) && clock_steady_ms() < deadline) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(source->queue, 100);
        if (event && rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE) {
            disown_all(source, rd_kafka_assignment_lost(source->client));
            rd_kafka_assign(source->client, NULL);
        }
        rd_kafka_event_destroy(event);
    }
    return rd_kafka_consumer_closed(source->client);
}

void kafka_close(struct kafka_source *source, int64_t timeout_ms)
{
    if (!source)
        return;
    if (source->client) {
        bool left = leave_group(source, timeout_ms);
        disown_all(source, true);
        if (source->queue)
            rd_kafka_queue_destroy(source->queue);
        if (left) /* else its threads may hang: the process is about to end anyway */
            rd_kafka_destroy(source->client);
    }
    close(source->wake);
    free(source->owned);
    if (source->cluster)
        rd_kafka_mem_free(NULL, source->cluster);
    free(source);
}

int kafka_owned(const struct kafka_source *source)
{
    return source->knows_assignment ? (int)source->owned_count : -1;
}

enum readiness kafka_readiness(const struct kafka_source *source, const char **out_trouble)
{
    bool no_broker = source->brokers_down && !source->knows_assignment;
    *out_trouble = no_broker         ? "no broker can be reached"
                   : source->trouble ? rd_kafka_err2str(source->trouble)
                                     : NULL;
    if (no_broker)
        return READINESS_NO_BROKER;
    if (source->trouble == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
        source->trouble == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC)
        return READINESS_NO_TOPIC;
    if (source->trouble)
        return READINESS_KAFKA_ERROR;
    return source->knows_assignment ? READINESS_READY : READINESS_NO_ASSIGNMENT;
}

int64_t kafka_commit_failures(const struct kafka_source *source)
{
    return source->commit_failures;
}

int64_t kafka_rebalances(const struct kafka_source *source)
{
    return source->rebalances;
}
