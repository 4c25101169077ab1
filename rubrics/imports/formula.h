/* formula: what a multi grader calculates of its graders' values, as weights. */
#ifndef ASSAY_FORMULA_H
#define ASSAY_FORMULA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { FORMULA_TERMS_MAX = 64 };

struct formula {
    bool is_minimum; /* min(a, b) */
    struct {
        const char *name; /* borrowed from the graders */
        double weight;
    } terms[FORMULA_TERMS_MAX];
    size_t count;
};

/* "0.7*a + b*0.3", "(a + b) / 2", "min(a, b)". False when it is anything else, names what is no key
 * of `graders`, or adds up to no weight. */
bool formula_read(const char *text, const json_t *graders, struct formula *out);
/* 0 where the formula does not name it. */
double formula_weight(const struct formula *formula, const char *name);

#endif
