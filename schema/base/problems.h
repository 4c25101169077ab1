/* problems: everything that is wrong with a document, each with the path of the place. */
#ifndef ASSAY_BASE_PROBLEMS_H
#define ASSAY_BASE_PROBLEMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { PROBLEMS_MAX = 200 }; /* listed; further ones are only counted */

/* Zero-initialise, then use. */
struct problems {
    char **lines; /* "criteria[2].options.metric: ..." */
    size_t count; /* of lines */
    size_t total; /* found, listed or not */
};

/* `path` names the place ("" for the document itself), the sentence says what is wrong and what to
 * do. Always returns false. */
bool problems_add(struct problems *problems, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* One line each, "  where: path: sentence"; `where` is a file's name. */
void problems_print(const struct problems *problems, FILE *out, const char *where);
void problems_clear(struct problems *problems);

#endif
