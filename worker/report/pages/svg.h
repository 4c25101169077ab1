/* svg: shapes of pictures, and the picture of differences with their intervals. */
#ifndef ASSAY_SVG_H
#define ASSAY_SVG_H

#include "schema/base/buffer.h"
#include "worker/stats/drift_verdict.h"

enum { SVG_WIDTH = 360 }; /* of every picture, in its own units */

/* Classes are those of page.css. */
void svg_rect(struct buffer *out, const char *class, double left, double right, double top,
              double bottom);
void svg_line(struct buffer *out, const char *class, double x1, double y1, double x2, double y2);

struct forest_row {
    struct buffer name; /* not escaped yet */
    enum drift_verdict verdict;
    double delta, tolerance;
    struct interval ci; /* NAN ends: not drawn */
};

/* A forest plot: each difference with its interval over its tolerance. At most one in a page. Names
 * are emptied. */
void svg_forest(struct forest_row *rows, size_t count, struct buffer *out);

#endif
