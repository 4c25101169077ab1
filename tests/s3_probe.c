/* s3_probe: lists what stands at s3://bucket/prefix, reads all of it, and prints a JSON object a
 * line for each object: {"key": ..., "size": ..., "bytes": ..., "sha256": ...} or
 * {"key": ..., "error": ...}.
 *
 *     s3_probe URI [AFTER]
 *
 * Credentials, region and address come from the environment. Exit status 1: the list failed. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "schema/base/hash.h"
#include "schema/base/memory.h"
#include "worker/aws/region.h"
#include "worker/aws/s3.h"

enum { PARTS = 8, OBJECTS_MAX = 100000 };

struct probe {
    struct s3_stream *stream;
    char *keys[OBJECTS_MAX];
    int64_t sizes[OBJECTS_MAX];
    size_t count;
    struct buffer body;
};

static bool add(void *owner, const struct s3_object *object)
{
    struct probe *probe = owner;
    probe->keys[probe->count] = memory_copy_str(object->key);
    probe->sizes[probe->count++] = object->size;
    s3_stream_add(probe->stream, object);
    return probe->count < OBJECTS_MAX;
}

static void print_object(struct probe *probe, const struct s3_part *part)
{
    struct buffer line = {0};
    uint8_t digest[SHA256_BYTES];
    char hex[SHA256_HEX_BYTES];
    buffer_append_str(&line, STR("{\"key\":"));
    buffer_append_json(&line, str_of(probe->keys[part->object]));
    hash_sha256(buffer_str(&probe->body), digest);
    hash_hex(digest, sizeof digest, hex);
    if (part->error.kind == ERROR_NONE) {
        buffer_printf(&line, ",\"size\":%" PRId64 ",\"bytes\":%zu,\"sha256\":\"%s\"}",
                      probe->sizes[part->object], probe->body.size, hex);
    } else {
        buffer_append_str(&line, STR(",\"error\":"));
        buffer_append_json(&line, str_of(part->error.text));
        buffer_append_str(&line, STR("}"));
    }
    puts(line.data);
    buffer_clear(&line);
    buffer_reset(&probe->body);
}

static bool read_all(struct probe *probe, struct s3 *s3, struct str prefix, struct str after,
                     struct error *error)
{
    struct s3_part part;
    probe->stream = s3_stream_new(s3, PARTS);
    bool fine = s3_list(s3, prefix, after, add, probe, error);
    while (s3_stream_next(probe->stream, &part)) {
        buffer_append_str(&probe->body, part.bytes);
        if (part.last)
            print_object(probe, &part);
    }
    s3_stream_free(probe->stream);
    return fine;
}

int main(int argc, char **argv)
{
    static struct probe probe;
    struct error error = {0};
    struct str prefix;
    char bucket[S3_BUCKET_BYTES], region[REGION_BYTES];
    bool fine = argc > 1 && s3_parse_uri(argv[1], bucket, &prefix, &error) &&
                region_find(NULL, NULL, region, &error);
    struct http *http = http_new();
    struct keyring *keyring = fine ? keyring_open(&(struct keyring_options){0}, &error) : NULL;
    const struct s3_options options = {.http = http, .keyring = keyring, .region = region};
    struct s3 *s3 = keyring ? s3_open(&options, bucket, &error) : NULL;
    fine = s3 && read_all(&probe, s3, prefix, str_of(argc > 2 ? argv[2] : ""), &error);
    s3_close(s3);
    keyring_close(keyring);
    http_free(http);
    for (size_t i = 0; i < probe.count; i++)
        free(probe.keys[i]);
    buffer_clear(&probe.body);
    if (!fine)
        fprintf(stderr, "%s\n", error.text);
    return fine ? 0 : 1;
}
