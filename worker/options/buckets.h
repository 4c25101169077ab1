/* buckets: what a command needs to read objects of S3. */
#ifndef ASSAY_BUCKETS_H
#define ASSAY_BUCKETS_H

#include "worker/options/args.h"
#include "worker/aws/region.h"
#include "worker/intake/source.h"

/* As the command line says; borrowed. */
struct bucket_options {
    const char *region, *profile, *url; /* NULL: as the AWS environment says */
};

/* Zero-initialise. */
struct buckets {
    struct source_aws aws; /* for source_open; empty where no place is a bucket */
    char region[REGION_BYTES];
};

/* For these places. False: INPUT, no region; or as keyring_open says. */
bool buckets_open(struct buckets *buckets, const struct bucket_options *options,
                  const struct arg_list *places, struct error *error);
void buckets_close(struct buckets *buckets);

#endif
