/* lane_sampling: which of the samples that arrive are evaluated. */
#include "schema/base/clock.h"
#include "worker/lane/lane_inside.h"
#include "worker/store/segment.h"

/* Strata are the segments that reports tell apart, of each model: it follows behind a NUL. */
static struct str stratum_of(const struct lane *lane, const struct sample *sample,
                             struct buffer *into)
{
    const struct store_config *store = &lane->config->store;
    into->size = 0;
    segment_words(store->segment_keys, store->segment_key_count, sample, into);
    buffer_append(into, "", 1);
    if (sample->model.size)
        buffer_append_str(into, sample->model);
    return buffer_str(into);
}

static struct str prompt_of(const struct sample *sample)
{
    return sample->last_user.data ? sample->last_user : sample->prompt;
}

void lane_choose(struct lane *lane, struct job *job)
{
    struct evaluation *evaluation = &job->evaluation;
    struct sample *sample = &evaluation->sample;
    if (!lane->sampler || evaluation->state != TERMINAL_SCORED || sample->run != SAMPLE_LIVE)
        return;
    bool grouped = sample->group.size > 0, shared = grouped || sample->session.size > 0;
    const struct sampler_record record = {.id = grouped  ? sample->group
                                                : shared ? sample->session
                                                         : sample->id,
                                          .name = sample->stratum,
                                          .stratum = stratum_of(lane, sample, &lane->stratum),
                                          .prompt = shared ? (struct str){0} : prompt_of(sample),
                                          .grouped = grouped};
    struct sampler_decision decision = sampler_decide(lane->sampler, &record, clock_steady_ms());
    job->captured = decision.probability > 0 ? sample->probability : 0;
    if (decision.keep) {
        sample->probability = sampler_product(sample->probability, decision.probability);
        return;
    }
    evaluation->state = TERMINAL_UNMATCHED;
    evaluation->reason = TERMINAL_NOT_SAMPLED;
    evaluation->evaluated_count = 0;
}
