/* check: one thing that can be wrong with the form of a response. */
#ifndef ASSAY_CHECK_H
#define ASSAY_CHECK_H

#include <stddef.h>
#include <stdint.h>
#include "schema/base/arena.h"
#include "schema/sample.h"
#include "evaluators/formats/script.h"

enum { CHECK_WINDOW_BYTES = 128 << 10 }; /* of a text, where a check looks at a part of it */

struct check_options {
    int64_t min, max;      /* length: code points, inclusive */
    double repeated_share; /* repetition: of four-word runs that stood before, (0,1] */
    double echoed_share;   /* echo: of the response's words in one run of the prompt, (0,1] */
    enum script script;    /* script: the one expected; SCRIPT_NONE: the prompt's */
    double script_share;   /* script: of the letters that must be in it, (0,1] */
    bool fenced;           /* json: a single code fence around it is fine */
};

enum check_result {
    CHECK_FINE,
    CHECK_BROKEN,
    CHECK_UNKNOWN, /* the sample does not hold what the check needs */
};

/* *out_reason is set, to a static code, unless the check is fine. Time grows with the response's
 * bytes, memory comes from the arena. */
typedef enum check_result check_function(const struct check_options *options,
                                         const struct sample *sample, struct arena *arena,
                                         const char **out_reason);

check_function check_echo, check_json, check_markdown, check_repetition, check_script;

/* At most CHECK_WINDOW_BYTES of the beginning, or of the end; no character is cut. */
struct str check_head(struct str text);
struct str check_tail(struct str text);

/* A hash of each word (words.h); *out_hashes is in the arena. Returns how many. */
size_t check_words(struct str text, struct arena *arena, uint64_t **out_hashes);

#endif
