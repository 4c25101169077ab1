/* versions: which libraries this program runs with. */
#ifndef ASSAY_VERSIONS_H
#define ASSAY_VERSIONS_H

#include "schema/base/buffer.h"

/* Appends "librdkafka 2.0.2, libcurl 7.88.1, ..." as they are loaded now. */
void versions_append(struct buffer *out);

#endif
