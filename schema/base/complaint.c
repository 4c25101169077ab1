/* complaint: how often a trouble that lasts is told. */
#include "schema/base/complaint.h"

bool complaint_due(struct complaint *complaint, int64_t now_ms)
{
    if (complaint->interval_ms && now_ms < complaint->next_ms)
        return false;
    bool calm = !complaint->since_ms && now_ms >= complaint->next_ms + complaint->interval_ms;
    int64_t twice_ms = 2 * complaint->interval_ms;
    int64_t next = calm || twice_ms == 0 ? COMPLAINT_FIRST_MS : twice_ms;
    complaint->interval_ms = next < COMPLAINT_LONGEST_MS ? next : COMPLAINT_LONGEST_MS;
    complaint->next_ms = now_ms + complaint->interval_ms;
    if (!complaint->since_ms)
        complaint->since_ms = now_ms;
    return true;
}

bool complaint_over(struct complaint *complaint, int64_t now_ms, int64_t *out_lasted_ms)
{
    if (!complaint->since_ms)
        return false;
    *out_lasted_ms = now_ms - complaint->since_ms;
    complaint->since_ms = 0;
    return true;
}
