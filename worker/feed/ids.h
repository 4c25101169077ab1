/* ids: numbers found by name. */
#ifndef ASSAY_FEED_IDS_H
#define ASSAY_FEED_IDS_H

#include <stdbool.h>
#include <stdint.h>
#include "schema/base/str.h"

enum { IDS_NONE = UINT32_MAX };

/* One thread; 16 to 48 bytes a name, however long. Names are known by 64 bits of a keyed hash: of a
 * hundred million of them, two are the same with a chance of 1 in 3,700. */
struct ids;

struct ids *ids_new(void);
void ids_free(struct ids *ids);
/* IDS_NONE: it has none. */
uint32_t ids_find(const struct ids *ids, struct str name);
void ids_set(struct ids *ids, struct str name, uint32_t number);
/* Gives each number anew: `numbers` by the old one, IDS_NONE to forget its names. */
void ids_renumber(struct ids *ids, const uint32_t *numbers);

#endif
