/* html: text made safe for a page, and the few tags that need care. */
#ifndef ASSAY_HTML_H
#define ASSAY_HTML_H

#include "schema/base/buffer.h"

enum { HTML_NAME_MAX = 96 }; /* code points of a name that comes from traffic */

/* As text or as the value of an attribute in quotes. Control characters, those that turn the
 * direction of writing, and bytes that are no UTF-8 become U+FFFD. */
void html_append(struct buffer *out, struct str text);
/* The same of what words hold, cut after HTML_NAME_MAX code points if `cut`; empties the words. */
void html_move(struct buffer *out, struct buffer *words, bool cut);

#endif
