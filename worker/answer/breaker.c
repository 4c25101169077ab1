/* breaker: stops asking an endpoint that mostly fails, and lets one call through to see. */
#include "worker/answer/breaker.h"

#include <string.h>

enum { SLOT_MS = BREAKER_WINDOW_MS / BREAKER_SLOTS };

bool breaker_allows(struct breaker *breaker, int64_t now_ms)
{
    if (breaker->open_ms == 0)
        return true;
    if (breaker->probing || now_ms < breaker->open_until_ms)
        return false;
    breaker->probing = true;
    return true;
}

static void open_for(struct breaker *breaker, int64_t now_ms, int64_t open_ms)
{
    breaker->open_ms = open_ms < BREAKER_OPEN_MS_MAX ? open_ms : BREAKER_OPEN_MS_MAX;
    breaker->open_until_ms = now_ms + breaker->open_ms;
    memset(breaker->slots, 0, sizeof breaker->slots);
}

static bool mostly_fails(const struct breaker *breaker, int64_t slot)
{
    uint32_t ended = 0, failed = 0;
    for (int i = 0; i < BREAKER_SLOTS; i++) {
        if (breaker->slots[i].slot <= slot - BREAKER_SLOTS)
            continue;
        ended += breaker->slots[i].ended;
        failed += breaker->slots[i].failed;
    }
    return ended >= BREAKER_CALLS_MIN && 2 * failed >= ended;
}

static void count(struct breaker *breaker, int64_t slot, bool failed)
{
    int index = (int)(slot % BREAKER_SLOTS);
    if (breaker->slots[index].slot != slot) {
        breaker->slots[index].slot = slot;
        breaker->slots[index].ended = breaker->slots[index].failed = 0;
    }
    breaker->slots[index].ended++;
    breaker->slots[index].failed += failed;
}

void breaker_ended(struct breaker *breaker, int64_t now_ms, bool failed)
{
    if (breaker->open_ms > 0) {
        if (!breaker->probing)
            return; /* a call from before it opened: the probe decides */
        breaker->probing = false;
        if (failed)
            open_for(breaker, now_ms, breaker->open_ms * 2);
        else
            breaker->open_ms = 0;
        return;
    }
    int64_t slot = now_ms / SLOT_MS;
    count(breaker, slot, failed);
    if (mostly_fails(breaker, slot))
        open_for(breaker, now_ms, BREAKER_OPEN_MS);
}

void breaker_forget(struct breaker *breaker)
{
    breaker->probing = false;
}

int64_t breaker_wait_ms(const struct breaker *breaker, int64_t now_ms)
{
    if (breaker->open_ms == 0)
        return 0;
    if (breaker->probing)
        return -1;
    return now_ms < breaker->open_until_ms ? breaker->open_until_ms - now_ms : 0;
}
