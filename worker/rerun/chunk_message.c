/* chunk_message: a part of a rerun's history, as a message that any worker can do. */
#include "worker/rerun/chunk_message.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FORM = 1 }; /* of the message */

static const char FORM_KEY[] = "assay_rerun";

/* ---- reading ---- */

static bool is_whole(const struct chunk_message *message)
{
    return message->number >= 0 && message->number < message->count && message->part.from >= 0 &&
           message->part.from < message->part.to && message->part.records >= 0 &&
           json_is_object(message->asked) && json_is_array(message->criteria);
}

static bool unpack(struct chunk_message *out)
{
    json_int_t number, count, planned, window[2], from, to, records;
    int form = 0, partition = 0;
    json_t *asked, *criteria;
    if (json_unpack(out->document,
                    "{s:i, s:s, s:s, s:s, s:s, s:F, s:I, s:I, s:I, s:[I, I], s:o, s:o, s:{s:s, s:s,"
                    "s:i, s:I, s:I, s:I}}",
                    FORM_KEY, &form, "run", &out->run, "plan", &out->plan, "store", &out->store,
                    "text", &out->text, "leave_for_live", &out->leave_for_live, "chunk", &number,
                    "chunks", &count, "planned", &planned, "window_ms", &window[0], &window[1],
                    "asked", &asked, "criteria", &criteria, "part", "topic", &out->part.topic,
                    "incarnation", &out->part.incarnation, "partition", &partition, "from", &from,
                    "to", &to, "records", &records) != 0 ||
        form != FORM)
        return false;
    out->number = number;
    out->count = count;
    out->planned = planned;
    out->window_ms[0] = window[0];
    out->window_ms[1] = window[1];
    out->asked = asked;
    out->criteria = criteria;
    out->part.partition = partition;
    out->part.from = from;
    out->part.to = to;
    out->part.records = records;
    return is_whole(out);
}

bool chunk_message_read(struct str bytes, struct chunk_message *out, struct error *error)
{
    *out = (struct chunk_message){.document = json_loadb(bytes.data, bytes.size, 0, NULL)};
    return unpack(out) ||
           error_set(error, ERROR_INPUT, "it is no chunk of a rerun (of the form %d)", FORM);
}

void chunk_message_clear(struct chunk_message *message)
{
    json_decref(message->document);
    *message = (struct chunk_message){0};
}

/* ---- the plan ---- */

/* A part in equal pieces of positions, of which some may hold no record. */
struct pieces {
    int64_t from, to, planned, stride, count;
};

static struct pieces pieces_of(const json_t *part, int64_t records)
{
    struct pieces out = {.from = json_integer_value(json_object_get(part, "from")),
                         .to = json_integer_value(json_object_get(part, "to")),
                         .planned = json_integer_value(json_object_get(part, "planned"))};
    int64_t span = out.to - out.from;
    if (span <= 0 || out.planned <= 0)
        return out;
    double stride = (double)records * (double)span / (double)out.planned;
    out.stride = stride < (double)records ? records : (int64_t)stride;
    out.count = (span - 1) / out.stride + 1;
    return out;
}

/* Records up to a position, as if they were spread evenly: exact where every position has one. */
static int64_t records_below(const struct pieces *pieces, int64_t position)
{
    int64_t span = pieces->to - pieces->from, done = position - pieces->from;
    if (span == pieces->planned)
        return done;
    return (int64_t)((double)pieces->planned * (double)done / (double)span);
}

static int64_t chunk_records(const json_t *plan)
{
    return json_integer_value(json_object_get(plan, "chunk_records"));
}

int64_t chunk_plan_count(const json_t *description)
{
    const json_t *plan = json_object_get(description, "plan"), *part;
    int64_t count = 0, records = chunk_records(plan);
    size_t i;
    json_array_foreach(json_object_get(plan, "parts"), i, part)
        count += pieces_of(part, records).count;
    return count;
}

bool chunk_plan_start(struct chunk_plan *plan, const struct rerun *rerun, struct error *error)
{
    const json_t *its = json_object_get(rerun->description, "plan");
    *plan = (struct chunk_plan){
        .rerun = rerun,
        .parts = json_object_get(its, "parts"),
        .records = chunk_records(its),
        .count = chunk_plan_count(rerun->description)};
    char *store = realpath(rerun->options->store, NULL);
    if (!store)
        return error_set(error, ERROR_FATAL, "%.200s: %s", rerun->options->store, strerror(errno));
    snprintf(plan->store, sizeof plan->store, "%s", store);
    free(store);
    return true;
}

static json_t *criteria_json(const struct rerun_options *options)
{
    json_t *list = json_array();
    for (size_t i = 0; i < options->criteria.count; i++)
        json_array_append_new(list, json_string(options->criteria.values[i]));
    return list;
}

static json_t *part_json(const json_t *part, const struct pieces *pieces, int64_t piece)
{
    int64_t from = pieces->from + piece * pieces->stride;
    int64_t to = piece + 1 == pieces->count ? pieces->to : from + pieces->stride;
    return json_pack("{s:O, s:O, s:O, s:I, s:I, s:I}", "topic", json_object_get(part, "topic"),
                     "incarnation", json_object_get(part, "incarnation"), "partition",
                     json_object_get(part, "partition"), "from", (json_int_t)from, "to",
                     (json_int_t)to, "records",
                     (json_int_t)(records_below(pieces, to) - records_below(pieces, from)));
}

static void write_message(const struct chunk_plan *plan, json_t *part, struct buffer *out)
{
    const struct rerun_options *options = plan->rerun->options;
    const json_t *description = plan->rerun->description;
    const json_t *its = json_object_get(description, "plan");
    json_t *message = json_pack(
        "{s:i, s:s, s:O, s:I, s:I, s:O, s:o, s:O, s:O, s:o, s:s, s:s, s:f}", FORM_KEY, FORM, "run",
        options->name, "plan", json_object_get(its, "id"), "chunk", (json_int_t)plan->number,
        "chunks", (json_int_t)plan->count, "planned", json_object_get(its, "planned"), "part", part,
        "window_ms", json_object_get(its, "window_ms"), "asked",
        json_object_get(description, "asked"), "criteria", criteria_json(options), "store",
        plan->store, "text", options->text, "leave_for_live", options->leave_for_live);
    char *text = json_dumps(message, JSON_COMPACT);
    buffer_reset(out);
    buffer_append_str(out, str_of(text));
    free(text);
    json_decref(message);
}

bool chunk_plan_next(struct chunk_plan *plan, struct buffer *out)
{
    for (; plan->part < json_array_size(plan->parts); plan->part++, plan->piece = 0) {
        const json_t *part = json_array_get(plan->parts, plan->part);
        const struct pieces pieces = pieces_of(part, plan->records);
        if (plan->piece >= pieces.count)
            continue;
        write_message(plan, part_json(part, &pieces, plan->piece++), out);
        plan->number++;
        return true;
    }
    return false;
}
