/* label_file: labels as people hand them in, CSV or JSON Lines. */
#ifndef ASSAY_LABEL_FILE_H
#define ASSAY_LABEL_FILE_H

#include "schema/base/arena.h"
#include "schema/base/problems.h"
#include "worker/store/label.h"

enum { LABEL_FILE_BYTES_MAX = 256 << 20 };

struct label_row {
    size_t line; /* of the file, from 1 */
    struct label label;
    bool timed; /* the row said when; else labelled_at_ms is 0 */
};

/* Zero-initialise; label_file_clear gives all back. */
struct label_file {
    char *text;
    struct arena arena;
    struct label_row *rows;
    size_t count;
    size_t open; /* rows without a value: nobody has labelled them yet */
};

/* The columns that are read, and those that are passed over; a list for help and messages. */
#define LABEL_COLUMNS "sample, model, target, value, labeller, labelled_at, probability, note"
#define LABEL_COLUMNS_PASSED "time, prompt, response, text, scores"

/* Reads a file: JSON Lines when it begins with "{", else CSV whose first row names the columns.
 * `labeller` (NULL: none) is of rows that do not say who. Everything that is wrong is a problem at
 * "line N". False (INPUT): the file cannot be read. */
bool label_file_read(struct label_file *file, const char *path, const char *labeller,
                     struct problems *problems, struct error *error);
void label_file_clear(struct label_file *file);

#endif
