/* caller: signs a POST to a SageMaker endpoint and sends it on its way. */
#ifndef ASSAY_CALLER_H
#define ASSAY_CALLER_H

#include "schema/base/buffer.h"
#include "worker/aws/sigv4.h"
#include "worker/net/http.h"

/* What signing needs again and again. Zero-initialise but for http and region, which are borrowed.
 */
struct caller {
    struct http *http;
    const char *region;
    struct sigv4_signer signer;
    struct sigv4_signed made;
};

/* One call. All borrowed, copied by http_send. */
struct caller_post {
    const char *url;                 /* "https://host/path", no query */
    const char *component, *variant; /* headers of SageMaker; NULL: left out */
    const char *nonce;               /* the call's: marks it as ours where it is captured */
    struct str body;
    int64_t timeout_ms;
    size_t reply_bytes_max;
};

void caller_send(struct caller *caller, const struct caller_post *post,
                 const struct credentials *credentials, int64_t wall_ms,
                 void (*done)(void *owner, const struct http_reply *reply), void *owner);
void caller_clear(struct caller *caller);

#endif
