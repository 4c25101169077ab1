/* rubric_resolve: a rubric with what it extends and the packs it includes. */
#ifndef ASSAY_RUBRIC_RESOLVE_H
#define ASSAY_RUBRIC_RESOLVE_H

#include "rubrics/rubric.h"

enum { RUBRIC_EXTENDS_MAX = 4 /* rubrics that stand one on the other, below the first */ };

/* Replaces rubric->document, read from `path`, by one without `extends` and `include`, and sets
 * criterion_paths. A document that has neither stays as it is, byte for byte: so does its hash.
 * - `extends` is a rubric that ships, or a path from the folder of the file that names it. What it
 *   says of applies_to, composite and criteria counts, unless said again. A criterion of the same
 *   name takes over the keys that are said again (options as a whole), or leaves by
 *   {"name": ..., "remove": true}; others are added behind. Its packs are looked for beside it too.
 * - `include` is a list of packs, each a criterion of `regex` named like the pack, of dimension
 *   safety; an object {"pack": NAME, ...} holds further keys of the criterion.
 * False when a document cannot be read or is no rubric; other problems are listed only. */
bool rubric_resolve(struct rubric *rubric, const char *path, struct problems *problems);

/* Where a rubric is that is called by name, or by a path (relative to the file `from`, unless that
 * is NULL). False and a problem at `place`. */
bool rubric_locate(const char *name_or_path, const char *from,
                   char *out_path /* PACKS_PATH_BYTES */, const char *place,
                   struct problems *problems);

#endif
