/* alarm_engine: all streams together: what closed buckets say, in order of time. */
#ifndef ASSAY_ALARM_ENGINE_H
#define ASSAY_ALARM_ENGINE_H

#include "worker/alarm/alarm_pack.h"
#include "worker/alarm/alarm_stream.h"

/* A function of the rules and the closed buckets alone: no clock, no chance, no I/O; whoever feeds
 * it the same gets the same events. One thread.
 *
 *   engine = alarm_engine_new(&rules, tell, owner);
 *   for each five minutes, in order of time:
 *       alarm_engine_stream for streams that are new, alarm_engine_add for each cell
 *       alarm_engine_close
 *
 * The budget: at most one false alarm in rules.false_alarm_hours, over everything. Each detector
 * (one an hour of each stream, one every five minutes, one of each objective) may be wrong once in
 * so many hours, times the number of detectors. The bound holds for any dependence between and
 * within streams (worker/stats/e_detector.h); errors, coverage and silence are told apart from it.
 */
struct alarm_engine;

enum { ALARM_STREAMS_MAX = 4096 };

/* What a segment's id stands for: JSON, borrowed during `tell`. */
typedef const char *alarm_words(void *owner, int64_t segment);

struct alarm_engine *alarm_engine_new(const struct alarm_rules *rules, alarm_words *words,
                                      alarm_tell *tell, void *owner);
void alarm_engine_free(struct alarm_engine *engine);
/* From the next close on. */
void alarm_engine_configure(struct alarm_engine *engine, const struct alarm_rules *rules);

/* The id is the caller's, above all those before. False: too many streams. */
bool alarm_engine_stream(struct alarm_engine *engine, const struct alarm_series *series);
bool alarm_engine_knows(const struct alarm_engine *engine, int64_t id);
/* A cell of the bucket that ends at close_ms; `id` is known. False as alarm_stream_add. */
bool alarm_engine_add(struct alarm_engine *engine, int64_t id, const struct alarm_cell *cell,
                      int64_t close_ms);
/* The five minutes that end at close_ms, a multiple of ALARM_FIVE_MS, are over. */
void alarm_engine_close(struct alarm_engine *engine, int64_t close_ms);

/* In order of ids. */
const struct alarm_stream *const *alarm_engine_streams(const struct alarm_engine *engine,
                                                       size_t *out_count);
/* How many hours a detector may go until it is wrong, once, as of the last close. */
double alarm_engine_detector_hours(const struct alarm_engine *engine);
/* Alarms that fire now. */
size_t alarm_engine_firing(const struct alarm_engine *engine);

/* As bytes and back, between two buckets: what belongs to no stream, and each stream. Read into a
 * new engine that knows the same streams and has seen nothing; configure it then with the rules of
 * the next bucket. False: no stream has this id. */
void alarm_engine_snapshot(struct alarm_engine *engine, struct pack *pack);
bool alarm_engine_snapshot_stream(struct alarm_engine *engine, int64_t id, struct pack *pack);

#endif
