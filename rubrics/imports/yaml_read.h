/* yaml_read: a YAML document as JSON, within the limits of a document. */
#ifndef ASSAY_YAML_READ_H
#define ASSAY_YAML_READ_H

#include <jansson.h>
#include "schema/base/error.h"
#include "schema/base/str.h"

enum { YAML_DEPTH_MAX = 32, YAML_NODES_MAX = 200000 };

/* The first document; plain scalars are null, booleans and numbers as YAML's core schema has them,
 * tags are not looked at. Keys must be scalars and occur once. Aliases are refused: a small file
 * could become a large document. JSON is read as what it is. NULL and `error` (INPUT), else a new
 * reference. */
json_t *yaml_read(struct str text, struct error *error);

#endif
