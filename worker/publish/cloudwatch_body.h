/* cloudwatch_body: PutMetricData as bytes, in two forms. */
#ifndef ASSAY_CLOUDWATCH_BODY_H
#define ASSAY_CLOUDWATCH_BODY_H

#include "schema/base/buffer.h"
#include "schema/metric.h"
#include "worker/publish/metric_names.h"

/* Limits of one call and one datum; the service counts a megabyte before compression. */
enum {
    CLOUDWATCH_DATUMS_MAX = 1000,
    CLOUDWATCH_VALUES_MAX = 150,
    CLOUDWATCH_BODY_BYTES_MAX = 1000000,
    CLOUDWATCH_GZIP_BYTES_MIN = 10240, /* smaller bodies go as they are, as botocore does it */
};

enum cloudwatch_form {
    CLOUDWATCH_JSON,  /* AWS JSON 1.0 */
    CLOUDWATCH_QUERY, /* form-encoded, for old VPC endpoints and emulators */
};

/* Appends one datum: values [first, first + count) of the metric under one of the address's names.
 * Its text is not yet a part of a body: cloudwatch_body makes it one. */
void cloudwatch_datum(enum cloudwatch_form form, const struct metric_address *address,
                      const char *name, const struct metric *metric, size_t first, size_t count,
                      struct buffer *out);

/* How many bytes a datum takes in a body, at most. */
size_t cloudwatch_datum_bytes(enum cloudwatch_form form, struct str datum);

/* Appends the body of a call. */
void cloudwatch_body(enum cloudwatch_form form, const char *namespace, const struct str *datums,
                     size_t count, struct buffer *out);

#endif
