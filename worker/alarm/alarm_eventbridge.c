/* alarm_eventbridge: an event on an EventBridge bus (PutEvents, JSON 1.1).
 *
 * The service has no idempotency token: detail.id tells an event that comes twice. */
#include "worker/alarm/alarm_target.h"

#include "schema/base/json_read.h"

enum { BUS_BYTES_MAX = 1600 };

static bool check(const char *place, struct error *error)
{
    if (*place && strlen(place) <= BUS_BYTES_MAX)
        return true;
    return error_set(error, ERROR_INPUT, "is no event bus: give its name or its ARN");
}

static void compose(const struct alarm_sending *sending, struct alarm_request *request)
{
    struct buffer *body = &request->body;
    buffer_append_str(body,
                      STR("{\"Entries\":[{\"Source\":\"assay\",\"DetailType\":\"Assay Alarm\","
                          "\"EventBusName\":"));
    buffer_append_json(body, str_of(sending->place));
    buffer_printf(body, ",\"Time\":%lld,\"Detail\":", (long long)(sending->delivery->at_ms / 1000));
    buffer_append_json(body, str_of(sending->delivery->json));
    buffer_append_str(body, STR("}]}"));
    alarm_request_header(request, "Content-Type", "application/x-amz-json-1.1");
    alarm_request_header(request, "X-Amz-Target", "AWSEvents.PutEvents");
    alarm_request_sign(sending, ALARM_EVENTBRIDGE.service, request);
}

/* The call succeeds although its entry failed. */
static enum alarm_outcome accepted(const struct http_reply *reply, struct error *error)
{
    json_t *answer = json_read(reply->body, &JSON_LIMITS_REPLY, NULL);
    const json_t *failed = json_object_get(answer, "FailedEntryCount");
    const json_t *entry = json_array_get(json_object_get(answer, "Entries"), 0);
    const char *code = json_string_value(json_object_get(entry, "ErrorCode"));
    enum alarm_outcome outcome = ALARM_SENT;
    if (code || json_integer_value(failed) > 0) {
        error_set(error, ERROR_TRANSIENT, "the entry failed: %.80s",
                  code ? code : "without a code");
        outcome = ALARM_AGAIN;
    }
    json_decref(answer);
    return outcome;
}

const struct alarm_target ALARM_EVENTBRIDGE = {
    .prefix = "eventbridge",
    .service = "events",
    .variable = "EVENTBRIDGE",
    .host = "events",
    .check = check,
    .compose = compose,
    .accepted = accepted,
};
