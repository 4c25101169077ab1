/* page_shards: what reports of a fleet read, where there is no disk that all share. */
#include <string.h>
#include "worker/console/console_inside.h"
#include "worker/store/extract.h"
#include "worker/store/store.h"

static const char *file_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

unsigned page_shards(struct console *console, struct buffer *out)
{
    buffer_printf(out, "{\"schema\":%d,\"shards\":[", STORE_SCHEMA_VERSION);
    for (size_t i = 0; i < console->config.lane_count; i++) {
        buffer_append(out, ",", i > 0);
        buffer_append_json(out, str_of(file_of(console->config.shards[i])));
    }
    buffer_append_str(out, STR("]}\n"));
    return STATUS_OK;
}

unsigned page_shard(const struct console *console, const char *file, int64_t from_ms, int64_t to_ms,
                    struct buffer *out)
{
    for (size_t i = 0; i < console->config.lane_count; i++) {
        const char *path = console->config.shards[i];
        struct error error = {0};
        if (strcmp(file_of(path), file) != 0)
            continue;
        if (store_extract(path, from_ms, to_ms, out, &error))
            return STATUS_OK;
        buffer_clear(out);
        buffer_printf(out, "%s\n", error.text);
        return STATUS_FAILED;
    }
    buffer_append_str(out, STR("no such shard; /shards lists those there are\n"));
    return STATUS_NOT_FOUND;
}
