/* eval_groups: how many responses each group of some files has, read before they are scored. */
#ifndef ASSAY_EVAL_GROUPS_H
#define ASSAY_EVAL_GROUPS_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include "schema/sample.h"

struct eval_groups; /* read-only once made */

/* Reads the files once, as far as they can be read and `stop` is not set. NULL when one of them can
 * be read only once in all (a pipe): then the sizes of groups are not known. */
struct eval_groups *eval_groups_read(const char *const *files, size_t file_count,
                                     const volatile sig_atomic_t *stop);
/* Different responses in the sample's group; 0 when that is not known. NULL groups know none. */
size_t eval_groups_size(const struct eval_groups *groups, const struct sample *sample);
/* NULL is fine. */
void eval_groups_free(struct eval_groups *groups);

#endif
