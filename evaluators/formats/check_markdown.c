/* check_markdown: are code fences closed, and tables whole? */
#include "evaluators/formats/check.h"

#include <string.h>
#include "evaluators/answers/text.h"

enum { FENCE_MIN = 3, INDENT_MAX = 3 }; /* CommonMark 0.31, 4.5 */

/* Where a walk over the lines stands. */
struct walk {
    char fence;        /* '`' or '~' while inside one, else 0 */
    size_t fence_size;
    size_t row_cells;  /* of the row before that began with "|"; 0: none */
    size_t table_cells; /* of the table's delimiter row; 0: not in a table */
    size_t rows;        /* before this one, without a delimiter row among them */
};

static size_t leading(struct str line, char c)
{
    size_t count = 0;
    while (count < line.size && line.data[count] == c)
        count++;
    return count;
}

/* How long the fence is that the line opens or closes; 0: none. Backticks behind an opening one
 * of backticks make it inline code. */
static size_t fence_of(struct str line, char *out_mark)
{
    size_t indent = leading(line, ' ');
    struct str rest = {line.data + indent, line.size - indent};
    if (indent > INDENT_MAX || rest.size == 0 || (rest.data[0] != '`' && rest.data[0] != '~'))
        return 0;
    size_t size = leading(rest, rest.data[0]);
    bool is_inline =
        rest.data[0] == '`' && memchr(rest.data + size, '`', rest.size - size) != NULL;
    *out_mark = rest.data[0];
    return size >= FENCE_MIN && !is_inline ? size : 0;
}

/* Cells of a row that begins with "|" (GitHub Flavored Markdown 0.29, 4.10); 0: it is none. */
static size_t cells_of(struct str line)
{
    size_t cells = 0;
    if (line.size < 2 || line.data[0] != '|')
        return 0;
    for (size_t i = 1; i < line.size; i++)
        cells += line.data[i] == '|' && line.data[i - 1] != '\\';
    bool is_closed = line.data[line.size - 1] == '|' && line.data[line.size - 2] != '\\';
    return cells + !is_closed;
}

static bool is_delimiter_row(struct str line)
{
    bool dashes = false;
    for (size_t i = 0; i < line.size; i++) {
        dashes = dashes || line.data[i] == '-';
        if (!strchr("|-: \t", line.data[i]))
            return false;
    }
    return dashes;
}

/* False when the row cannot belong to the table it stands in. */
static bool read_row(struct walk *walk, struct str line)
{
    size_t cells = cells_of(line);
    if (cells == 0) {
        bool never_delimited = walk->rows > 1 && walk->table_cells == 0;
        walk->row_cells = walk->table_cells = walk->rows = 0;
        return !never_delimited;
    }
    if (walk->table_cells)
        return cells <= walk->table_cells || is_delimiter_row(line);
    bool delimits = walk->rows == 1 && is_delimiter_row(line);
    if (delimits && cells != walk->row_cells)
        return false;
    walk->table_cells = delimits ? cells : 0;
    walk->row_cells = cells;
    walk->rows++;
    return true;
}

static bool read_line(struct walk *walk, struct str line)
{
    char mark = 0;
    size_t fence = fence_of(line, &mark);
    struct str trimmed = text_trim(line);
    if (walk->fence) {
        bool closes = fence >= walk->fence_size && mark == walk->fence &&
                      leading(trimmed, mark) == trimmed.size;
        walk->fence = closes ? 0 : walk->fence;
        return true;
    }
    if (!fence)
        return read_row(walk, trimmed);
    walk->fence = mark;
    walk->fence_size = fence;
    return read_row(walk, STR(""));
}

enum check_result check_markdown(const struct check_options *options, const struct sample *sample,
                                 struct arena *arena, const char **out_reason)
{
    (void)options, (void)arena;
    struct str text = sample->response;
    struct walk walk = {0};
    bool tables = true;
    for (size_t at = 0; at < text.size;) {
        const char *end = memchr(text.data + at, '\n', text.size - at);
        size_t size = end ? (size_t)(end - text.data) - at : text.size - at;
        tables = read_line(&walk, (struct str){text.data + at, size}) && tables;
        at += size + 1;
    }
    tables = (walk.fence || read_row(&walk, STR(""))) && tables;
    *out_reason = walk.fence ? "unclosed_fence" : "broken_table";
    return walk.fence || !tables ? CHECK_BROKEN : CHECK_FINE;
}
