/* alarm_complaint: that alarms do not reach somebody, on stderr. */
#include "worker/alarm/alarm_complaint.h"

#include <stdio.h>

#include "schema/base/buffer.h"
#include "schema/base/clock.h"

void alarm_complain(struct complaint *complaint, const char *target, const struct error *error)
{
    bool trouble = error && error->kind != ERROR_NONE;
    int64_t now = clock_steady_ms(), lasted = 0;
    if (trouble ? !complaint_due(complaint, now) : !complaint_over(complaint, now, &lasted))
        return;
    struct buffer line = {0};
    buffer_printf(&line, "{\"level\":\"%s\",\"event\":\"%s\",\"target\":",
                  trouble ? "error" : "info", trouble ? "alarms_not_told" : "alarms_told_again");
    buffer_append_json(&line, str_of(target));
    if (trouble) {
        buffer_append_str(&line, STR(",\"why\":"));
        buffer_append_json(&line, str_of(error->text));
    } else {
        buffer_printf(&line, ",\"seconds\":%lld", (long long)lasted / 1000);
    }
    fprintf(stderr, "%s}\n", line.data);
    buffer_clear(&line);
}
