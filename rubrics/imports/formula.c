/* formula: what a multi grader calculates of its graders' values, as weights. */
#include "rubrics/imports/formula.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    const char *at;
    const json_t *graders;
    struct formula *out;
};

static bool accept(struct reader *reader, char wanted)
{
    reader->at += strspn(reader->at, " \t\n");
    if (*reader->at != wanted)
        return false;
    reader->at++;
    return true;
}

/* A number without a sign, as weights have it. */
static bool read_number(struct reader *reader, double *out)
{
    reader->at += strspn(reader->at, " \t\n");
    if (!isdigit((unsigned char)*reader->at) && *reader->at != '.')
        return false;
    char *end;
    *out = strtod(reader->at, &end);
    bool fine = end != reader->at && isfinite(*out);
    reader->at = end;
    return fine;
}

/* The longest key of the graders that stands here. */
static const char *read_name(struct reader *reader)
{
    reader->at += strspn(reader->at, " \t\n");
    size_t size = 0;
    while (isalnum((unsigned char)reader->at[size]) ||
           (reader->at[size] && strchr("_-", reader->at[size])))
        size++;
    const char *key, *found = NULL;
    json_t *one;
    json_object_foreach((json_t *)reader->graders, key, one)
    {
        if (strlen(key) == size && strncmp(key, reader->at, size) == 0)
            found = key;
    }
    reader->at += found ? size : 0;
    return found;
}

static bool add_term(struct reader *reader, const char *name, double weight)
{
    struct formula *out = reader->out;
    if (!name || out->count == FORMULA_TERMS_MAX)
        return false;
    out->terms[out->count].name = name;
    out->terms[out->count++].weight = weight;
    return true;
}

/* "0.7*a", "a*0.7", "a/2" or "a". */
static bool read_term(struct reader *reader, double sign)
{
    double weight = 1;
    bool number_first = read_number(reader, &weight);
    if (number_first && !accept(reader, '*'))
        return false;
    const char *name = read_name(reader);
    double factor;
    if (!number_first && accept(reader, '*')) {
        if (!read_number(reader, &weight))
            return false;
    } else if (accept(reader, '/')) {
        if (!read_number(reader, &factor) || factor == 0)
            return false;
        weight /= factor;
    }
    return add_term(reader, name, sign * weight);
}

static bool read_sum(struct reader *reader)
{
    if (!read_term(reader, 1))
        return false;
    for (;;) {
        double sign = accept(reader, '+') ? 1 : accept(reader, '-') ? -1 : 0;
        if (sign == 0)
            return true;
        if (!read_term(reader, sign))
            return false;
    }
}

static bool read_minimum(struct reader *reader)
{
    if (strncmp(reader->at, "min", 3) != 0)
        return false;
    reader->at += 3;
    if (!accept(reader, '('))
        return false;
    do {
        if (!add_term(reader, read_name(reader), 1))
            return false;
    } while (accept(reader, ','));
    reader->out->is_minimum = accept(reader, ')');
    return reader->out->is_minimum;
}

/* A sum in parentheses may be scaled; weights are shares, so by how much counts for nothing. */
static bool read_scaled(struct reader *reader)
{
    double factor;
    if (!accept(reader, '('))
        return read_sum(reader);
    if (!read_sum(reader) || !accept(reader, ')'))
        return false;
    if (accept(reader, '/') || accept(reader, '*'))
        return read_number(reader, &factor) && factor > 0;
    return true;
}

bool formula_read(const char *text, const json_t *graders, struct formula *out)
{
    struct reader reader = {text + strspn(text, " \t\n"), graders, out};
    bool fine = read_minimum(&reader);
    if (!fine) {
        *out = (struct formula){0};
        reader.at = text;
        fine = read_scaled(&reader);
    }
    double sum = 0;
    for (size_t i = 0; fine && i < out->count; i++)
        sum += out->terms[i].weight;
    accept(&reader, ' ');
    if (fine && *reader.at == '\0' && sum > 0)
        return true;
    *out = (struct formula){0};
    return false;
}

double formula_weight(const struct formula *formula, const char *name)
{
    double weight = 0;
    for (size_t i = 0; i < formula->count; i++)
        if (strcmp(formula->terms[i].name, name) == 0)
            weight += formula->terms[i].weight;
    return weight;
}
