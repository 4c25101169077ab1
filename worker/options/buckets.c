/* buckets: what a command needs to read objects of S3. */
#include "worker/options/buckets.h"

#include "worker/aws/keyring.h"

bool buckets_open(struct buckets *buckets, const struct bucket_options *options,
                  const struct arg_list *places, struct error *error)
{
    bool any = false;
    for (size_t i = 0; i < places->count; i++)
        any |= s3_is_uri(places->values[i]);
    if (!any)
        return true;
    if (!region_find(options->region, options->profile, buckets->region, error))
        return false;
    const struct keyring_options keys = {
        .credentials = {.profile = options->profile, .region = buckets->region}};
    buckets->aws = (struct source_aws){
        .http = http_new(), .region = buckets->region, .url = options->url};
    buckets->aws.keyring = keyring_open(&keys, error);
    return buckets->aws.keyring != NULL;
}

void buckets_close(struct buckets *buckets)
{
    keyring_close(buckets->aws.keyring);
    http_free(buckets->aws.http);
    buckets->aws = (struct source_aws){0};
}
