/* extract: the final answer in a response. */
#ifndef ASSAY_EXTRACT_H
#define ASSAY_EXTRACT_H

#include <stdbool.h>
#include "schema/base/arena.h"
#include "schema/base/str.h"

/* Where a mark occurs several times, the last one counts: models correct themselves. */
enum extract {
    EXTRACT_NONE,          /* the whole response as it is */
    EXTRACT_FINAL_ANSWER,  /* the first of the marks below that is there, else the whole response;
                              but a response that is a JSON object answers in its field or not
                            */
    EXTRACT_JSON_FIELD,    /* the value of "field" (default "answer") */
    EXTRACT_HASH_MARKS,    /* #### 42 */
    EXTRACT_BOXED,         /* \boxed{42} */
    EXTRACT_THE_ANSWER_IS, /* the answer is 42. */
    EXTRACT_ANSWER_LINE,   /* a line "A: 42", "Answer: 42" or "Final answer: 42" */
    EXTRACT_LAST_NUMBER,   /* the last number of the response */
    EXTRACT_LAST_YES_NO,   /* the last word "yes" or "no", in any case */
    EXTRACT_JSON,          /* the first JSON object or list */
};

/* The words of a rubric, in the order of the enum; NULL-terminated. */
extern const char *const EXTRACT_WORDS[];
/* `word` must be one of them. */
enum extract extract_of(const char *word);

struct extracted {
    struct str text; /* trimmed and not empty, but for `none`; in the response or in the arena */
    bool marked;     /* something in the response said that this is the answer */
};

/* False when the response holds no such answer. `field` names a field of a JSON object. */
bool extract_answer(enum extract extract, const char *field, struct str response,
                    struct arena *arena, struct extracted *out);

#endif
