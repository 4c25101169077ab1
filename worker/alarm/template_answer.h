/* template_answer: an example of how a machine may answer an alarm; off until somebody wants it. */
#ifndef ASSAY_TEMPLATE_ANSWER_H
#define ASSAY_TEMPLATE_ANSWER_H

#include <jansson.h>

/* The alarm whose name ends in `answered` makes all traffic go from one variant of the endpoint to
 * another. */
void template_answer(json_t *template, const char *answered, const char *endpoint,
                     const char *variant, const char *fallback);

#endif
