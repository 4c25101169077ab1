/* sts: temporary keys from AWS's security token service. */
#ifndef ASSAY_STS_H
#define ASSAY_STS_H

#include "worker/aws/credentials.h"

struct sts_parameter {
    const char *name, *value; /* value NULL: left out */
};

/* Asks for `action` in the region of the options. `identity` signs the request; NULL: unsigned. As
 * a provider's fetch: may block for seconds, `out` zeroed before, `error` TRANSIENT when it may
 * work later; an error holds STS's code, never its message, which may repeat a token. */
bool sts_exchange(const struct credential_options *options, struct http *http, const char *action,
                  const struct sts_parameter *parameters, size_t count,
                  const struct credentials *identity, struct credentials *out,
                  struct error *error);

#endif
