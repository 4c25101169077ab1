/* keyring: credentials that stay fresh: one refresher thread, many readers, no locks. */
#include "worker/aws/keyring.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include "schema/base/clock.h"
#include "schema/base/hash.h"
#include "schema/base/memory.h"

enum {
    ADVISORY_MS = 15 * 60 * 1000,
    MANDATORY_MS = 10 * 60 * 1000,
    RETRY_MS_MIN = 5000,
    RETRY_MS_MAX = 60000,
    LOOK_MS_MAX = 1000,  /* between looks at the wall clock, which may jump, and at renewals */
    SNAPSHOTS_KEPT = 64, /* before the oldest is freed: at RETRY_MS_MIN each, minutes */
};

struct keyring {
    struct keyring_options options;
    _Atomic(struct credentials *) current;
    struct credentials *kept[SNAPSHOTS_KEPT]; /* all that were published, in a ring */
    uint64_t published;
    const struct credential_provider *provider; /* the one that had them: asked again, alone */
    atomic_bool renew, stop;
    atomic_uint_fast64_t refreshes, failures;
    struct http *http;
    pthread_t thread;
    bool has_thread;
};

static void publish(struct keyring *keyring, const struct credentials *fetched)
{
    struct credentials *snapshot = memory_new(1, sizeof *snapshot);
    *snapshot = *fetched;
    struct credentials **place = &keyring->kept[keyring->published++ % SNAPSHOTS_KEPT];
    if (*place)
        credentials_clear(*place);
    free(*place);
    *place = snapshot;
    atomic_store(&keyring->current, snapshot);
}

static bool refresh(struct keyring *keyring)
{
    struct credentials fetched = {.source = keyring->provider->name};
    struct error error = {0};
    if (keyring->provider->fetch(&keyring->options.credentials, keyring->http, &fetched, &error) !=
        CREDENTIALS_FOUND) {
        credentials_clear(&fetched);
        atomic_fetch_add(&keyring->failures, 1);
        return false;
    }
    publish(keyring, &fetched);
    atomic_fetch_add(&keyring->refreshes, 1);
    return true;
}

/* `base` times a random factor between 1/2 and 1, so that a fleet does not ask in step. */
static int64_t jitter(int64_t base)
{
    uint32_t random;
    hash_random((uint8_t *)&random, sizeof random);
    return base / 2 + (int64_t)(random % ((uint64_t)base / 2 + 1));
}

static int64_t left_ms(const struct keyring *keyring)
{
    const struct credentials *current = atomic_load(&keyring->current);
    return current->expires_at_ms ? current->expires_at_ms - clock_wall_ms() : INT64_MAX;
}

static void *keep_fresh(void *owner)
{
    struct keyring *keyring = owner;
    const struct keyring_options *options = &keyring->options;
    int64_t wait_ms = options->retry_ms_min, not_before_ms = 0;
    while (!atomic_load(&keyring->stop)) {
        http_pause(keyring->http,
                   options->retry_ms_min < LOOK_MS_MAX ? options->retry_ms_min : LOOK_MS_MAX);
        int64_t left = left_ms(keyring), now_ms = clock_steady_ms();
        bool due = left < options->advisory_ms || atomic_load(&keyring->renew);
        if (!due || now_ms < not_before_ms || atomic_load(&keyring->stop))
            continue;
        atomic_store(&keyring->renew, false);
        if (refresh(keyring)) {
            wait_ms = options->retry_ms_min;
        } else {
            wait_ms = wait_ms * 2 < RETRY_MS_MAX ? wait_ms * 2 : RETRY_MS_MAX;
            if (left < options->mandatory_ms)
                wait_ms = options->retry_ms_min;
        }
        not_before_ms = now_ms + jitter(wait_ms);
    }
    return NULL;
}

/* Signals are the main thread's. */
static void start_thread(struct keyring *keyring)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    keyring->has_thread = pthread_create(&keyring->thread, NULL, keep_fresh, keyring) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!keyring->has_thread)
        abort();
    pthread_setname_np(keyring->thread, "keyring");
}

static const struct credential_provider *provider_named(const char *name)
{
    size_t i = 0;
    while (strcmp(CREDENTIAL_PROVIDERS[i]->name, name) != 0)
        i++;
    return CREDENTIAL_PROVIDERS[i];
}

static void fill_options(struct keyring_options *out, const struct keyring_options *options)
{
    const struct credential_options *from = &options->credentials;
    *out = *options;
    out->credentials.profile = from->profile ? memory_copy_string(from->profile) : NULL;
    out->credentials.region = from->region ? memory_copy_string(from->region) : NULL;
    if (!out->advisory_ms)
        out->advisory_ms = ADVISORY_MS;
    if (!out->mandatory_ms)
        out->mandatory_ms = MANDATORY_MS;
    if (!out->retry_ms_min)
        out->retry_ms_min = RETRY_MS_MIN;
}

struct keyring *keyring_open(const struct keyring_options *options, struct error *error)
{
    struct keyring *keyring = memory_new(1, sizeof *keyring);
    struct credentials fetched = {0};
    fill_options(&keyring->options, options);
    keyring->http = http_new();
    if (!credentials_fetch(&keyring->options.credentials, keyring->http, &fetched, error)) {
        keyring_close(keyring);
        return NULL;
    }
    keyring->provider = provider_named(fetched.source);
    publish(keyring, &fetched);
    if (fetched.expires_at_ms)
        start_thread(keyring);
    return keyring;
}

struct keyring *keyring_fixed(const char *key, const char *secret, const char *token)
{
    struct keyring *keyring = memory_new(1, sizeof *keyring);
    struct credentials fixed = {
        .access_key_id = memory_copy_string(key),
        .secret_access_key = memory_copy_string(secret),
        .session_token = token ? memory_copy_string(token) : NULL,
        .source = "fixed",
    };
    publish(keyring, &fixed);
    return keyring;
}

void keyring_close(struct keyring *keyring)
{
    if (!keyring)
        return;
    if (keyring->has_thread) {
        atomic_store(&keyring->stop, true);
        http_interrupt(keyring->http);
        pthread_join(keyring->thread, NULL);
    }
    for (size_t i = 0; i < SNAPSHOTS_KEPT; i++)
        if (keyring->kept[i]) {
            credentials_clear(keyring->kept[i]);
            free(keyring->kept[i]);
        }
    http_free(keyring->http);
    free((char *)keyring->options.credentials.profile);
    free((char *)keyring->options.credentials.region);
    free(keyring);
}

const struct credentials *keyring_current(const struct keyring *keyring)
{
    const struct credentials *current = atomic_load(&keyring->current);
    bool expired = current->expires_at_ms && current->expires_at_ms <= clock_wall_ms();
    return expired ? NULL : current;
}

void keyring_renew(struct keyring *keyring, const char *seen_key_id)
{
    const struct credentials *current = atomic_load(&keyring->current);
    if (strcmp(current->access_key_id, seen_key_id) == 0)
        atomic_store(&keyring->renew, true); /* seen within LOOK_MS_MAX */
}

void keyring_status(const struct keyring *keyring, struct keyring_status *out)
{
    out->refreshes = atomic_load(&keyring->refreshes);
    out->failures = atomic_load(&keyring->failures);
}
