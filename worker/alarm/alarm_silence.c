/* alarm_silence: whether a model's rows stopped. */
#include "worker/alarm/alarm_silence.h"

enum { DAY_HOURS = 24 };

void alarm_silence_heard(struct alarm_model *model, int64_t close_ms)
{
    int64_t hour = (close_ms - 1) / ALARM_HOUR_MS, passed = hour - model->last_hour;
    if (passed > 0)
        model->hours = passed < DAY_HOURS ? model->hours << passed : 0;
    model->hours = (model->hours | 1) & ((UINT32_C(1) << DAY_HOURS) - 1);
    model->last_hour = hour;
    model->last_ms = close_ms;
}

static void tell(struct alarm_model *model, const struct alarm_close *close, bool over)
{
    struct alarm_event event = {
        .kind = ALARM_SILENCE,
        .over = over,
        .reason = over ? "recovered" : NULL,
        .model = model->model,
        .rubric = "",
        .criterion = "",
        .dimension = "",
        .hash = "",
        .at_ms = close->at_ms,
        .onset_ms = over ? model->onset_ms : close->at_ms,
        .last_row_ms = model->last_ms,
    };
    model->onset_ms = over ? 0 : close->at_ms;
    close->tell(close->owner, &event);
}

void alarm_silence_close(struct alarm_model *model, const struct alarm_close *close)
{
    int64_t silent_ms = close->at_ms - model->last_ms;
    if (model->onset_ms && silent_ms == 0)
        tell(model, close, true);
    else if (!model->onset_ms && silent_ms >= close->rules->silent_ms &&
             __builtin_popcount(model->hours) >= ALARM_BUSY_HOURS)
        tell(model, close, false);
}
