/* remote: the shards that a worker serves. */
#include "worker/report/reading/remote.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "schema/base/clock.h"
#include "schema/base/json_read.h"
#include "worker/net/http.h"

enum {
    URL_BYTES = 2048,
    NAME_BYTES = 32,
    TIMEOUT_MS = 60000,
    TRIES_MAX = 60, /* while the worker reads a shard for somebody else */
    BUSY_MS = 500,
    LIST_BYTES_MAX = 256 << 10,
    SHARD_BYTES_MAX = 1 << 30,
    STATUS_OK = 200,
    STATUS_NOT_FOUND = 404,
    STATUS_BUSY = 503,
};

bool remote_is_url(const char *store)
{
    return strncmp(store, "http://", 7) == 0 || strncmp(store, "https://", 8) == 0;
}

/* The first line of a page, up to what a terminal would act on. */
static int line_size(struct str body)
{
    int size = 0;
    while ((size_t)size < body.size && size < 200 && (unsigned char)body.data[size] >= ' ')
        size++;
    return size;
}

static bool get(struct http *http, const char *url, size_t bytes_max, struct http_reply *reply,
                struct error *error)
{
    const struct http_request request = {
        .method = "GET", .url = url, .timeout_ms = TIMEOUT_MS, .reply_bytes_max = bytes_max};
    for (int tries = 0; tries < TRIES_MAX; tries++) {
        if (!http_fetch(http, &request, reply))
            return error_set(error, ERROR_TRANSIENT, "%s: %s", url,
                             http_failure_name(reply->failure));
        if (reply->status != STATUS_BUSY)
            break;
        http_pause(http, BUSY_MS);
    }
    return reply->status == STATUS_OK ||
           error_set(error, ERROR_INPUT, "%s: status %ld: %.*s", url, reply->status,
                     line_size(reply->body), reply->body.data);
}

/* A page of the worker: the URL of its root, with or without a slash, and a path. */
static bool page_url(const char *url, const char *path, char out[URL_BYTES], struct error *error)
{
    size_t size = strlen(url), slash = size > 0 && url[size - 1] == '/';
    int length = snprintf(out, URL_BYTES, "%.*s%s", (int)(size - slash), url, path);
    return (length >= 0 && length < URL_BYTES) ||
           error_set(error, ERROR_INPUT, "%.80s...: too long", url);
}

static json_t *get_list(struct http *http, const char *url, struct error *error)
{
    struct http_reply reply;
    if (!get(http, url, LIST_BYTES_MAX, &reply, error))
        return NULL;
    struct error why = {0};
    json_t *page = json_read(reply.body, &JSON_LIMITS_REPLY, &why);
    if (page && json_is_array(json_object_get(page, "shards")))
        return page;
    json_decref(page);
    error_set(error, ERROR_INPUT,
              "%s is no list of shards: is it where a worker listens (assay run --listen)?", url);
    return NULL;
}

/* It becomes part of a URL. */
static bool is_shard_name(const char *name)
{
    int number, end = 0;
    return name && strlen(name) < NAME_BYTES &&
           sscanf(name, "shard-%4d.db%n", &number, &end) == 1 && end > 0 && !name[end];
}

struct asking {
    struct http *http;
    const char *shards; /* URL of the list */
    int64_t from_ms, to_ms;
    void (*take)(void *owner, struct db *shard, const char *name);
    void *owner;
};

static bool take_shard(const struct asking *asking, const char *name, struct error *error)
{
    char url[URL_BYTES + 128];
    struct http_reply reply;
    if (!is_shard_name(name))
        return error_set(error, ERROR_INPUT, "%s names \"%.40s\", which is no shard",
                         asking->shards, name ? name : "");
    snprintf(url, sizeof url, "%s/%s?from=%" PRId64 "&to=%" PRId64, asking->shards, name,
             asking->from_ms, asking->to_ms);
    if (!get(asking->http, url, SHARD_BYTES_MAX, &reply, error))
        return false;
    *strchr(url, '?') = '\0';
    struct db *shard = db_open_image(url, reply.body, error);
    if (shard)
        asking->take(asking->owner, shard, url);
    return shard != NULL;
}

bool remote_each(const char *url, int64_t from_ms, int64_t to_ms,
                 void (*take)(void *owner, struct db *shard, const char *name), void *owner,
                 struct error *error)
{
    char shards[URL_BYTES];
    if (!page_url(url, "/shards", shards, error))
        return false;
    struct http *http = http_new();
    struct asking asking = {http, shards, from_ms, to_ms, take, owner};
    json_t *page = get_list(http, shards, error), *one;
    bool fine = page != NULL;
    size_t i;
    json_array_foreach(json_object_get(page, "shards"), i, one)
        fine = fine && take_shard(&asking, json_string_value(one), error);
    json_decref(page);
    http_free(http);
    return fine;
}

static struct str text_of(const json_t *object, const char *name)
{
    const json_t *text = json_object_get(object, name);
    return json_is_string(text) ? (struct str){json_string_value(text), json_string_length(text)}
                                : STR("");
}

/* False: the page is none of marks. */
static bool take_marks(struct str page, void (*take)(void *owner, const struct mark *mark),
                       void *owner)
{
    struct error why = {0};
    json_t *root = json_read(page, &JSON_LIMITS_REPLY, &why), *one;
    json_t *marks = json_object_get(root, "marks");
    bool fine = json_is_array(marks);
    size_t i;
    json_array_foreach(marks, i, one)
    {
        struct mark mark = {.model = text_of(one, "model"), .text = text_of(one, "text")};
        if (mark.text.size > 0 && clock_parse_rfc3339(text_of(one, "time"), &mark.at_ms))
            take(owner, &mark);
    }
    json_decref(root);
    return fine;
}

bool remote_marks_each(const char *url, void (*take)(void *owner, const struct mark *mark),
                       void *owner, struct error *error)
{
    char page[URL_BYTES];
    struct http_reply reply = {0};
    if (!page_url(url, "/marks", page, error))
        return false;
    struct http *http = http_new();
    bool fine = get(http, page, LIST_BYTES_MAX, &reply, error);
    if (fine)
        fine = take_marks(reply.body, take, owner) ||
               error_set(error, ERROR_INPUT, "%s is no list of marks", page);
    else if (reply.status == STATUS_NOT_FOUND)
        fine = true;
    http_free(http);
    return fine;
}
