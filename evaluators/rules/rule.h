/* rule: one pattern with what makes a match of it count. */
#ifndef ASSAY_RULE_H
#define ASSAY_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "schema/base/problems.h"
#include "evaluators/rules/pattern.h"
#include "evaluators/rules/validators.h"

enum rule_where { RULE_REQUEST = 1, RULE_RESPONSE = 2, RULE_BOTH = 3 };
enum rule_severity { RULE_LOW, RULE_MEDIUM, RULE_HIGH, RULE_CRITICAL };

struct rule_text;

/* Read-only after rule_compile; owns everything it points to. */
struct rule {
    char *id, *entity;
    char *pack;           /* NULL: written in the rubric itself */
    int64_t pack_version; /* 0 without a pack */
    unsigned where;       /* enum rule_where */
    enum rule_severity severity;
    struct pattern *pattern;
    bool has_keywords; /* then only texts with one of them are looked at */
    struct validator *validators;
    size_t validator_count;
    char **words; /* lower case; near the match */
    size_t word_count;
    size_t within; /* code points */
    bool words_required;
    struct pattern **allow; /* a found text that one of them matches does not count */
    size_t allow_count;
    char **stop; /* nor one that contains one of these, without case */
    size_t stop_count;
};

/* What the patterns of a set of rules are tried with, one after another. */
struct rule_trials {
    struct pattern_scratch *scratch;
    size_t steps_left; /* of TRIAL_STEPS_OF_SET */
};

/* Problems at `path`, also for a pattern that pattern_trial refuses; then false and nothing to
 * clear. */
bool rule_compile(const struct rule_text *text, struct rule_trials *trials, struct rule *out,
                  const char *path, struct problems *problems);
void rule_clear(struct rule *rule);

enum rule_verdict {
    RULE_COUNTS,
    RULE_DISMISSED,     /* look on behind the match */
    RULE_STARTED_EARLY, /* a checksum failed: look on a character later */
    RULE_UNCERTAIN,     /* an allow pattern hit a limit */
};

/* Whether what was found in `text` counts, and how severe it is there. Only ASCII letters are
 * compared without case in words and stop-list. */
enum rule_verdict rule_judge(const struct rule *rule, struct str text, struct span found,
                             struct pattern_scratch *scratch, enum rule_severity *out_severity);

#endif
