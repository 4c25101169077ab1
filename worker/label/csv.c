/* csv: tables as spreadsheets write them, RFC 4180. */
#include "worker/label/csv.h"

#include <string.h>

static bool is_end(const struct csv *csv)
{
    return csv->at == csv->text.size;
}

static char here(const struct csv *csv)
{
    return csv->text.data[csv->at];
}

static bool at_line_end(const struct csv *csv)
{
    return is_end(csv) || here(csv) == '\n' || here(csv) == '\r';
}

static void skip_line_end(struct csv *csv)
{
    if (!is_end(csv) && here(csv) == '\r')
        csv->at++;
    if (!is_end(csv) && here(csv) == '\n')
        csv->at++;
    csv->next_line++;
}

static void skip_line(struct csv *csv)
{
    while (!is_end(csv) && here(csv) != '\n')
        csv->at++;
    skip_line_end(csv);
}

/* After the opening quote; doubled quotes are one. */
static enum csv_status quoted_field(struct csv *csv, struct arena *arena, struct str *out)
{
    size_t from = csv->at, quotes = 0;
    for (; !is_end(csv); csv->at++) {
        if (here(csv) == '\n')
            csv->next_line++;
        if (here(csv) != '"')
            continue;
        if (csv->at + 1 == csv->text.size || csv->text.data[csv->at + 1] != '"')
            break;
        csv->at++;
        quotes++;
    }
    if (is_end(csv))
        return CSV_OPEN_QUOTE;
    *out = (struct str){csv->text.data + from, csv->at - from};
    csv->at++;
    if (quotes > 0) {
        char *plain = arena_alloc(arena, out->size + 1);
        size_t size = 0;
        for (size_t i = 0; i < out->size; i++) {
            plain[size++] = out->data[i];
            i += out->data[i] == '"';
        }
        *out = (struct str){plain, size};
    }
    return at_line_end(csv) || here(csv) == ',' ? CSV_ROW : CSV_STRAY_QUOTE;
}

static enum csv_status plain_field(struct csv *csv, struct str *out)
{
    size_t from = csv->at;
    while (!at_line_end(csv) && here(csv) != ',')
        csv->at++;
    *out = (struct str){csv->text.data + from, csv->at - from};
    return memchr(out->data, '"', out->size) ? CSV_STRAY_QUOTE : CSV_ROW;
}

static enum csv_status field(struct csv *csv, struct arena *arena, struct str *out)
{
    if (is_end(csv) || here(csv) != '"')
        return plain_field(csv, out);
    csv->at++;
    return quoted_field(csv, arena, out);
}

enum csv_status csv_next(struct csv *csv, struct arena *arena,
                         struct str out_fields[CSV_FIELDS_MAX], size_t *out_count)
{
    if (csv->next_line == 0)
        csv->next_line = 1;
    while (!is_end(csv) && at_line_end(csv))
        skip_line_end(csv);
    *out_count = 0;
    csv->line = csv->next_line;
    if (is_end(csv))
        return CSV_END;
    for (;;) {
        enum csv_status status = *out_count == CSV_FIELDS_MAX
                                     ? CSV_TOO_MANY
                                     : field(csv, arena, &out_fields[*out_count]);
        if (status != CSV_ROW) {
            skip_line(csv);
            return status;
        }
        ++*out_count;
        if (at_line_end(csv))
            break;
        csv->at++; /* the comma */
    }
    skip_line_end(csv);
    return CSV_ROW;
}

static bool is_formula(struct str field)
{
    return field.size > 0 && memchr("=+-@\t\r", field.data[0], 6);
}

void csv_write(struct buffer *out, struct str field, bool first)
{
    bool formula = is_formula(field) || (field.size > 0 && field.data[0] == '\'');
    bool quoted = formula;
    for (size_t i = 0; i < field.size && !quoted; i++)
        quoted = memchr("\",\r\n", field.data[i], 4) != NULL;
    buffer_append_str(out, first ? STR("") : STR(","));
    buffer_append_str(out, quoted ? STR("\"") : STR(""));
    buffer_append_str(out, formula ? STR("'") : STR(""));
    for (size_t i = 0; i < field.size; i++) {
        if (field.data[i] == '"')
            buffer_append(out, "\"", 1);
        buffer_append(out, field.data + i, 1);
    }
    buffer_append_str(out, quoted ? STR("\"") : STR(""));
}

struct str csv_plain(struct str field)
{
    struct str rest = {field.data + 1, field.size - 1};
    bool escaped = field.size > 1 && field.data[0] == '\'' &&
                   (is_formula(rest) || rest.data[0] == '\'');
    return escaped ? rest : field;
}
