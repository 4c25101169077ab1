/* error: what went wrong, as a value: a kind that says what to do, a sentence that says why. */
#ifndef ASSAY_BASE_ERROR_H
#define ASSAY_BASE_ERROR_H

#include <stdbool.h>

/* The kind says what the caller does next, not where it happened. */
enum error_kind {
    ERROR_NONE = 0,
    ERROR_INPUT,     /* the input is bad: set it aside, go on */
    ERROR_TRANSIENT, /* may work later: retry */
    ERROR_FATAL,     /* cannot go on: stop */
};

enum { ERROR_TEXT_MAX = 512 };

struct error {
    enum error_kind kind;
    char text[ERROR_TEXT_MAX]; /* one sentence: what, where, what to do; never text of a sample */
};

/* Sets the first cause; a later call changes nothing. `error` may be NULL. Always returns false,
 * so that a failing function can say `return error_set(error, ERROR_INPUT, "...")`. */
bool error_set(struct error *error, enum error_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds context in front: "rubric safety: " + text. Nothing when no error is set. Returns false. */
bool error_prefix(struct error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void error_clear(struct error *error);

#endif
