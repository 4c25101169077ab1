/* html: text made safe for a page, and the parts that pages of reports have in common. */
#ifndef ASSAY_HTML_H
#define ASSAY_HTML_H

#include "schema/base/buffer.h"
#include "schema/base/problems.h"
#include "worker/stats/drift_verdict.h"

enum { HTML_NAME_MAX = 96 }; /* code points of a name that comes from traffic */

/* As text or as the value of an attribute in quotes. Control characters, those that turn the
 * direction of writing, and bytes that are no UTF-8 become U+FFFD. */
void html_append(struct buffer *out, struct str text);
/* The same of what words hold, cut after HTML_NAME_MAX code points if `cut`; empties the words. */
void html_move(struct buffer *out, struct buffer *words, bool cut);

/* Classes are those of page.css; colours never tell alone. Titles, terms and heads are ours: they
 * are not escaped. */

/* From the doctype to the begin of <main>: "Drift: 2 WORSE" as title, "Drift report" as heading,
 * the lead below it, and a line where data are missing. */
void html_begin(struct buffer *out, const char *title, const char *heading, struct str lead,
                const struct problems *partial);
void html_end(struct buffer *out);
/* "▼ WORSE". */
void html_verdict(struct buffer *out, enum drift_verdict verdict);
/* A term and what it says; nothing when there is nothing to say. Empties the words. */
void html_term(struct buffer *out, const char *term, struct buffer *words);
/* A table that may be wider than the page: what its caption follows; then the caption is appended,
 * then html_columns ends it and begins the body. */
void html_table(struct buffer *out, const char *label);
void html_columns(struct buffer *out, const char *const *heads, size_t count);
void html_table_end(struct buffer *out);
/* Below a table: so many rows, `which` (", the quietest", ""), are not in it; nothing of 0. */
void html_left_out(struct buffer *out, size_t count, const char *which);
/* Why a report does not tell all, as long as the page is shorter than `bytes_max`. */
void html_partial(struct buffer *out, const struct problems *partial, size_t bytes_max);

#endif
