/* shard: what the files of this room share of an open store. Not for others. */
#ifndef ASSAY_SHARD_H
#define ASSAY_SHARD_H

#include "schema/base/hash.h"
#include "worker/store/db.h"
#include "worker/store/segment.h"
#include "worker/store/store.h"
#include "worker/store/totals.h"

enum { LIVE_RUN = 1, WORDS_MAX = 4096, RUBRICS_KNOWN_MAX = 64 };

/* A word and its row, remembered. */
struct word {
    char *text;
    size_t size;
    int64_t id;
};

/* Row ids of a rubric's criteria, the composite last. */
struct known_rubric {
    char hash[SHA256_HEX_BYTES];
    int64_t criteria[RUBRIC_CRITERIA_MAX + 1];
};

struct store {
    struct db *db;
    char *path;
    int lock; /* descriptor of the lock file */
    char shard[SHARD_UUID_BYTES];
    uint8_t key[SIPHASH_KEY_BYTES]; /* of sample hashes, from the store's key file */
    int64_t run;                    /* row of the run of what names none: live, or a rerun's */
    int64_t references;             /* row of the run of this name; 0: not looked up, or none */
    enum text_policy text;
    double text_share;
    struct str (*mask)(void *owner, struct str text, struct arena *arena);
    void *mask_owner;
    char **models;
    size_t model_count;
    struct segments segments;
    bool unpublished; /* as in store_config */
    struct totals_box *totals_box; /* as in store_config */
    struct totals totals;
    bool totals_changed;   /* since they were offered */
    int64_t totals_due_ms; /* steady clock: not offered before */
    struct word words[WORDS_MAX]; /* open addressing */
    size_t word_count;
    struct known_rubric rubrics[RUBRICS_KNOWN_MAX];
    size_t rubric_count;
};

/* Makes the store's folder (0700) unless it is there. */
bool shard_make_folder(const char *dir, struct error *error);
/* The row of a run, made when the first record of it comes: in a transaction. */
int64_t shard_run(struct store *store, enum sample_run run);
/* The row of the run `references`; 0: no record of it ever came. */
int64_t shard_references(struct store *store);
/* The row of a word; 0 binds as unknown. */
int64_t shard_word(struct store *store, struct str text);
/* The text of a delivery, when the policy keeps it. */
void shard_text(struct store *store, const struct delivery *delivery);
/* Makes add_bins(a, b) of two histograms known to SQL (hours.c). */
void shard_teach_bins(struct db *db);
/* What models answered about a delivery, likewise. */
void shard_answers(struct store *store, const struct delivery *delivery);
/* Counts all rows of a source from `from` up to `to`, in a transaction. */
void shard_fold(struct store *store, int64_t source, int64_t from, int64_t to);
const struct known_rubric *shard_rubric(struct store *store, const struct rubric *rubric);
/* After a rollback: rows that were made in it are gone. */
void shard_forget(struct store *store);

#endif
