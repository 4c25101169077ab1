/* batch_delivery: what a store records of a line. */
#include <math.h>
#include "worker/eval/batch.h"

struct delivery batch_delivery(const struct batch_line *line, const struct store *store,
                               const struct tenure *tenure, int64_t offset)
{
    struct delivery delivery = {.tenure = tenure,
                                .offset = offset,
                                .state = TERMINAL_INVALID,
                                .reason = line->invalid,
                                .evaluation_ms = NAN};
    if (line->invalid)
        return delivery;
    const struct evaluation *evaluation = line->evaluation;
    delivery.state = evaluation->state;
    delivery.sample = &evaluation->sample;
    delivery.sample_id = evaluation->sample.id;
    delivery.sample_key = store_sample_key(store, evaluation->sample.id);
    delivery.evaluated = evaluation->evaluated;
    delivery.evaluated_count = evaluation->evaluated_count;
    if (evaluation->evaluated_count)
        delivery.evaluation_ms = evaluation->evaluation_ms;
    return delivery;
}
