/* packs: finds rule packs and rubrics by name, and remembers which packs a rubric uses. */
#ifndef ASSAY_PACKS_H
#define ASSAY_PACKS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include "schema/base/buffer.h"
#include "schema/base/problems.h"

enum { PACKS_PER_RUBRIC_MAX = 64, PACKS_NAME_BYTES_MAX = 64, PACKS_PATH_BYTES = 4096 };

struct packs; /* of one rubric; one thread while loading, read-only afterwards */

/* `rubric_path` is the file that will name the packs; copied. Looked for is NAME.json in: `packs/`
 * beside the rubric, beside it, then in `packs/` of and in every folder of $ASSAY_RUBRICS
 * (separated by ':'), the installed folder, the source tree. A file that is a rubric is not a pack.
 */
struct packs *packs_new(const char *rubric_path);
/* Looks also beside another file, in packs/ and itself, after what it looks in already and before
 * what belongs to no file. Copied. */
void packs_look_beside(struct packs *packs, const char *rubric_path);
/* NULL is fine. Every document handed out ends here. */
void packs_free(struct packs *packs);

/* The function an evaluator's context carries; `packs` is a struct packs. The document is borrowed
 * until packs_free. NULL after adding a problem at `path`: no such name, not readable, not JSON. */
const json_t *packs_find(void *packs, const char *name, const char *path,
                         struct problems *problems);

/* Appends "name hash" lines, sorted by name, of the packs found since packs_mark (each once), or of
 * all when `all`: what makes packs part of a content hash. */
void packs_mark(struct packs *packs);
void packs_append_hashes(const struct packs *packs, bool all, struct buffer *into);

/* Whether a name may be that of a rubric, a criterion, a dimension or a pack:
 * ^[a-z0-9][a-z0-9._-]{0,63}$ */
bool packs_name_valid(const char *name);

/* The path of a rubric that ships, or one in $ASSAY_RUBRICS. False: there is none of that name. */
bool packs_locate_rubric(const char *name, char out_path[PACKS_PATH_BYTES]);
/* The path of a pack, in the same folders and in packs/ of them; where a rubric has the name and no
 * pack does, the rubric's. False: there is neither. */
bool packs_locate(const char *name, char out_path[PACKS_PATH_BYTES]);
/* The folders that packs_locate_rubric looks in, for people: "a, b". */
void packs_describe_folders(struct buffer *into);

#endif
