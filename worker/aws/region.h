/* region: which AWS region we talk to, and where a service listens there. */
#ifndef ASSAY_REGION_H
#define ASSAY_REGION_H

#include <stdbool.h>
#include "schema/base/buffer.h"
#include "schema/base/error.h"
#include "schema/base/str.h"

enum { REGION_BYTES = 64 };

/* `configured` when not NULL or empty; else AWS_REGION, AWS_DEFAULT_REGION, or the profile's
 * `region` (`profile` as in struct credential_options). False with `error` (FATAL) when nothing
 * says it or it is no region's name. */
bool region_find(const char *configured, const char *profile, char out[REGION_BYTES],
                 struct error *error);

/* An address taken apart for signing. */
struct endpoint {
    char *url;  /* "https://monitoring.us-west-2.amazonaws.com", no slash at the end */
    char *host; /* as in the Host header */
    char *path; /* what stands behind the host, "" mostly */
};

/* `configured` when not NULL or empty; else AWS_ENDPOINT_URL_<variable>, AWS_ENDPOINT_URL; else
 * https://<prefix>.<region>.<the partition's domain>. `variable` may be NULL: the region's address
 * then. False with `error` (FATAL) when the address is not http(s)://host[:port][/path]. */
bool endpoint_find(const char *configured, const char *variable, const char *prefix,
                   const char *region, struct endpoint *out, struct error *error);
void endpoint_clear(struct endpoint *endpoint);

#endif
