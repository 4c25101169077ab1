/* vectors: takes test vectors out of their file and compares them.
 *
 * Every number of the file has to be used: what is taken is removed from its object, and what is
 * left over after a group's function, other than texts, is a failure. */
#ifndef TESTS_STATS_VECTORS_H
#define TESTS_STATS_VECTORS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "worker/stats/interval.h"
#include "worker/stats/score_bins.h"

/* One group: its object, named as in the file. */
typedef void vectors_group(json_t *group);

struct vectors_entry {
    const char *name;
    vectors_group *check;
};

/* Tables of the files vectors_*.c, each ended by a name of NULL. */
extern const struct vectors_entry VECTORS_ARITHMETIC[], VECTORS_WINDOWS[], VECTORS_RATES[],
    VECTORS_EVIDENCE[], VECTORS_ALARMS[], VECTORS_SAMPLES[];

/* Absolute or relative; the second for what a root search finds. */
#define VECTORS_TOLERANCE 1e-8
#define VECTORS_ROOT_TOLERANCE 1e-6

/* Runs a group, and fails on what it left unused. */
void vectors_run(const struct vectors_entry *entry, json_t *group);

/* Removes a value from its object; borrowed until the group ends. Fails when there is none. */
json_t *vectors_take(json_t *object, const char *key);
/* The same of an object all of whose members the caller walks: they count as used. */
json_t *vectors_members(json_t *object, const char *key);
double vectors_number(json_t *object, const char *key);
bool vectors_bool(json_t *object, const char *key);
void vectors_expect_null(json_t *object, const char *key);
/* A list of numbers; returns how many, at most `room`. */
size_t vectors_numbers(json_t *object, const char *key, double *out, size_t room);
/* The numbers in a row of a list of lists. */
double vectors_cell(const json_t *row, size_t index);
/* Takes a value that is not compared, for the reason given. */
void vectors_leave(json_t *object, const char *key, const char *reason);

/* Compare. `where` is printed when they differ. */
void vectors_close(const char *where, double actual, double expected, double tolerance);
/* Relative only (and 1e-15 for an expected 0): for tails. */
void vectors_relative(const char *where, double actual, double expected);
void vectors_expect(json_t *object, const char *key, double actual);
void vectors_expect_root(json_t *object, const char *key, double actual);
void vectors_expect_interval(json_t *object, const char *key, struct interval actual);
void vectors_expect_root_interval(json_t *object, const char *key, struct interval actual);
void vectors_expect_numbers(json_t *object, const char *key, const double *actual, size_t count);

/* `n` scores q / 1000, q the largest of `k` draws below 1001, drawn in order from `seed`. */
void vectors_scores(uint64_t seed, size_t n, unsigned k, double *out);
/* The same as a histogram. */
void vectors_bins(uint64_t seed, size_t n, unsigned k, struct score_bins *out);
/* The windows that most groups compare: seeds 1, 2, 3 (same: no drift). */
void vectors_base(struct score_bins *out);
void vectors_current(struct score_bins *out);
void vectors_same(struct score_bins *out);

/* The histogram of a few numbers, each times `scale` = bin. */
void vectors_small_bins(const double *values, size_t count, double scale, struct score_bins *out);

#endif
