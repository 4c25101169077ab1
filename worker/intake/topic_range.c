/* topic_range: offsets of a partition, as people write them. */
#include "worker/intake/topic_range.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Digits only; none: `missing`. */
static bool read_number(const char **at, int64_t missing, int64_t *out)
{
    char *end = NULL;
    *out = missing;
    if (!isdigit((unsigned char)**at))
        return true;
    errno = 0;
    *out = strtoll(*at, &end, 10);
    *at = end;
    return errno == 0;
}

bool topic_range_parse(const char *text, struct topic_range *out, struct error *error)
{
    const char *at = text;
    int64_t partition;
    bool fine = read_number(&at, -1, &partition) && partition >= 0 && partition <= INT32_MAX &&
                *at++ == ':' && read_number(&at, 0, &out->from) && strncmp(at, "..", 2) == 0;
    at += fine ? 2 : 0;
    fine = fine && read_number(&at, INT64_MAX, &out->to) && *at == 0 && out->from < out->to;
    out->partition = (int32_t)partition;
    return fine || error_set(error, ERROR_INPUT,
                             "--offsets \"%.80s\": give PARTITION:FROM..TO, TO behind the last one "
                             "that is wanted; FROM or TO may be left out",
                             text);
}
