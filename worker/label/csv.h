/* csv: tables as spreadsheets write them, RFC 4180. */
#ifndef ASSAY_CSV_H
#define ASSAY_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include "schema/base/arena.h"
#include "schema/base/buffer.h"

enum { CSV_FIELDS_MAX = 64 };

/* A text that is read row by row. Set `text`, zero the rest. */
struct csv {
    struct str text; /* without a byte-order mark */
    size_t at;
    size_t line;     /* of the row that came last, from 1 */
    size_t next_line;
};

enum csv_status {
    CSV_ROW,
    CSV_END,
    CSV_OPEN_QUOTE,  /* the text ends inside of quotes */
    CSV_STRAY_QUOTE, /* something follows a quoted field, or a quote stands in one that is not */
    CSV_TOO_MANY,    /* more than CSV_FIELDS_MAX fields */
};

/* The next row that is not blank. Fields live as long as the arena and the text. After an error the
 * reading goes on with the next line. */
enum csv_status csv_next(struct csv *csv, struct arena *arena,
                         struct str out_fields[CSV_FIELDS_MAX], size_t *out_count);

/* A field, quoted where it must be; comma in front unless it is the first. What a spreadsheet would
 * take for a formula (it begins with = + - @, a tab or CR) gets a ' in front: csv_plain undoes it.
 */
void csv_write(struct buffer *out, struct str field, bool first);
struct str csv_plain(struct str field);

#endif
