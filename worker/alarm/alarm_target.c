/* alarm_target: where events are sent, and in what form. */
#include "worker/alarm/alarm_target.h"

#include <assert.h>
#include <stdio.h>

enum { SHOWN_BYTES = 256 };

static const struct alarm_target *const TARGETS[] = {&ALARM_WEBHOOK, &ALARM_SNS,
                                                     &ALARM_EVENTBRIDGE};

const struct alarm_target *alarm_target_find(const char *name, const char **out_place)
{
    for (size_t i = 0; i < sizeof TARGETS / sizeof *TARGETS; i++) {
        size_t size = strlen(TARGETS[i]->prefix);
        if (strncmp(name, TARGETS[i]->prefix, size) == 0 && name[size] == ':') {
            *out_place = name + size + 1;
            return TARGETS[i];
        }
    }
    return NULL;
}

bool alarm_target_check(const char *name, struct error *error)
{
    char shown[SHOWN_BYTES];
    const char *place;
    const struct alarm_target *target = alarm_target_find(name, &place);
    alarm_target_show(name, shown, sizeof shown);
    if (!target)
        return error_set(error, ERROR_INPUT,
                         "\"%s\" is no target: give webhook:https://..., sns:TOPIC-ARN or "
                         "eventbridge:BUS",
                         shown);
    return target->check(place, error) || error_prefix(error, "%s: ", shown);
}

void alarm_target_region(const char *place, const char *ours, char out[REGION_BYTES])
{
    size_t size = 0;
    const char *field = strncmp(place, "arn:", 4) == 0 ? place : NULL;
    for (int colons = 0; field && colons < 3; colons++)
        field = (field = strchr(field, ':')) ? field + 1 : NULL;
    size = field ? strcspn(field, ":") : 0;
    if (size > 0 && size < REGION_BYTES)
        snprintf(out, REGION_BYTES, "%.*s", (int)size, field);
    else
        snprintf(out, REGION_BYTES, "%s", ours ? ours : "");
}

void alarm_target_show(const char *name, char *out, size_t room)
{
    const char *host = strstr(name, "://"), *at = host ? strchr(host + 3, '@') : NULL;
    size_t host_size = host ? strcspn(host + 3, "/?#") : 0;
    if (host && at && at < host + 3 + host_size)
        snprintf(out, room, "%.*s%.*s", (int)(host + 3 - name), name,
                 (int)(host + 3 + host_size - at - 1), at + 1);
    else if (host)
        snprintf(out, room, "%.*s", (int)((size_t)(host + 3 - name) + host_size), name);
    else
        snprintf(out, room, "%s", name);
}

void alarm_request_clear(struct alarm_request *request)
{
    buffer_clear(&request->url);
    buffer_clear(&request->body);
    sigv4_signed_clear(&request->signature);
    request->header_count = 0;
}

void alarm_request_header(struct alarm_request *request, const char *name, const char *value)
{
    assert(request->header_count < TARGET_HEADERS_MAX);
    char *copy = request->values[request->header_count];
    snprintf(copy, TARGET_HEADER_BYTES, "%s", value);
    request->headers[request->header_count++] = (struct http_header){name, copy};
}

void alarm_request_sign(const struct alarm_sending *sending, const char *service,
                        struct alarm_request *request)
{
    struct buffer path = {0};
    buffer_printf(&request->url, "%s/", sending->address->url);
    buffer_printf(&path, "%s/", sending->address->path);
    struct sigv4_request to_sign = {
        .method = "POST",
        .host = sending->address->host,
        .path = buffer_str(&path),
        .headers = request->headers,
        .header_count = request->header_count,
        .body = buffer_str(&request->body),
        .region = sending->region,
        .service = service,
        .now_ms = sending->now_ms,
    };
    sigv4_sign(sending->signer, &to_sign, sending->keys, &request->signature);
    for (size_t i = 0; i < request->signature.header_count; i++) {
        assert(request->header_count < TARGET_HEADERS_MAX);
        request->headers[request->header_count++] = request->signature.headers[i];
    }
    buffer_clear(&path);
}
