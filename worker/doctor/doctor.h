/* doctor: what is well and what is not, found by looking, with what to do about it. */
#ifndef ASSAY_DOCTOR_H
#define ASSAY_DOCTOR_H

#include "worker/aws/region.h"
#include "worker/options/run_options.h"

enum verdict { VERDICT_OK, VERDICT_WARN, VERDICT_FAIL };

/* One line of the result. Owns its texts. */
struct found {
    enum verdict verdict;
    const char *check; /* its name in the table of checks */
    char *what;
    const char *todo; /* NULL when there is nothing to do */
};

struct doctor {
    const struct run_options *options;
    const char *check;         /* that looks now */
    bool options_good;         /* doctor_configuration found nothing wrong */
    char region[REGION_BYTES]; /* "" when unknown */
    struct found *founds;
    size_t count;
};

/* Adds a line. `todo` is a literal or NULL. */
void doctor_say(struct doctor *doctor, enum verdict verdict, const char *todo, const char *format,
                ...) __attribute__((format(printf, 4, 5)));

/* Checks: each looks at one thing and says at least one line. Nothing is changed or paid for; those
 * that ask others wait some seconds at most. */
void doctor_configuration(struct doctor *doctor); /* must be the first */
void doctor_versions(struct doctor *doctor);
void doctor_evaluators(struct doctor *doctor); /* before doctor_rubrics, which may need them */
void doctor_rubrics(struct doctor *doctor);
void doctor_store(struct doctor *doctor);
void doctor_text(struct doctor *doctor);
void doctor_kafka(struct doctor *doctor);
void doctor_region(struct doctor *doctor); /* before the next three */
void doctor_credentials(struct doctor *doctor);
void doctor_judge(struct doctor *doctor);
void doctor_cloudwatch(struct doctor *doctor);

/* Whether the options are good enough to look further; says so when they are not. */
bool doctor_may_look(struct doctor *doctor);

#endif
