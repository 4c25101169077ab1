/* capture_fields: the keys of a flat capture record, and what each must hold. */
#ifndef ASSAY_CAPTURE_FIELDS_H
#define ASSAY_CAPTURE_FIELDS_H

#include "schema/base/json_tape.h"
#include "schema/sample.h"

/* A record while it is read: values that a sample holds as they are, and those that are bodies. */
struct capture_fields {
    struct sample sample;
    struct json_token *messages, *response, *request;
    struct json_token *request_body, *request_body_b64, *response_body, *response_body_b64;
    struct json_token *capture_data, *event_metadata, *record, *capture;
    struct str content_type; /* of the response's body */
    int64_t status;          /* of HTTP; -1 unknown */
};

/* As sample.h says of absent values. */
void capture_fields_init(struct capture_fields *fields);

/* Takes over every known key of `object`, counts the others; a null is an absent value. A later
 * object wins over an earlier one. False and a code when a value is not what its key must hold:
 * wrong_type, out_of_range, bad_timestamp, bad_probability, too_long, too_many_tags, ... */
bool capture_fields_read(struct capture_fields *fields, struct json_token *object,
                         struct arena *arena, struct json_fault *fault,
                         struct json_token **out_culprit);

/* RFC 3339, or milliseconds since 1970 UTC, in the years 2000 to 2099. */
bool capture_read_time(struct json_token *value, struct arena *arena, int64_t *out_ms);

#endif
