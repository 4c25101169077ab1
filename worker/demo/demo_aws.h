/* demo_aws: a web server on loopback that stands in for a judge's endpoint and for CloudWatch. */
#ifndef ASSAY_DEMO_AWS_H
#define ASSAY_DEMO_AWS_H

#include "schema/base/error.h"
#include "worker/demo/demo_metrics.h"

enum { DEMO_AWS_URL_BYTES = 64 };

/* Requests must be signed with this key; what the signature says is not checked. */
#define DEMO_AWS_KEY "AKIDASSAYDEMO"

struct demo_aws; /* a thread of its own */

/* NULL and `error` (FATAL). */
struct demo_aws *demo_aws_open(struct error *error);
/* "http://127.0.0.1:PORT", for both services; borrowed. */
const char *demo_aws_url(const struct demo_aws *aws);
/* Ends the thread; what was published stays readable until demo_aws_close. */
void demo_aws_stop(struct demo_aws *aws);
/* Borrowed. Only after demo_aws_stop. */
const struct demo_metrics *demo_aws_metrics(const struct demo_aws *aws);
/* Verdicts given. Only after demo_aws_stop. */
int64_t demo_aws_verdicts(const struct demo_aws *aws);
void demo_aws_close(struct demo_aws *aws);

#endif
