/* json_compare: two JSON values: the same, matching, or how alike. */
#include "evaluators/answers/json_compare.h"

#include <math.h>
#include <stdlib.h>
#include "schema/base/memory.h"

static struct str text_of(const json_t *value)
{
    return (struct str){json_string_value(value), json_string_length(value)};
}

static bool whole_is(double real, json_int_t whole)
{
    static const double BEYOND = 9223372036854775808.0; /* 2^63 */
    return real == floor(real) && real >= -BEYOND && real < BEYOND && (json_int_t)real == whole;
}

static bool same_number(const json_t *a, const json_t *b)
{
    if (json_is_integer(a) && json_is_integer(b))
        return json_integer_value(a) == json_integer_value(b);
    if (json_is_integer(a))
        return whole_is(json_real_value(b), json_integer_value(a));
    if (json_is_integer(b))
        return whole_is(json_real_value(a), json_integer_value(b));
    return json_real_value(a) == json_real_value(b);
}

static bool same_scalar(const json_t *a, const json_t *b)
{
    if (json_is_number(a) && json_is_number(b))
        return same_number(a, b);
    if (json_is_string(a) && json_is_string(b))
        return str_equal(text_of(a), text_of(b));
    return json_typeof(a) == json_typeof(b);
}

typedef bool same_function(const json_t *a, const json_t *b, void *context);

/* Objects and lists part by part; a missing key is NULL. */
static bool same_parts(const json_t *a, const json_t *b, same_function *same, void *context)
{
    if (json_typeof(a) != json_typeof(b))
        return false;
    if (json_is_array(a)) {
        bool fine = json_array_size(a) == json_array_size(b);
        for (size_t i = 0; fine && i < json_array_size(a); i++)
            fine = same(json_array_get(a, i), json_array_get(b, i), context);
        return fine;
    }
    if (json_object_size(a) != json_object_size(b))
        return false;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)a, key, value)
    {
        const json_t *other = json_object_get(b, key);
        if (!other || !same(value, other, context))
            return false;
    }
    return true;
}

static bool has_parts(const json_t *value)
{
    return json_is_array(value) || json_is_object(value);
}

static bool same_counted(const json_t *a, const json_t *b, void *context)
{
    uint64_t *steps = context;
    if (*steps == 0)
        return false;
    --*steps;
    return has_parts(a) ? same_parts(a, b, same_counted, context) : same_scalar(a, b);
}

bool json_same(const json_t *a, const json_t *b, uint64_t *steps)
{
    return same_counted(a, b, steps);
}

static bool match(const json_t *a, const json_t *b, void *context)
{
    if (json_is_null(a) || json_is_null(b))
        return false;
    return has_parts(a) ? same_parts(a, b, match, context) : same_scalar(a, b);
}

bool json_match(const json_t *a, const json_t *b)
{
    return match(a, b, NULL);
}

void json_diff_init(struct json_diff *diff, struct similarity *similarity)
{
    *diff = (struct json_diff){.similarity = similarity};
    vocabulary_init(&diff->vocabulary, similarity->arena);
}

static bool diff_texts(struct json_diff *diff, struct str a, struct str b, double *out_value)
{
    *out_value = 1;
    if (str_equal(a, b))
        return true;
    struct sequence left = vocabulary_code_points(&diff->vocabulary, a);
    struct sequence right = vocabulary_code_points(&diff->vocabulary, b);
    size_t distance, longer = left.count > right.count ? left.count : right.count;
    if (!similarity_levenshtein(diff->similarity, left, right, diff->vocabulary.count, &distance))
        return false;
    *out_value = 1 - (double)distance / (double)longer;
    return true;
}

static bool diff_dumps(struct json_diff *diff, const json_t *a, const json_t *b, double *out_value)
{
    static const size_t FLAGS = JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY;
    char *left = json_dumps(a, FLAGS), *right = json_dumps(b, FLAGS);
    bool fine = left && right && diff_texts(diff, str_of(left), str_of(right), out_value);
    free(left);
    free(right);
    return fine;
}

/* Halves, so that the sum of two large numbers stays finite. */
static double diff_numbers(const json_t *a, const json_t *b)
{
    double left = json_number_value(a) / 2, right = json_number_value(b) / 2;
    double sum = fabs(left) + fabs(right);
    return sum > 0 ? 1 - fabs(left - right) / sum : 1;
}

static bool diff_lists(struct json_diff *diff, const json_t *a, const json_t *b, double *out_value)
{
    size_t left = json_array_size(a), right = json_array_size(b);
    size_t shorter = left < right ? left : right, longer = left > right ? left : right;
    double sum = 0;
    for (size_t i = 0; i < shorter; i++) {
        double value;
        if (!json_diff(diff, json_array_get(a, i), json_array_get(b, i), &value))
            return false;
        sum += value;
    }
    *out_value = longer > 0 ? sum / (double)longer : 1;
    return true;
}

/* Adds what the keys of `a` give; of those that `b` has too only when `shared`. */
static bool diff_keys(struct json_diff *diff, const json_t *a, const json_t *b, bool shared,
                      double *sum, size_t *count)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)a, key, value)
    {
        const json_t *other = json_object_get(b, key);
        double one = json_is_null(value); /* missing is null */
        if (other && !shared)
            continue;
        if (other && !json_diff(diff, value, other, &one))
            return false;
        *sum += one;
        ++*count;
    }
    return true;
}

bool json_diff(struct json_diff *diff, const json_t *a, const json_t *b, double *out_value)
{
    if (json_is_object(a) && json_is_object(b)) {
        double sum = 0;
        size_t count = 0;
        if (!diff_keys(diff, a, b, true, &sum, &count) ||
            !diff_keys(diff, b, a, false, &sum, &count))
            return false;
        *out_value = count > 0 ? sum / (double)count : 1;
        return true;
    }
    if (json_is_array(a) && json_is_array(b))
        return diff_lists(diff, a, b, out_value);
    if (json_is_string(a) && json_is_string(b))
        return diff_texts(diff, text_of(a), text_of(b), out_value);
    if (json_is_number(a) && json_is_number(b)) {
        *out_value = diff_numbers(a, b);
        return true;
    }
    if (json_is_null(a) || json_is_null(b)) {
        *out_value = json_is_null(a) && json_is_null(b);
        return true;
    }
    return diff_dumps(diff, a, b, out_value);
}
