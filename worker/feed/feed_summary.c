/* feed_summary: what a feed did, for people and for programs. */
#include "worker/feed/feed_summary.h"

#include <inttypes.h>
#include "schema/base/utf8.h"

/* Both forms tell the same, in this order. */
static const struct row {
    const char *group, *name; /* as in JSON */
    const char *words;        /* for people, "12 " + words; NULL: in the first line */
    size_t offset;            /* of struct feed_counts */
} ROWS[] = {
    {"objects", "fed", NULL, offsetof(struct feed_counts, objects.fed)},
    {"objects", "already", "objects were fed before",
     offsetof(struct feed_counts, objects.already)},
    {"objects", "foreign", "objects are no JSON lines",
     offsetof(struct feed_counts, objects.foreign)},
    {"objects", "failed", "objects could not be read, or not to their end",
     offsetof(struct feed_counts, objects.failed)},
    {"objects", "changed", "objects were fed and are others now: left alone",
     offsetof(struct feed_counts, objects.changed)},
    {"lines", "read", NULL, offsetof(struct feed_counts, lines.read)},
    {"lines", "sent", NULL, offsetof(struct feed_counts, lines.sent)},
    {"lines", "left_out", "lines were left out by --sample",
     offsetof(struct feed_counts, lines.left_out)},
    {"lines", "bad", "lines are no capture records", offsetof(struct feed_counts, lines.bad)},
    {"lines", "too_large", "lines are too large for the topic",
     offsetof(struct feed_counts, lines.too_large)},
    {"ground_truth", "read", "lines of ground truth were read",
     offsetof(struct feed_counts, truths.read)},
    {"ground_truth", "joined", "references went with their samples",
     offsetof(struct feed_counts, truths.joined)},
    {"ground_truth", "late", "references came later: their samples went again, in run references",
     offsetof(struct feed_counts, truths.late)},
    {"ground_truth", "unmatched", "references have no sample within the window, so far",
     offsetof(struct feed_counts, truths.unmatched)},
    {"ground_truth", "repeated", "references are others for the same samples: the first ones stay",
     offsetof(struct feed_counts, truths.repeated)},
    {"ground_truth", "lost", "references came later, and their samples cannot be sent again",
     offsetof(struct feed_counts, truths.lost)},
    {"ground_truth", "bad", "lines are no ground truth", offsetof(struct feed_counts, truths.bad)},
};
enum { ROW_COUNT = sizeof ROWS / sizeof *ROWS };

static int64_t value_of(const struct feed_counts *counts, const struct row *row)
{
    int64_t value;
    memcpy(&value, (const char *)counts + row->offset, sizeof value);
    return value;
}

void feed_summary_text(const struct feed_summary *summary, struct buffer *into)
{
    const struct feed_counts *counts = &summary->counts;
    buffer_printf(into,
                  "fed %" PRId64 " objects: %" PRId64 " of %" PRId64
                  " lines are records of topic %s now (%.1f MB, %.1f s, %.0f a second)\n",
                  counts->objects.fed, counts->lines.sent, counts->lines.read, summary->topic,
                  (double)counts->bytes / 1e6, summary->seconds,
                  summary->seconds > 0 ? (double)counts->lines.sent / summary->seconds : 0);
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (ROWS[i].words && value_of(counts, &ROWS[i]))
            buffer_printf(into, "%8" PRId64 " %s\n", value_of(counts, &ROWS[i]), ROWS[i].words);
}

/* Names of files may be any bytes. */
static void append_text(struct buffer *into, const char *text)
{
    struct buffer clean = {0};
    buffer_append_str(&clean, str_of(text));
    bool valid = utf8_valid(buffer_str(&clean));
    for (size_t i = 0; i < clean.size && !valid; i++)
        if ((unsigned char)clean.data[i] >= 0x80)
            clean.data[i] = '?';
    buffer_append_json(into, buffer_str(&clean));
    buffer_clear(&clean);
}

void feed_summary_json(const struct feed_summary *summary, struct buffer *into)
{
    const char *group = "";
    buffer_append_str(into, STR("{\"topic\":"));
    append_text(into, summary->topic);
    for (size_t i = 0; i < ROW_COUNT; i++) {
        bool begins = strcmp(group, ROWS[i].group) != 0;
        if (begins)
            buffer_printf(into, "%s,\"%s\":{", *group ? "}" : "", ROWS[i].group);
        group = ROWS[i].group;
        buffer_printf(into, "%s\"%s\":%" PRId64, begins ? "" : ",", ROWS[i].name,
                      value_of(&summary->counts, &ROWS[i]));
    }
    buffer_printf(into, "},\"bytes\":%" PRId64 ",\"seconds\":", summary->counts.bytes);
    buffer_append_number(into, summary->seconds);
    buffer_printf(into, ",\"interrupted\":%s,\"problem_count\":%zu,\"problems\":[",
                  summary->interrupted ? "true" : "false", summary->problems->total);
    for (size_t i = 0; i < summary->problems->count; i++) {
        buffer_append_str(into, i ? STR(",") : STR(""));
        append_text(into, summary->problems->lines[i]);
    }
    buffer_append_str(into, STR("]}\n"));
}
