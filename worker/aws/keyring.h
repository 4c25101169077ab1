/* keyring: credentials that stay fresh: one refresher thread, many readers, no locks.
 *
 * Fetching blocks (files, STS, IMDS), and lanes must not. So a process has one keyring; its thread
 * fetches ahead of time and publishes each result as an immutable snapshot behind an atomic
 * pointer, which lanes read at every signing. A replaced snapshot is kept for a while and then
 * freed: nobody may hold one longer than it takes to sign a request. Keys that never expire need no
 * thread.
 *
 * A refresh is first tried 15 minutes before the keys end (advisory: a failure is only counted),
 * from 10 minutes before more often; while the old keys are valid they are used. */
#ifndef ASSAY_KEYRING_H
#define ASSAY_KEYRING_H

#include <stdbool.h>
#include <stdint.h>
#include "worker/aws/credentials.h"

struct keyring;

struct keyring_options {
    struct credential_options credentials; /* strings are copied */
    /* 0: the usual; tests shorten them. */
    int64_t advisory_ms;  /* before the end: 15 min */
    int64_t mandatory_ms; /* before the end: 10 min */
    int64_t retry_ms_min; /* between tries: 5 s, growing to a minute, with jitter */
};

/* Fetches once, in this thread, for up to some seconds. NULL with `error` (FATAL: nothing is
 * configured, or wrongly; TRANSIENT: may work later). */
struct keyring *keyring_open(const struct keyring_options *options, struct error *error);
/* Given keys, which never change: for tests and for requests that need no account. Copies. */
struct keyring *keyring_fixed(const char *key, const char *secret, const char *token);
/* Ends the thread, also in the middle of a fetch. No snapshot may be used afterwards. */
void keyring_close(struct keyring *keyring);

/* The keys to sign with now, from any thread, without waiting; to be used at once and not kept.
 * NULL when they have expired and no new ones came: a transient failure of the caller's. */
const struct credentials *keyring_current(const struct keyring *keyring);

/* A service said that the keys have expired or are unknown: fetch new ones soon. `seen_key_id` is
 * the access key id that it refused; nothing happens when that has been replaced meanwhile. From
 * any thread. */
void keyring_renew(struct keyring *keyring, const char *seen_key_id);

struct keyring_status {
    uint64_t refreshes, failures; /* since keyring_open */
};
void keyring_status(const struct keyring *keyring, struct keyring_status *out);

#endif
