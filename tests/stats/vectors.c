/* vectors: takes test vectors out of their file and compares them. */
#include "tests/stats/vectors.h"

#include <math.h>

#include "worker/stats/random.h"

static json_t *taken;               /* keeps what was removed alive, and remembers it */
static json_t *walked;              /* the same, of objects whose members all count as used */
static const char *group_name = ""; /* for messages */

json_t *vectors_take(json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    if (!value)
        fail_msg("%s: no %s", group_name, key);
    json_array_append(taken, value);
    json_object_del(object, key);
    return value;
}

json_t *vectors_members(json_t *object, const char *key)
{
    json_t *members = json_object_get(object, key), *member;
    const char *name;
    if (!members)
        fail_msg("%s: no %s", group_name, key);
    json_array_append(walked, members);
    json_object_del(object, key);
    json_object_foreach(members, name, member) json_array_append(taken, member);
    return members;
}

double vectors_number(json_t *object, const char *key)
{
    json_t *value = vectors_take(object, key);
    if (!json_is_number(value))
        fail_msg("%s: %s is no number", group_name, key);
    return json_number_value(value);
}

bool vectors_bool(json_t *object, const char *key)
{
    json_t *value = vectors_take(object, key);
    if (!json_is_boolean(value))
        fail_msg("%s: %s is no truth value", group_name, key);
    return json_is_true(value);
}

void vectors_expect_null(json_t *object, const char *key)
{
    json_t *value = vectors_take(object, key);
    if (!json_is_null(value))
        fail_msg("%s: %s must be null", group_name, key);
}

size_t vectors_numbers(json_t *object, const char *key, double *out, size_t room)
{
    json_t *list = vectors_take(object, key), *value;
    size_t i;
    assert_true(json_array_size(list) <= room);
    json_array_foreach(list, i, value)
    {
        assert_true(json_is_number(value) || json_is_boolean(value));
        out[i] = json_is_boolean(value) ? json_is_true(value) : json_number_value(value);
    }
    return json_array_size(list);
}

double vectors_cell(const json_t *row, size_t index)
{
    json_t *value = json_array_get(row, index);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

void vectors_leave(json_t *object, const char *key, const char *reason)
{
    vectors_take(object, key);
    print_message("%s: %s is not compared: %s\n", group_name, key, reason);
}

void vectors_close(const char *where, double actual, double expected, double tolerance)
{
    if (!(fabs(actual - expected) <= tolerance * fmax(1, fabs(expected))))
        fail_msg("%s: %s is %.12g, must be %.12g", group_name, where, actual, expected);
}

void vectors_relative(const char *where, double actual, double expected)
{
    if (!(fabs(actual - expected) <= VECTORS_TOLERANCE * fabs(expected) + 1e-15 * (expected == 0)))
        fail_msg("%s: %s is %.12g, must be %.12g", group_name, where, actual, expected);
}

void vectors_expect(json_t *object, const char *key, double actual)
{
    vectors_close(key, actual, vectors_number(object, key), VECTORS_TOLERANCE);
}

void vectors_expect_root(json_t *object, const char *key, double actual)
{
    vectors_close(key, actual, vectors_number(object, key), VECTORS_ROOT_TOLERANCE);
}

static void expect_pair(json_t *object, const char *key, struct interval actual, double tolerance)
{
    json_t *pair = vectors_take(object, key);
    assert_int_equal(json_array_size(pair), 2);
    vectors_close(key, actual.low, vectors_cell(pair, 0), tolerance);
    vectors_close(key, actual.high, vectors_cell(pair, 1), tolerance);
}

void vectors_expect_interval(json_t *object, const char *key, struct interval actual)
{
    expect_pair(object, key, actual, VECTORS_TOLERANCE);
}

void vectors_expect_root_interval(json_t *object, const char *key, struct interval actual)
{
    expect_pair(object, key, actual, VECTORS_ROOT_TOLERANCE);
}

void vectors_expect_numbers(json_t *object, const char *key, const double *actual, size_t count)
{
    double expected[2048];
    assert_int_equal(vectors_numbers(object, key, expected, 2048), count);
    for (size_t i = 0; i < count; i++)
        vectors_close(key, actual[i], expected[i], VECTORS_TOLERANCE);
}

static unsigned draw(struct random *random, unsigned k)
{
    uint64_t largest = 0;
    for (unsigned i = 0; i < k; i++) {
        uint64_t q = random_below(random, SCORE_BINS);
        largest = q > largest ? q : largest;
    }
    return (unsigned)largest;
}

void vectors_scores(uint64_t seed, size_t n, unsigned k, double *out)
{
    struct random random = {seed};
    for (size_t i = 0; i < n; i++)
        out[i] = score_of_bin(draw(&random, k));
}

void vectors_bins(uint64_t seed, size_t n, unsigned k, struct score_bins *out)
{
    struct random random = {seed};
    *out = (struct score_bins){0};
    for (size_t i = 0; i < n; i++)
        out->counts[draw(&random, k)]++;
}

void vectors_base(struct score_bins *out)
{
    vectors_bins(1, 400, 3, out);
}

void vectors_current(struct score_bins *out)
{
    vectors_bins(2, 250, 2, out);
}

void vectors_same(struct score_bins *out)
{
    vectors_bins(3, 250, 3, out);
}

void vectors_small_bins(const double *values, size_t count, double scale, struct score_bins *out)
{
    *out = (struct score_bins){0};
    for (size_t i = 0; i < count; i++)
        out->counts[lround(values[i] * scale)]++;
}

/* Fails on a value, other than a text, that nobody took out of this object or of one within. */
static void check_used(const json_t *value, const char *where)
{
    const char *key;
    json_t *item;
    size_t i;
    json_array_foreach(value, i, item) if (json_is_object(item)) check_used(item, where);
    json_object_foreach((json_t *)value, key, item) if (!json_is_string(item))
        fail_msg("%s: %s is not used", where, key);
}

void vectors_run(const struct vectors_entry *entry, json_t *group)
{
    size_t i;
    json_t *value;
    taken = json_array();
    walked = json_array();
    group_name = entry->name;
    entry->check(group);
    check_used(group, entry->name);
    json_array_foreach(taken, i, value) check_used(value, entry->name);
    json_decref(taken);
    json_decref(walked);
}
