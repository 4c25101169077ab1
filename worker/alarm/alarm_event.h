/* alarm_event: an alarm began or is over: what is told, as JSON and as a sentence. */
#ifndef ASSAY_ALARM_EVENT_H
#define ASSAY_ALARM_EVENT_H

#include "schema/base/buffer.h"
#include "worker/alarm/alarm_history.h"

/* What is watched, and how bad it is when it goes wrong. */
enum alarm_kind {
    ALARM_DRIFT,     /* scores are worse than the baseline */
    ALARM_BURN,      /* the failures an objective allows are used up fast */
    ALARM_BURN_SLOW, /* the same, slowly */
    ALARM_ERRORS,    /* scores fail with errors: the judge, or us */
    ALARM_COVERAGE,  /* more is skipped than in the baseline */
    ALARM_SILENCE,   /* a model's rows stopped */
    ALARM_KINDS,
};
/* "drift", "burn_fast", ... */
const char *alarm_kind_name(enum alarm_kind kind);
/* "page": wake somebody; "ticket": by day. */
const char *alarm_kind_severity(enum alarm_kind kind);

enum { ALARM_ID_BYTES = 33, ALARM_CHANGES_MAX = 8 };

/* A criterion whose hash changed: rubric, judge or prompt. Borrowed. */
struct alarm_change {
    int64_t at_ms;
    const char *criterion, *from_hash, *to_hash;
};

/* Everything an event tells; texts are borrowed during the call that hands it over. NAN and 0:
 * does not apply. Times are ends of closed buckets, never the wall clock, so that a replay tells
 * the same. */
struct alarm_event {
    enum alarm_kind kind;
    bool over;          /* else it begins */
    const char *reason; /* over: "recovered" or "criterion_changed"; else NULL */
    const char *model, *rubric, *criterion, *dimension,
        *hash;               /* all but model "" of a whole model */
    int64_t at_ms, onset_ms; /* now; when the alarm began, equal for one that begins */
    /* ALARM_DRIFT */
    const char *detector; /* "hourly" or "five_minutes"; NULL of others */
    double log_evidence, log_threshold, tolerance, bound;
    int64_t base_from_ms, base_to_ms, now_from_ms;
    struct level base, now;
    struct level_difference difference;
    struct alarm_onset onset; /* of the fall; when over, of the rise */
    bool has_segment; /* the segment that got worse most surely, of several */
    int64_t segment;
    const char *segment_words; /* JSON, as stores have it */
    struct level segment_base, segment_now;
    struct alarm_change changes[ALARM_CHANGES_MAX]; /* about the time of the onset */
    size_t change_count;
    /* ALARM_BURN, ALARM_BURN_SLOW */
    double objective, burn_long, burn_short, burn_limit;
    int64_t long_ms, short_ms;
    /* ALARM_ERRORS, ALARM_COVERAGE: shares of `count` in the last hour */
    double share, limit;
    uint64_t count;
    /* ALARM_SILENCE */
    int64_t last_row_ms;
};

/* 32 hex digits, equal for equal events: who is told twice can tell. */
void alarm_event_id(const struct alarm_event *event, char out[ALARM_ID_BYTES]);
/* 32 hex digits of what both ends of an alarm share. */
void alarm_event_key(const struct alarm_event *event, char out[ALARM_ID_BYTES]);
/* One sentence for people. */
void alarm_event_text(const struct alarm_event *event, struct buffer *out);
/* schema/alarm-event.schema.json, without a line break. */
void alarm_event_json(const struct alarm_event *event, struct buffer *out);

#endif
