/* pattern: one regular expression, compiled, and the limits it is run under. */
#ifndef ASSAY_PATTERN_H
#define ASSAY_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include "schema/base/error.h"
#include "schema/base/str.h"

enum {
    PATTERN_BYTES_MAX = 8192,     /* of its source */
    PATTERN_LOOKBEHIND_MAX = 255, /* characters: what a chunk's overlap can hold */
    PATTERN_SUBJECT_BYTES_MAX = 72 << 10, /* what one search is given */
    PATTERN_STEPS_MAX = 100000,   /* PCRE2's match limit: 0.75 to 3 ms per starting place */
    PATTERN_DEPTH_MAX = 1000,     /* nested backtracking points, interpreter only */
    PATTERN_HEAP_KIB_MAX = 20480,
    PATTERN_JIT_STACK_BYTES = 512 << 10, /* fixed: growing ones had a bug, the default is 32 KiB */
};

enum pattern_flag {
    PATTERN_CASELESS = 1,
    PATTERN_MULTILINE = 2, /* ^ and $ at every line */
    PATTERN_DOTALL = 4,    /* . matches a line feed too */
    PATTERN_EXTENDED = 8,  /* white space and # comments in the pattern are ignored */
    PATTERN_MAY_BE_EMPTY = 16, /* it may match an empty text, which a rule's may not */
};

/* Read-only after pattern_compile, shared by threads. */
struct pattern;
/* Match data and JIT stack of one thread. */
struct pattern_scratch;

struct span {
    size_t start, end; /* bytes, end exclusive */
};

/* The expression is PCRE2's, over UTF-8, with \d \w \s and \b in ASCII. NULL and `error` (INPUT)
 * when it does not compile, can match an empty text unless it may, is too long, or starts with an
 * option such as (*LIMIT_MATCH=...) or (*NO_JIT). */
struct pattern *pattern_compile(struct str source, unsigned flags, struct error *error);
/* The same for pattern_count_steps: never as machine code, every place is tried. */
struct pattern *pattern_compile_counted(struct str source, unsigned flags, struct error *error);
void pattern_free(struct pattern *pattern);
/* Whether it runs as machine code. Back-references never do: caseless ones are wrong there before
 * PCRE2 10.45. */
bool pattern_is_compiled_to_code(const struct pattern *pattern);

struct pattern_scratch *pattern_scratch_new(void);
void pattern_scratch_free(struct pattern_scratch *scratch);
/* For checks that both engines agree: the interpreter from now on. */
void pattern_scratch_interpret(struct pattern_scratch *scratch, bool only_interpreter);

/* For checks: another limit than PATTERN_STEPS_MAX. */
void pattern_scratch_limit(struct pattern_scratch *scratch, unsigned steps_max);

enum pattern_result {
    PATTERN_NONE,
    PATTERN_FOUND,
    PATTERN_LIMIT, /* a limit was hit: nothing is known about the text */
};

struct pattern_match {
    struct span whole;
    struct span value; /* the first group named "value" that took part and is not empty, else the
                        * whole; several groups may have the name */
    const char *limit; /* PATTERN_LIMIT: which one, static */
};

/* The first match that starts at `from` or later; what stands before `from` is seen by lookbehinds
 * and \b. `subject` is valid UTF-8 and `from` the start of a character in it. `ends_here` false
 * says that the text goes on behind the subject, so that $ does not match there. */
enum pattern_result pattern_search(const struct pattern *pattern, struct str subject, size_t from,
                                   bool ends_here, struct pattern_scratch *scratch,
                                   struct pattern_match *out);

/* What finding every match in the subject costs: a step for each item of the pattern that is tried
 * at a place, and one for each byte that an item goes on by. Counted in PCRE2's interpreter by
 * callouts, so the same everywhere and at any load. The pattern is a counted one. False: more than
 * steps_max, or PATTERN_STEPS_MAX at one place; then *out_steps is where it stopped. */
bool pattern_count_steps(const struct pattern *pattern, struct str subject, size_t steps_max,
                         struct pattern_scratch *scratch, size_t *out_steps);

#endif
