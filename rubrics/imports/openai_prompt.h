/* openai_prompt: what a grader asks a model, as what a judge is asked. */
#ifndef ASSAY_OPENAI_PROMPT_H
#define ASSAY_OPENAI_PROMPT_H

#include <jansson.h>
#include <stdbool.h>

/* Whether the text is {{sample.output_text}} and nothing else; NULL is not. */
bool openai_is_response(const char *text);

/* {"prompt": ..., "inputs": [...]} of a grader's `input`: a text, or messages of texts. Columns
 * become what a judge is shown of a record: "the reference". `last` is a line to end with, or "".
 * NULL and *out_why_not when it has what records do not have; else a new reference. */
json_t *openai_prompt(const json_t *input, const char *last, const char **out_why_not);

#endif
