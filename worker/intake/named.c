/* named: values that people give for names: ENDPOINT=MODEL, STRATUM=PROBABILITY. */
#include "worker/intake/named.h"

#include <stdio.h>

enum { NAME_BYTES = 1100 }; /* two names of 512 bytes and the slash */

bool named_check(const struct named *named, const char *option, struct problems *problems)
{
    size_t before = problems->total;
    for (size_t i = 0; i < named->count; i++) {
        const char *equals = strrchr(named->pairs[i], '=');
        if (!equals || equals == named->pairs[i] || !equals[1])
            problems_add(problems, "", "%s must be ENDPOINT=NAME, not %.100s", option,
                         named->pairs[i]);
    }
    return problems->total == before;
}

struct str named_find(const struct named *named, struct str name)
{
    for (size_t i = named->count; i-- > 0;) {
        const char *equals = strrchr(named->pairs[i], '=');
        if (equals && str_equal((struct str){named->pairs[i], (size_t)(equals - named->pairs[i])},
                                name))
            return str_of(equals + 1);
    }
    return (struct str){0};
}

struct str named_of_endpoint(const struct named *named, struct str endpoint, struct str variant)
{
    char whole[NAME_BYTES];
    int size = snprintf(whole, sizeof whole, "%.*s/%.*s", STR_ARGS(endpoint), STR_ARGS(variant));
    struct str found = {0};
    if (size > 0 && (size_t)size < sizeof whole)
        found = named_find(named, str_of(whole));
    return found.data ? found : named_find(named, endpoint);
}
