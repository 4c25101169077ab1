/* fold_probe STORE NOW_MS: adds cells of the store's first shard up to hours, as a lane does at
 * that time, until there is nothing more to add; prints how many hours it took. */
#include <stdio.h>
#include <stdlib.h>

#include "worker/store/store.h"

int main(int argc, char **argv)
{
    struct error error = {0};
    if (argc != 3)
        return 2;
    struct store *store = store_take(&(struct store_config){.dir = argv[1]}, &error);
    int64_t now_ms = strtoll(argv[2], NULL, 10), hours = 0;
    bool more = store != NULL;
    while (more && store_fold_hours(store, now_ms, &more, &error))
        hours += more;
    store_close(store);
    if (error.kind == ERROR_NONE)
        printf("%lld\n", (long long)hours);
    else
        fprintf(stderr, "fold_probe: %s\n", error.text);
    return error.kind == ERROR_NONE ? 0 : 3;
}
