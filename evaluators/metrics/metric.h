/* metric: one published way of comparing an answer with references. */
#ifndef ASSAY_METRIC_H
#define ASSAY_METRIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "schema/base/arena.h"
#include "schema/sample.h"
#include "evaluators/answers/extract.h"
#include "evaluators/answers/numbers.h"
#include "evaluators/answers/similarity.h"
#include "evaluators/answers/text.h"
#include "evaluators/answers/unicode.h"
#include "evaluators/metrics/json_schema.h"

/* What a rubric may say of a metric. Only what the metric takes is set. */
struct metric_options {
    const char *field;                    /* of a JSON answer */
    double tolerance, tolerance_absolute; /* negative: not given */
    const char *component;                /* "p", "r", "f"; NULL: f */
    int64_t word_order;                   /* of chrF: word n-grams beside those of characters */
    bool ignore_case, stemmer;
    enum unicode_form unicode; /* in which both sides are compared */
    bool any_script;           /* tokens are the words of any script (words.h) */
    const json_t *values;      /* texts to look for instead of references; NULL: none */
    const struct json_schema *json_schema;
};

/* One sample on its way through a metric. */
struct comparison {
    const struct metric *metric;
    const struct metric_options *options;
    const struct sample *sample;
    struct arena *arena;
    struct extracted answer;
    struct number number; /* of the answer; set by metric_read_number */
    json_t *json;         /* of the answer; set by metric_read_json, owned */
    const char *failure;  /* what `read` said of the answer: every value is then 0 */
    const char *limit;    /* set where nothing can be told, and that is an error */
    struct pattern_scratch *patterns;
    struct similarity similarity; /* its budget is for all references together */
};

/* How near the answer is. Of several references that with the highest rank counts. */
struct nearness {
    double value; /* in [0,1] */
    double rank;  /* the value; of a precision or recall, the F it belongs to where the published
                   * program chooses by it */
};

static inline struct nearness nearness_of(double value)
{
    return (struct nearness){value, value};
}

/* Each sets *out, or returns why the reference says nothing of this answer: a short code. */
typedef const char *compare_function(struct comparison *comparison, struct str reference,
                                     struct nearness *out);
typedef const char *compare_all_function(struct comparison *comparison,
                                         const struct str *references, size_t count,
                                         struct nearness *out);

enum metric_takes { /* options that mean something to a metric; any other is a mistake */
                    TAKES_COMPONENT = 1,
                    TAKES_TOLERANCE = 2,
                    TAKES_IGNORE_CASE = 4,
                    TAKES_STEMMER = 8,
                    TAKES_WORD_ORDER = 16,
                    TAKES_UNICODE = 32,
                    TAKES_TOKENIZER = 64,
                    TAKES_VALUES = 128, /* with them it needs no reference */
                    TAKES_SCHEMA = 256, /* required, and there is no reference */
};

struct metric {
    const char *name;
    /* Exactly one of both: with one reference (the best of several counts), or with all at once. */
    compare_function *compare;
    compare_all_function *compare_all;
    /* Optional, before any comparison: reads the answer once. NULL, or why it is worth nothing. */
    const char *(*read)(struct comparison *comparison);
    unsigned takes;        /* enum metric_takes */
    enum text_style style; /* of those that compare tokens */
    size_t n;              /* of ROUGE-N */
    enum { PART_F, PART_P, PART_R } part;
    enum extract extract; /* unless the options say otherwise */
};

extern const char METRIC_TOO_LONG[]; /* the code of what would stall a lane */

/* metric_text.c */
compare_function compare_exact, compare_includes, compare_levenshtein;
compare_all_function compare_contains_all, compare_contains_any;
/* metric_tokens.c */
compare_function compare_tokens_equal, compare_multiset, compare_set;
/* metric_rouge.c */
compare_function compare_rouge_n, compare_rouge_l, compare_rouge_lsum;
/* metric_bleu.c: all references at once, as BLEU is defined */
compare_all_function compare_bleu;
/* metric_chrf.c */
compare_function compare_chrf;
/* metric_number.c */
const char *metric_read_number(struct comparison *comparison);
compare_function compare_numeric, compare_choice;
/* metric_json.c */
const char *metric_read_json(struct comparison *comparison);
compare_function compare_json_match, compare_json_diff;
compare_all_function compare_json_schema;

/* What several of them share, in metric_tokens.c: the tokens of a text by the metric's own style or
 * as the options say, stemmed if so asked (false: too many), and the part of an overlap that the
 * metric and its options name. */
bool metric_tokenise(const struct comparison *comparison, struct str text, struct text_tokens *out);
struct nearness metric_part(const struct comparison *comparison, struct overlap overlap);

#endif
