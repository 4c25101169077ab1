/* drift_words: what every page of a drift report says, whatever its form. */
#ifndef ASSAY_DRIFT_WORDS_H
#define ASSAY_DRIFT_WORDS_H

#include "worker/report/drift/drift_report.h"

enum { MINUTE_TEXT_BYTES = 32 };

/* Texts that are appended may hold what traffic or a configuration said: a page escapes them. */

/* "2 WORSE, 1 NOT ENOUGH DATA, 4 NO MEANINGFUL CHANGE"; "no scores" without any row. */
void drift_words_counts(const struct drift_report *report, struct buffer *out);
/* "Sun 2026-03-01 14:00", UTC. */
const char *drift_words_minute(int64_t ms, char out[MINUTE_TEXT_BYTES]);
/* "m / exact"; with the rubric, or the hash too, where two rows of the report read the same. */
void drift_words_name(const struct drift_report *report, const struct report_series *series,
                      struct buffer *out);
/* "language=de, route=(none)". */
void drift_words_segment(const struct drift_report *report, const struct drift_row *row,
                         struct buffer *out);
/* "0.902 -> 0.748"; "none" where there are no scores. Of a measure its quantile: "p95 1200 -> 3400
 * ms". */
void drift_words_levels(const struct report_series *series, const struct drift_row *row,
                        struct buffer *out);
/* The means that a row's change is of: of a measure "up to 1200 ms: 0.950 -> 0.871". */
void drift_words_means(const struct report_series *series, const struct drift_row *row,
                       struct buffer *out);
/* "-0.154 [-0.197, -0.112]"; nothing when it is unknown. */
void drift_words_change(const struct drift_row *row, struct buffer *out);
/* "about 40 to 1 beyond tolerance; p 2e-13 if nothing changed, 4e-13 over all rows"; nothing when
 * it is unknown. */
void drift_words_evidence(const struct drift_row *row, struct buffer *out);
/* What happened to the model in the hours in which a change may have begun, or the last before
 * them: "deployed v7 at Sun 2026-03-01 14:00 UTC, in these hours"; nothing without a change or
 * marks. */
void drift_words_marks(const struct drift_report *report, const struct report_series *series,
                       struct buffer *out);
/* What data would tell: "a change of 0.056 would show (80 %); for 0.02 both windows need 7.8 times
 * the scores". */
void drift_words_power(const struct drift_row *row, double tolerance, struct buffer *out);
/* "960 scores (n_eff 412), 1.2 % missing: mean in [0.89, 0.91] whatever they were". */
void drift_words_level(const struct level *level, struct buffer *out);
/* What a person can do now; nothing for rows that need nobody. */
void drift_words_advice(const struct drift_report *report, const struct report_series *series,
                        struct buffer *out);
/* "12 rows, 3 of them changed at a false discovery rate of 5 %". */
void drift_words_tested(const struct drift_report *report, struct buffer *out);
/* To how much traffic the scores of one of report->traffic's models were weighted. */
void drift_words_traffic(const struct traffic_model *model, struct buffer *out);

#endif
