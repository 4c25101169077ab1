/* svg: shapes of pictures, and the picture of differences with their intervals. */
#include "worker/report/pages/svg.h"

#include <math.h>

#include "worker/report/pages/html.h"
#include "worker/report/pages/page_words.h"

enum { ROW_HEIGHT = 32, FOREST_LEFT = 8, FOREST_RIGHT = 352, LINE_AT = 22 };

void svg_rect(struct buffer *out, const char *class, double left, double right, double top,
              double bottom)
{
    buffer_printf(out, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
                  class, left, top, fmax(right - left, 1), fmax(bottom - top, 1));
}

void svg_line(struct buffer *out, const char *class, double x1, double y1, double x2, double y2)
{
    buffer_printf(out, "<path class=\"%s\" d=\"M%.1f %.1fL%.1f %.1f\"/>", class, x1, y1, x2, y2);
}

static double x_of(double difference, double reach)
{
    double middle = (FOREST_LEFT + FOREST_RIGHT) / 2.0;
    double part = fmin(fmax(difference / reach, -1), 1);
    return middle + part * (FOREST_RIGHT - FOREST_LEFT) / 2;
}

/* A bar for the interval, a square for the difference itself. */
static void add_row(struct buffer *out, struct forest_row *row, double top, double reach)
{
    double y = top + LINE_AT;
    buffer_printf(out, "<text x=\"%d\" y=\"%.0f\">%s ", FOREST_LEFT, top + 12,
                  page_sign(row->verdict));
    html_move(out, &row->name, true);
    buffer_append_str(out, STR("</text>"));
    svg_rect(out, "tolerance", x_of(-row->tolerance, reach), x_of(row->tolerance, reach), y - 6,
             y + 6);
    svg_line(out, "axis", x_of(0, reach), y - 6, x_of(0, reach), y + 6);
    if (isnan(row->ci.low))
        return;
    svg_line(out, "interval", x_of(row->ci.low, reach), y, x_of(row->ci.high, reach), y);
    double x = x_of(row->delta, reach);
    svg_rect(out, "point", x - 3, x + 3, y - 3, y + 3);
}

void svg_forest(struct forest_row *rows, size_t count, struct buffer *out)
{
    double reach = 0, bottom = (double)count * ROW_HEIGHT + 4;
    for (size_t i = 0; i < count; i++) {
        reach = fmax(reach, 1.5 * rows[i].tolerance);
        reach = fmax(reach, fmax(fabs(rows[i].ci.low), fabs(rows[i].ci.high)));
    }
    buffer_printf(
        out,
        "<svg role=\"img\" viewBox=\"0 0 %d %.0f\" aria-labelledby=\"tc dc\">"
        "<title id=\"tc\">Changes and their intervals</title><desc id=\"dc\">%zu rows, from "
        "worse on the left to better on the right; the table below has the "
        "numbers.</desc>",
        SVG_WIDTH, bottom + 18, count);
    for (size_t i = 0; i < count; i++)
        add_row(out, &rows[i], (double)i * ROW_HEIGHT, reach);
    buffer_printf(out,
                  "<text x=\"%d\" y=\"%.0f\">%.2g worse</text><text x=\"%.0f\" y=\"%.0f\" "
                  "text-anchor=\"middle\">0</text><text x=\"%d\" y=\"%.0f\" "
                  "text-anchor=\"end\">better +%.2g</text></svg>",
                  FOREST_LEFT, bottom + 13, -reach, x_of(0, reach), bottom + 13, FOREST_RIGHT,
                  bottom + 13, reach);
}
