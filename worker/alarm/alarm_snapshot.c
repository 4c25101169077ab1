/* alarm_snapshot: all that a stream knows, as bytes. */
#include "worker/alarm/alarm_snapshot.h"

#include "schema/base/memory.h"

static void walk_statuses(struct pack *pack, struct status_counts *statuses)
{
    pack_uint(pack, &statuses->scored);
    pack_uint(pack, &statuses->not_applicable);
    pack_uint(pack, &statuses->skipped);
    pack_uint(pack, &statuses->error);
}

static void walk_bins(struct pack *pack, struct score_bins *bins)
{
    size_t bin = score_bins_next(bins, 0);
    for (;;) {
        pack_count(pack, &bin, SCORE_BINS); /* SCORE_BINS: that was all */
        if (pack->bad || bin >= SCORE_BINS)
            return;
        pack_uint(pack, &bins->counts[bin]);
        bin = score_bins_next(bins, bin + 1);
    }
}

static void walk_sums(struct pack *pack, struct level_sums *sums)
{
    pack_count(pack, &sums->sampled_count, SAMPLING_THRESHOLDS_MAX);
    if (!pack->out && sums->sampled_count > 0)
        sums->sampled = memory_new(sums->sampled_count, sizeof *sums->sampled);
    for (size_t i = 0; i < sums->sampled_count; i++) {
        pack_uint(pack, &sums->sampled[i].threshold);
        pack_uint(pack, &sums->sampled[i].missing);
        walk_bins(pack, &sums->sampled[i].bins);
    }
    walk_statuses(pack, &sums->statuses);
}

static void walk_interval(struct pack *pack, struct interval *interval)
{
    pack_real(pack, &interval->low);
    pack_real(pack, &interval->high);
}

static void walk_level(struct pack *pack, struct level *level)
{
    pack_uint(pack, &level->n);
    double *numbers[] = {&level->n_eff, &level->n_rate,   &level->weight,
                         &level->mean,  &level->variance, &level->missing};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        pack_real(pack, numbers[i]);
    pack_bool(pack, &level->verdicts);
    walk_interval(pack, &level->ci);
    walk_interval(pack, &level->missing_bounds);
}

static void walk_detector(struct pack *pack, struct e_detector *detector, double *log_m)
{
    for (size_t k = 0; k < BETS; k++)
        pack_real(pack, &detector->log_m[k]);
    pack_uint(pack, &detector->buckets);
    pack_real(pack, log_m);
}

static void walk_hour(struct pack *pack, struct alarm_sums *sums)
{
    struct survey_sums *survey = &sums->survey;
    double *numbers[] = {&survey->n,    &survey->w,   &survey->ww,   &survey->wy,    &survey->wwy,
                         &survey->wwyy, &survey->wwp, &survey->wwpy, &survey->wwpyy, &sums->wyy};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        pack_real(pack, numbers[i]);
    pack_uint(pack, &sums->ends);
}

static void walk_segment(struct pack *pack, struct alarm_segment *segment, size_t hour_count)
{
    pack_int(pack, &segment->segment);
    walk_hour(pack, &segment->base);
    if (!pack->out)
        segment->hours = memory_new(hour_count + 1, sizeof *segment->hours);
    for (size_t i = 0; i < hour_count; i++)
        walk_hour(pack, &segment->hours[i]);
}

static void walk_history(struct pack *pack, struct alarm_history *history)
{
    pack_int(pack, &history->first_hour_ms);
    pack_count(pack, &history->hour_count, ALARM_HOURS_MAX);
    pack_count(pack, &history->segment_count, ALARM_SEGMENTS_MAX + 1);
    if (!pack->out) {
        history->hour_room = history->hour_count;
        history->segments = memory_new(history->segment_count + 1, sizeof *history->segments);
    }
    for (size_t i = 0; i < history->segment_count; i++)
        walk_segment(pack, &history->segments[i], history->hour_count);
}

static void walk_burn(struct pack *pack, struct alarm_burn **burn)
{
    bool there = *burn != NULL;
    pack_bool(pack, &there);
    if (!there)
        return;
    if (!*burn)
        *burn = alarm_burn_new();
    pack_real(pack, &(*burn)->objective);
    for (size_t i = 0; i < ALARM_BURN_FIVES; i++) {
        pack_real(pack, &(*burn)->scored[i]);
        pack_real(pack, &(*burn)->failed[i]);
    }
    pack_int(pack, &(*burn)->closed);
    walk_sums(pack, &(*burn)->verdicts);
    walk_detector(pack, &(*burn)->detector, &(*burn)->log_evidence);
}

static void walk_times(struct pack *pack, struct alarm_stream *stream)
{
    int64_t *times[] = {&stream->first_ms, &stream->last_ms, &stream->frozen_ms, &stream->fresh_ms};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        pack_int(pack, times[i]);
    for (int kind = 0; kind < ALARM_KINDS; kind++)
        pack_int(pack, &stream->onset_ms[kind]);
}

static void walk_reference(struct pack *pack, struct alarm_stream *stream)
{
    walk_sums(pack, &stream->base);
    walk_level(pack, &stream->base_level);
    pack_real(pack, &stream->base_skipped);
    pack_real(pack, &stream->tolerance);
    pack_real(pack, &stream->bound);
}

void alarm_snapshot_stream(struct pack *pack, struct alarm_stream *stream)
{
    size_t phase = stream->phase;
    pack_count(pack, &phase, ALARM_RETIRED);
    stream->phase = (enum alarm_phase)phase;
    pack_count(pack, &stream->threshold_count, SAMPLING_THRESHOLDS_MAX);
    for (size_t i = 0; i < stream->threshold_count; i++)
        pack_uint(pack, &stream->thresholds[i]);
    walk_times(pack, stream);
    walk_reference(pack, stream);
    walk_sums(pack, &stream->five);
    walk_sums(pack, &stream->hour);
    walk_statuses(pack, &stream->asked);
    walk_detector(pack, &stream->slow, &stream->log_slow);
    walk_detector(pack, &stream->quick, &stream->log_quick);
    walk_detector(pack, &stream->clear, &stream->log_clear);
    walk_history(pack, &stream->history);
    walk_burn(pack, &stream->burn);
}
