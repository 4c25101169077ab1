/* xml_read: elements out of a small XML reply. */
#ifndef ASSAY_XML_READ_H
#define ASSAY_XML_READ_H

#include <stdbool.h>
#include "schema/base/buffer.h"

enum { XML_DEPTH_MAX = 32 };

/* Appends the text of the first element whose way down ends with `path` ("Credentials/AccessKeyId")
 * and that has only text in it; the five entities and numeric references are resolved, prefixes and
 * attributes ignored. False when there is none or the text is not well-formed as far as it was
 * read; document types are refused. */
bool xml_text(struct str xml, const char *path, struct buffer *out);

/* Calls back with what stands inside each element whose way down ends with `path`, tags and all, in
 * order; borrowed from `xml`. False when the text is not well-formed to its end, or has no end. */
bool xml_each(struct str xml, const char *path, void (*each)(void *owner, struct str inside),
              void *owner);

#endif
