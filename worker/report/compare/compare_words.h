/* compare_words: what every page of a comparison says, whatever its form. */
#ifndef ASSAY_COMPARE_WORDS_H
#define ASSAY_COMPARE_WORDS_H

#include "worker/report/compare/compare.h"

/* Texts that are appended may hold what traffic or a configuration said: a page escapes them. */

/* "keep A: B is worse (95 % sure); exact in language=de -0.051 [-0.07, -0.03], tolerance 0.02;
 * latency, ms +120.0 [+90.0, +150.0]". */
void compare_words_advice(const struct comparison *comparison, struct buffer *out);
/* "run R model m: 480 samples (3 came again and count once)". */
void compare_words_side(const struct comparison *comparison, unsigned side, struct buffer *out);
/* "language=de, route=(none)". */
void compare_words_segment(const struct comparison *comparison, const struct compare_row *row,
                           struct buffer *out);
/* "0.902 -> 0.748"; "no scores to compare". */
void compare_words_levels(const struct compare_row *row, struct buffer *out);
/* "-0.154 [-0.197, -0.112]"; without its interval where that is unknown. */
void compare_words_change(const struct compare_row *row, struct buffer *out);
/* "judged by other rules: general e5c4865d89bd and safety 8898c33d307c"; nothing where they are the
 * same. */
void compare_words_rules(const struct compare_row *row, struct buffer *out);
/* "12 passed and do not, 3 did not and pass"; nothing without any. */
void compare_words_flips(const struct compare_row *row, struct buffer *out);
/* "not with B: 11 redacted, 2 error; not with A: 1 skipped": nothing where none is missing. */
void compare_words_missing(const struct compare_row *row, struct buffer *out);
/* "pass or fail of 480, 93.1 % alike, kappa 0.61; labels of ..."; nothing without any. */
void compare_words_agreement(const struct compare_row *row, struct buffer *out);
/* "latency, ms". */
const char *compare_words_measure(enum compare_measure measure);
/* "412.1 -> 530.2", "+118.1 [+90.2, +146.0]"; nothing where it is unknown. */
void compare_words_amounts(const struct measure_row *row, struct buffer *out);
void compare_words_amount_change(const struct measure_row *row, struct buffer *out);
/* How to read verdicts and p. */
void compare_words_verdicts(const struct comparison *comparison, struct buffer *out);
void compare_words_p(const struct comparison *comparison, struct buffer *out);

#endif
