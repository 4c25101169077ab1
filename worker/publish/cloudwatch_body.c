/* cloudwatch_body: PutMetricData as bytes, in two forms. */
#include "worker/publish/cloudwatch_body.h"

#include <inttypes.h>
#include "schema/base/clock.h"
#include "worker/aws/sigv4.h"

static void append_key(struct buffer *out, const char *key, const char *value)
{
    buffer_printf(out, "\"%s\":", key);
    buffer_append_json(out, str_of(value));
    buffer_append(out, ",", 1);
}

static void datum_json(const struct metric_address *address, const char *name,
                       const struct metric *metric, size_t first, size_t count, struct buffer *out)
{
    buffer_append(out, "{", 1);
    append_key(out, "MetricName", name);
    if (address->dimension_count)
        buffer_append_str(out, STR("\"Dimensions\":["));
    for (size_t i = 0; i < address->dimension_count; i++) {
        buffer_append_str(out, i ? STR(",{") : STR("{"));
        append_key(out, "Name", address->dimensions[i].name);
        buffer_append_str(out, STR("\"Value\":"));
        buffer_append_json(out, str_of(address->dimensions[i].value));
        buffer_append(out, "}", 1);
    }
    if (address->dimension_count)
        buffer_append_str(out, STR("],"));
    /* Whole seconds: whether the service takes fractions is not documented. */
    buffer_printf(out, "\"Timestamp\":%" PRId64 ",\"Values\":[", metric->minute_ms / 1000);
    for (size_t i = first; i < first + count; i++) {
        buffer_append(out, ",", i > first);
        buffer_append_number(out, metric->values[i]);
    }
    buffer_append_str(out, STR("],\"Counts\":["));
    for (size_t i = first; i < first + count; i++)
        buffer_printf(out, "%s%" PRIu32, i > first ? "," : "", metric->counts[i]);
    buffer_printf(out, "],\"Unit\":\"%s\",\"StorageResolution\":60}",
                  metric_unit_name(metric->unit));
}

/* "&key=value", encoded; cloudwatch_body puts "MetricData.member.N." behind each "&". */
static void append_pair(struct buffer *out, const char *key, struct str value)
{
    buffer_printf(out, "&%s=", key);
    sigv4_encode(out, value, "");
}

static void datum_query(const struct metric_address *address, const char *name,
                        const struct metric *metric, size_t first, size_t count, struct buffer *out)
{
    char time[CLOCK_TEXT_BYTES];
    append_pair(out, "MetricName", str_of(name));
    for (size_t i = 0; i < address->dimension_count; i++) {
        buffer_printf(out, "&Dimensions.member.%zu.Name=%s", i + 1, address->dimensions[i].name);
        buffer_printf(out, "&Dimensions.member.%zu.Value=", i + 1);
        sigv4_encode(out, str_of(address->dimensions[i].value), "");
    }
    clock_format_rfc3339(metric->minute_ms, time);
    append_pair(out, "Timestamp", str_of(time));
    struct buffer number = {0};
    for (size_t i = 0; i < count; i++) {
        buffer_reset(&number);
        buffer_append_number(&number, metric->values[first + i]);
        buffer_printf(out, "&Values.member.%zu=", i + 1);
        sigv4_encode(out, buffer_str(&number), ""); /* the "+" of "1e+20" */
        buffer_printf(out, "&Counts.member.%zu=%" PRIu32, i + 1, metric->counts[first + i]);
    }
    buffer_clear(&number);
    buffer_printf(out, "&Unit=%s&StorageResolution=60", metric_unit_name(metric->unit));
}

void cloudwatch_datum(enum cloudwatch_form form, const struct metric_address *address,
                      const char *name, const struct metric *metric, size_t first, size_t count,
                      struct buffer *out)
{
    if (form == CLOUDWATCH_JSON)
        datum_json(address, name, metric, first, count, out);
    else
        datum_query(address, name, metric, first, count, out);
}

size_t cloudwatch_datum_bytes(enum cloudwatch_form form, struct str datum)
{
    if (form == CLOUDWATCH_JSON)
        return datum.size + 1; /* the comma */
    size_t pairs = 0;
    for (size_t i = 0; i < datum.size; i++)
        pairs += datum.data[i] == '&';
    return datum.size + pairs * (sizeof "MetricData.member.1000." - 1);
}

static void append_numbered(struct buffer *out, struct str datum, size_t number)
{
    for (size_t i = 0; i < datum.size;) {
        const char *next = memchr(datum.data + i + 1, '&', datum.size - i - 1);
        size_t end = next ? (size_t)(next - datum.data) : datum.size;
        buffer_printf(out, "&MetricData.member.%zu.", number);
        buffer_append(out, datum.data + i + 1, end - i - 1);
        i = end;
    }
}

void cloudwatch_body(enum cloudwatch_form form, const char *namespace, const struct str *datums,
                     size_t count, struct buffer *out)
{
    if (form == CLOUDWATCH_QUERY) {
        buffer_append_str(out, STR("Action=PutMetricData&Version=2010-08-01"));
        append_pair(out, "Namespace", str_of(namespace));
        for (size_t i = 0; i < count; i++)
            append_numbered(out, datums[i], i + 1);
        return;
    }
    buffer_append(out, "{", 1);
    append_key(out, "Namespace", namespace);
    buffer_append_str(out, STR("\"MetricData\":["));
    for (size_t i = 0; i < count; i++) {
        buffer_append(out, ",", i > 0);
        buffer_append_str(out, datums[i]);
    }
    buffer_append_str(out, STR("]}"));
}
