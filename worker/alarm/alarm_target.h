/* alarm_target: where events are sent, and in what form. */
#ifndef ASSAY_ALARM_TARGET_H
#define ASSAY_ALARM_TARGET_H

#include "schema/base/error.h"
#include "worker/alarm/alarm_outbox.h"
#include "worker/aws/credentials.h"
#include "worker/aws/region.h"
#include "worker/aws/sigv4.h"
#include "worker/net/http.h"

enum { TARGET_HEADERS_MAX = 16, TARGET_HEADER_BYTES = 160 };

/* A request being written. Zero-initialise; alarm_request_clear gives the memory back. */
struct alarm_request {
    struct buffer url, body;
    struct http_header headers[TARGET_HEADERS_MAX];
    char values[TARGET_HEADERS_MAX][TARGET_HEADER_BYTES]; /* of headers that are made */
    size_t header_count;
    struct sigv4_signed signature; /* of an AWS request */
};
void alarm_request_clear(struct alarm_request *request);
/* Copies the value; the name is borrowed. */
void alarm_request_header(struct alarm_request *request, const char *name, const char *value);

/* What an event is sent with. Borrowed, and shared by all targets. */
struct alarm_sending {
    const struct alarm_delivery *delivery;
    const char *place; /* the target's address: behind "webhook:" and the like */
    const char *text;  /* of the event, for people */
    int64_t now_ms;
    struct str secret;              /* webhook: what bodies are signed with; empty: they are not */
    const char *region;             /* AWS */
    const struct endpoint *address; /* AWS: of the target's service */
    const struct credentials *keys; /* AWS */
    struct sigv4_signer *signer;    /* AWS */
};

/* One file each. To add one: a file, a line in alarm_target.c. */
struct alarm_target {
    const char *prefix;          /* "webhook": a target is "webhook:URL" */
    const char *service;         /* AWS: as it is signed; NULL of others */
    const char *variable, *host; /* AWS: for endpoint_find */
    /* Whether the place is one; false with `error` (INPUT). */
    bool (*check)(const char *place, struct error *error);
    void (*compose)(const struct alarm_sending *sending, struct alarm_request *request);
    /* Of a reply whose status is 200 to 299; NULL: that says it all. `error` says why not. */
    enum alarm_outcome (*accepted)(const struct http_reply *reply, struct error *error);
};

extern const struct alarm_target ALARM_WEBHOOK, ALARM_SNS, ALARM_EVENTBRIDGE;

/* Of "webhook:https://...": NULL for an unknown prefix. *out_place points into `name`. */
const struct alarm_target *alarm_target_find(const char *name, const char **out_place);
/* False with `error` (INPUT): no target, and which ones there are. */
bool alarm_target_check(const char *name, struct error *error);
/* The region that an ARN names, else `ours`. */
void alarm_target_region(const char *place, const char *ours, char out[REGION_BYTES]);
/* How people and logs see it: without the path of a URL, which may hold a secret. */
void alarm_target_show(const char *name, char *out, size_t room);

/* For AWS targets: signs and completes what has method POST, path "/", headers and body. */
void alarm_request_sign(const struct alarm_sending *sending, const char *service,
                        struct alarm_request *request);

/* The secret as the environment holds it: "whsec_" and base64, as Standard Webhooks spells it, or
 * any other text, taken as it is. Appends its bytes; false: base64 that is none. */
bool alarm_webhook_secret(const char *text, struct buffer *out);

#endif
