/* lane_health: whether a lane can work, for /readyz and the log. */
#include "worker/lane/lane_health.h"

#include <stdio.h>
#include "schema/base/buffer.h"
#include "schema/base/clock.h"

static void warn(const char *topic, const char *trouble)
{
    struct buffer line = {0};
    buffer_append_str(&line, STR("{\"level\":\"warning\",\"event\":\"kafka_trouble\",\"topic\":"));
    buffer_append_json(&line, str_of(topic));
    buffer_append_str(&line, STR(",\"text\":"));
    buffer_append_json(&line, str_of(trouble));
    fprintf(stderr, "%s}\n", line.data);
    buffer_clear(&line);
}

void lane_health_look(struct complaint *complaint, const struct kafka_source *source,
                      const char *topic, struct counters *counters)
{
    const char *trouble = NULL;
    int64_t now = clock_steady_ms(), lasted = 0;
    atomic_store(&counters->readiness, kafka_readiness(source, &trouble));
    if (trouble && complaint_due(complaint, now))
        warn(topic, trouble);
    else if (!trouble && complaint_over(complaint, now, &lasted))
        fprintf(stderr, "{\"level\":\"info\",\"event\":\"kafka_trouble_over\",\"seconds\":%lld}\n",
                (long long)lasted / 1000);
}
