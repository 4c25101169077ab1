/* label_file: labels as people hand them in, CSV or JSON Lines. */
#include "worker/label/label_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "schema/base/clock.h"
#include "schema/base/json_read.h"
#include "schema/base/memory.h"
#include "schema/base/utf8.h"
#include "worker/label/csv.h"

enum column {
    SAMPLE,
    MODEL,
    TARGET,
    VALUE,
    LABELLER,
    LABELLED_AT,
    PROBABILITY,
    NOTE,
    COLUMNS,
    PASSED = COLUMNS, /* of the review queue, for people's eyes */
    UNKNOWN,
};

enum { PLACE_BYTES = 32, NAME_BYTES_MAX = 1024, NOTE_BYTES_MAX = 65536 };

static const char *const NAMES[COLUMNS] = {
    [SAMPLE] = "sample",     [MODEL] = "model",
    [TARGET] = "target",     [VALUE] = "value",
    [LABELLER] = "labeller", [LABELLED_AT] = "labelled_at",
    [PROBABILITY] = "probability", [NOTE] = "note"};

static const char *const PASSED_NAMES[] = {"time", "prompt", "response", "text", "scores"};

struct reading {
    struct label_file *file;
    const char *labeller;
    struct problems *problems;
};

static enum column column_of(struct str name)
{
    for (size_t i = 0; i < COLUMNS; i++)
        if (str_is(name, NAMES[i]))
            return (enum column)i;
    for (size_t i = 0; i < sizeof PASSED_NAMES / sizeof *PASSED_NAMES; i++)
        if (str_is(name, PASSED_NAMES[i]))
            return PASSED;
    return UNKNOWN;
}

static const char *place_of(size_t line, char out[PLACE_BYTES])
{
    snprintf(out, PLACE_BYTES, "line %zu", line);
    return out;
}

static bool unknown_column(struct reading *reading, size_t line, struct str name)
{
    char place[PLACE_BYTES];
    return problems_add(reading->problems, place_of(line, place),
                        "unknown column \"%.*s\"; known are " LABEL_COLUMNS
                        " (passed over: " LABEL_COLUMNS_PASSED ")",
                        (int)(name.size < 60 ? name.size : 60), name.data);
}

/* ---- one row, whatever the form ---- */

static bool parse_number(struct str text, double *out)
{
    char copy[40], *end;
    if (text.size == 0 || text.size >= sizeof copy || !memchr("0123456789.", text.data[0], 11))
        return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = 0;
    *out = strtod(copy, &end);
    return *end == 0 && isfinite(*out);
}

/* 0 to 1, or a verdict in words. */
static bool parse_value(struct str text, double *out)
{
    static const struct {
        const char *word;
        double value;
    } words[] = {{"pass", 1},  {"fail", 0},  {"yes", 1},  {"no", 0},   {"true", 1}, {"false", 0},
                 {"PASS", 1},  {"FAIL", 0},  {"YES", 1},  {"NO", 0},   {"TRUE", 1}, {"FALSE", 0},
                 {"Pass", 1},  {"Fail", 0},  {"Yes", 1},  {"No", 0},   {"True", 1}, {"False", 0}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_is(text, words[i].word)) {
            *out = words[i].value;
            return true;
        }
    return parse_number(text, out) && *out <= 1;
}

static bool is_name(struct str text, bool may_be_empty)
{
    return text.size <= NAME_BYTES_MAX && (may_be_empty || text.size > 0) && utf8_valid(text) &&
           !memchr(text.data ? text.data : "", 0, text.size);
}

static struct str or_empty(struct str text)
{
    return text.data ? text : STR("");
}

/* False, with a problem for each field that is wrong. */
static bool read_fields(struct reading *reading, size_t line, const struct str fields[COLUMNS],
                        struct label_row *out)
{
    char place[PLACE_BYTES];
    struct label *label = &out->label;
    struct problems *problems = reading->problems;
    size_t before = problems->total;
    place_of(line, place);
    *out = (struct label_row){
        .line = line,
        .label = {.sample = or_empty(fields[SAMPLE]),
                  .model = or_empty(fields[MODEL]),
                  .target = or_empty(fields[TARGET]),
                  .labeller = fields[LABELLER].size ? fields[LABELLER] : str_of(reading->labeller),
                  .probability = NAN,
                  .note = fields[NOTE].size ? fields[NOTE] : (struct str){0}},
        .timed = fields[LABELLED_AT].size > 0};
    if (!is_name(label->sample, false))
        problems_add(problems, place, "sample: an id is wanted, at most %d bytes", NAME_BYTES_MAX);
    if (!is_name(label->model, true))
        problems_add(problems, place, "model: longer than %d bytes, or no text", NAME_BYTES_MAX);
    if (!is_name(label->target, false))
        problems_add(problems, place,
                     "target: the name of a criterion or a dimension is wanted, or composite");
    if (!is_name(label->labeller, false))
        problems_add(problems, place, "labeller: who said so? Name them here or by --labeller");
    if (!parse_value(fields[VALUE], &label->value))
        problems_add(problems, place,
                     "value: a number from 0 to 1 is wanted, or pass, fail, yes, no, true, false");
    if (out->timed && !clock_parse_rfc3339(fields[LABELLED_AT], &label->labelled_at_ms))
        problems_add(problems, place,
                     "labelled_at: RFC 3339 is wanted, such as 2026-03-01T12:00:00Z");
    if (fields[PROBABILITY].size > 0 &&
        !(parse_number(fields[PROBABILITY], &label->probability) && label->probability > 0 &&
          label->probability <= 1))
        problems_add(problems, place, "probability: above 0 and at most 1 is wanted, or nothing");
    if (label->note.size > NOTE_BYTES_MAX || (label->note.data && !utf8_valid(label->note)))
        problems_add(problems, place, "note: longer than %d bytes, or no text", NOTE_BYTES_MAX);
    return problems->total == before;
}

static void add_row(struct reading *reading, size_t line, const struct str fields[COLUMNS])
{
    struct label_file *file = reading->file;
    struct label_row row;
    if (fields[VALUE].size == 0) {
        file->open++;
        return;
    }
    if (!read_fields(reading, line, fields, &row))
        return;
    if ((file->count & (file->count - 1)) == 0) /* full at powers of two */
        file->rows = memory_resize(file->rows, file->count ? 2 * file->count : 1,
                                   sizeof *file->rows);
    file->rows[file->count++] = row;
}

/* ---- CSV ---- */

/* Which column each field of a row is. */
static bool read_header(struct reading *reading, struct csv *csv,
                        enum column columns[CSV_FIELDS_MAX], size_t *out_count)
{
    char place[PLACE_BYTES];
    struct str names[CSV_FIELDS_MAX];
    bool there[UNKNOWN + 1] = {false}, fine = true;
    if (csv_next(csv, &reading->file->arena, names, out_count) != CSV_ROW)
        return problems_add(reading->problems, "line 1",
                            "the first row must name the columns: " LABEL_COLUMNS);
    place_of(csv->line, place);
    for (size_t i = 0; i < *out_count; i++) {
        columns[i] = column_of(names[i]);
        if (columns[i] == UNKNOWN)
            fine = unknown_column(reading, csv->line, names[i]);
        else if (columns[i] < COLUMNS && there[columns[i]])
            fine = problems_add(reading->problems, place, "column %s is there twice",
                                NAMES[columns[i]]);
        there[columns[i]] = true;
    }
    static const enum column wanted[] = {SAMPLE, TARGET, VALUE};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (!there[wanted[i]])
            fine = problems_add(reading->problems, place, "column %s is missing", NAMES[wanted[i]]);
    return fine;
}

static void csv_problem(struct reading *reading, const struct csv *csv, enum csv_status status)
{
    static const char *const words[] = {
        [CSV_OPEN_QUOTE] = "a quoted field does not end",
        [CSV_STRAY_QUOTE] = "a quote stands where none may: double it, and quote the whole field",
        [CSV_TOO_MANY] = "too many fields"};
    char place[PLACE_BYTES];
    problems_add(reading->problems, place_of(csv->line, place), "%s", words[status]);
}

static void read_csv(struct reading *reading, struct str text)
{
    struct csv csv = {.text = text};
    enum column columns[CSV_FIELDS_MAX];
    struct str values[CSV_FIELDS_MAX];
    size_t width, count;
    enum csv_status status;
    if (!read_header(reading, &csv, columns, &width))
        return;
    while ((status = csv_next(&csv, &reading->file->arena, values, &count)) != CSV_END) {
        struct str fields[COLUMNS] = {{0}};
        char place[PLACE_BYTES];
        if (status != CSV_ROW) {
            csv_problem(reading, &csv, status);
            continue;
        }
        if (count != width) {
            problems_add(reading->problems, place_of(csv.line, place),
                         "%zu fields, but the first row names %zu", count, width);
            continue;
        }
        for (size_t i = 0; i < count; i++)
            if (columns[i] < COLUMNS)
                fields[columns[i]] = csv_plain(values[i]);
        add_row(reading, csv.line, fields);
    }
}

/* ---- JSON Lines ---- */

/* A value as CSV would spell it; absent for null. False: it is a list or an object. */
static bool spell(struct reading *reading, json_t *value, struct str *out)
{
    *out = (struct str){0};
    if (json_is_string(value)) {
        const char *text = arena_copy(&reading->file->arena, (struct str){json_string_value(value),
                                                             json_string_length(value)});
        *out = (struct str){text, json_string_length(value)};
    } else if (json_is_number(value)) {
        *out = str_of(arena_printf(&reading->file->arena, "%.17g", json_number_value(value)));
    } else if (json_is_boolean(value)) {
        *out = json_is_true(value) ? STR("1") : STR("0");
    }
    return !json_is_object(value) && !json_is_array(value);
}

static void read_object(struct reading *reading, json_t *object, size_t line)
{
    struct str fields[COLUMNS] = {{0}};
    char place[PLACE_BYTES];
    const char *name;
    json_t *value;
    bool fine = true;
    json_object_foreach(object, name, value) {
        enum column column = column_of(str_of(name));
        if (column == UNKNOWN)
            fine = unknown_column(reading, line, str_of(name));
        else if (column < COLUMNS && !spell(reading, value, &fields[column]))
            fine = problems_add(reading->problems, place_of(line, place),
                                "%s: a text or a number is wanted", name);
    }
    if (fine)
        add_row(reading, line, fields);
}

static void read_json_lines(struct reading *reading, struct str text)
{
    for (size_t line = 1, at = 0; at < text.size; line++) {
        const char *end = memchr(text.data + at, '\n', text.size - at);
        struct str one = {text.data + at, end ? (size_t)(end - text.data) - at : text.size - at};
        struct error error = {0};
        char place[PLACE_BYTES];
        at += one.size + 1;
        if (strspn(one.data, " \t\r") >= one.size)
            continue;
        json_t *object = json_read(one, &JSON_LIMITS_DOCUMENT, &error);
        if (json_is_object(object))
            read_object(reading, object, line);
        else
            problems_add(reading->problems, place_of(line, place), "%.300s",
                         error.kind ? error.text : "an object is wanted");
        json_decref(object);
    }
}

bool label_file_read(struct label_file *file, const char *path, const char *labeller,
                     struct problems *problems, struct error *error)
{
    size_t size;
    struct reading reading = {file, labeller ? labeller : "", problems};
    if (!json_read_bytes(path, LABEL_FILE_BYTES_MAX, &file->text, &size, error))
        return false;
    struct str text = {file->text, size};
    if (size >= 3 && memcmp(text.data, "\xEF\xBB\xBF", 3) == 0)
        text = (struct str){text.data + 3, size - 3};
    size_t blank = strspn(text.data, " \t\r\n");
    if (blank < text.size && text.data[blank] == '{')
        read_json_lines(&reading, text);
    else
        read_csv(&reading, text);
    return true;
}

void label_file_clear(struct label_file *file)
{
    free(file->text);
    free(file->rows);
    arena_clear(&file->arena);
    *file = (struct label_file){0};
}
