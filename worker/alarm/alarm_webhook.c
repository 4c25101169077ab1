/* alarm_webhook: an event as an HTTP POST of JSON, signed as Standard Webhooks describes.
 *
 * https://www.standardwebhooks.com: webhook-id is the event's id, the same for every try, so that a
 * receiver can tell what it was told before; webhook-signature is "v1," and the base64 of the
 * HMAC-SHA256 of "id.timestamp.body". */
#include <stdio.h>

#include "schema/base/base64.h"
#include "schema/base/hash.h"
#include "worker/alarm/alarm_target.h"

static const char SECRET_PREFIX[] = "whsec_";

bool alarm_webhook_secret(const char *text, struct buffer *out)
{
    size_t prefix = strlen(SECRET_PREFIX);
    if (strncmp(text, SECRET_PREFIX, prefix) != 0) {
        buffer_append_str(out, str_of(text));
        return text[0] != '\0';
    }
    struct arena arena = {0};
    struct str bytes;
    bool good = base64_decode(str_of(text + prefix), &arena, &bytes) && bytes.size > 0;
    if (good)
        buffer_append_str(out, bytes);
    arena_clear(&arena);
    return good;
}

static bool check(const char *place, struct error *error)
{
    bool http = strncmp(place, "http://", 7) == 0, https = strncmp(place, "https://", 8) == 0;
    if ((http || https) && strlen(place) > strlen("https://") && strpbrk(place, " \t\r\n") == NULL)
        return true;
    return error_set(error, ERROR_INPUT, "is no http:// or https:// address");
}

static void sign(const struct alarm_sending *sending, const char *timestamp,
                 struct alarm_request *request)
{
    struct buffer content = {0}, value = {0};
    uint8_t digest[SHA256_BYTES];
    buffer_printf(&content, "%s.%s.", sending->delivery->event_id, timestamp);
    buffer_append_str(&content, buffer_str(&request->body));
    hash_hmac_sha256(sending->secret, buffer_str(&content), digest);
    buffer_append_str(&value, STR("v1,"));
    base64_encode((struct str){(const char *)digest, sizeof digest}, &value);
    alarm_request_header(request, "webhook-signature", value.data);
    buffer_clear(&content);
    buffer_clear(&value);
}

static void compose(const struct alarm_sending *sending, struct alarm_request *request)
{
    char timestamp[24];
    snprintf(timestamp, sizeof timestamp, "%lld", (long long)(sending->now_ms / 1000));
    buffer_append_str(&request->url, str_of(sending->place));
    buffer_append_str(&request->body, str_of(sending->delivery->json));
    alarm_request_header(request, "Content-Type", "application/json");
    alarm_request_header(request, "webhook-id", sending->delivery->event_id);
    alarm_request_header(request, "webhook-timestamp", timestamp);
    if (sending->secret.size > 0)
        sign(sending, timestamp, request);
}

const struct alarm_target ALARM_WEBHOOK = {
    .prefix = "webhook",
    .check = check,
    .compose = compose,
};
