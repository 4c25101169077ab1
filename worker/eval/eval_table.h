/* eval_table: the summary of `assay eval` for people. */
#ifndef ASSAY_EVAL_TABLE_H
#define ASSAY_EVAL_TABLE_H

#include <stdio.h>
#include "worker/eval/eval_tally.h"

void eval_table_print(const struct tally *tally, FILE *out);

#endif
