/* page_words: words of the text pages of reports. */
#ifndef ASSAY_PAGE_WORDS_H
#define ASSAY_PAGE_WORDS_H

#include <stdint.h>

#include "schema/base/buffer.h"
#include "schema/base/problems.h"
#include "worker/report/reading/time_range.h"
#include "worker/stats/drift_verdict.h"

enum { PAGE_MINUTE_BYTES = 24 };

/* "2026-03-01 14:00", UTC. */
const char *page_minute(int64_t ms, char out[PAGE_MINUTE_BYTES]);
/* Names come from traffic: a terminal must not obey them. */
void page_clean(struct buffer *out, const char *text);
/* At most `bytes` of it, cut between code points. */
void page_clipped(struct buffer *out, const char *text, size_t bytes);
/* "NOT ENOUGH DATA". */
const char *page_verdict(enum drift_verdict verdict);
/* A sign for it, so that no colour tells alone: "▼", "▲", "?", "=". */
const char *page_sign(enum drift_verdict verdict);
/* "12 offsets are scored and not acknowledged yet: counted, too"; nothing when there are none. */
void page_pending(struct buffer *out, int64_t pending);
/* "No scores in this window: those of the stores are from ... to ...", without an end; the span may
 * be empty. `where` "this window" or "these windows". */
void page_no_scores(struct buffer *out, const char *where, struct time_range span);
/* The last lines of a page: why it does not tell all. */
void page_partial(struct buffer *out, const struct problems *partial);

#endif
