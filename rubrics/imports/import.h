/* import: rubrics and rule packs made of what other tools' users have. */
#ifndef ASSAY_IMPORT_H
#define ASSAY_IMPORT_H

#include <jansson.h>
#include <stddef.h>
#include "schema/base/problems.h"
#include "schema/base/str.h"

/* One foreign format. To add one: import_<name>.c, an `extern` line and a line in import.c. */
struct importer {
    const char *name;    /* as people type it: assay rubric import NAME FILE */
    const char *summary; /* what is read and what comes out, one line */
    /* Makes a document of the file's bytes (any bytes); `name` becomes its name and may be wrong as
     * such. A new reference. What cannot be carried over is a problem at its place in `text`, and
     * left out; NULL when nothing can. */
    json_t *(*convert)(struct str text, const char *name, struct problems *left_out);
};

extern const struct importer *const IMPORTERS[]; /* NULL ends */
/* NULL: there is none of that name. */
const struct importer *importer_find(const char *name);

#endif
