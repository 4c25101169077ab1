/* object_key: what the name of a capture object tells: endpoint, variant, hour. */
#include "worker/intake/object_key.h"

#include <time.h>

enum { PARTS = 7 }; /* endpoint, variant, yyyy, mm, dd, hh, file */

static bool read_number(struct str text, size_t digits, int min, int max, int *out)
{
    *out = 0;
    if (text.size != digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        *out = *out * 10 + text.data[i] - '0';
    }
    return *out >= min && *out <= max;
}

/* Takes what stands behind the last slash off. */
static struct str take_last(struct str *name)
{
    size_t at = name->size;
    while (at > 0 && name->data[at - 1] != '/')
        at--;
    struct str part = {name->data + at, name->size - at};
    name->size = at > 0 ? at - 1 : 0;
    return part;
}

bool object_key_read(struct str name, struct object_key *out)
{
    struct str parts[PARTS];
    *out = (struct object_key){0};
    for (size_t i = PARTS; i-- > 0;)
        parts[i] = take_last(&name);
    struct tm hour = {0};
    if (parts[0].size == 0 || parts[1].size == 0 ||
        !read_number(parts[2], 4, 2000, 2099, &hour.tm_year) ||
        !read_number(parts[3], 2, 1, 12, &hour.tm_mon) ||
        !read_number(parts[4], 2, 1, 31, &hour.tm_mday) ||
        !read_number(parts[5], 2, 0, 23, &hour.tm_hour))
        return false;
    hour.tm_year -= 1900;
    hour.tm_mon--;
    *out = (struct object_key){
        .endpoint = parts[0], .variant = parts[1], .hour_ms = (int64_t)timegm(&hour) * 1000};
    return true;
}

static bool take_suffix(struct str *name, const char *suffix)
{
    size_t size = strlen(suffix);
    if (name->size <= size || memcmp(name->data + name->size - size, suffix, size) != 0)
        return false;
    name->size -= size;
    return true;
}

bool object_key_is_lines(struct str name)
{
    struct str file = take_last(&name);
    if (file.size == 0 || file.data[0] == '.')
        return false;
    if (!take_suffix(&file, ".gz"))
        take_suffix(&file, ".zst");
    return take_suffix(&file, ".jsonl") || take_suffix(&file, ".json") ||
           take_suffix(&file, ".ndjson");
}
