/* test_feed: names of objects, envelopes, and positions of assay feed. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include "worker/intake/envelope.h"
#include "worker/intake/object_key.h"
#include "worker/feed/ids.h"
#include "worker/feed/positions.h"
#include "worker/feed/truths.h"

static void names_tell_endpoint_variant_and_hour(void **state)
{
    (void)state;
    static const struct {
        const char *name, *endpoint, *variant;
        int64_t hour_s; /* as `date -u -d ... +%s` tells it */
    } CASES[] = {
        {"chat/blue/2026/02/19/01/a.jsonl", "chat", "blue", 1771462800},
        {"s3://b/p/q/chat/AllTraffic/2026/12/31/23/34-30-1.jsonl", "chat", "AllTraffic",
         1798758000},
        {"/data/2026/2025/2026/02/19/00/a.jsonl.gz", "2026", "2025", 1771459200},
        {"chat/blue/2026/13/19/01/a.jsonl", NULL, NULL, 0}, /* no month */
        {"chat/blue/2026/02/19/24/a.jsonl", NULL, NULL, 0}, /* no hour */
        {"chat/blue/2026/2/19/01/a.jsonl", NULL, NULL, 0},
        {"chat/blue/2026/02/19/a.jsonl", NULL, NULL, 0},
        {"blue/2026/02/19/01/a.jsonl", NULL, NULL, 0}, /* no endpoint */
        {"chat//2026/02/19/01/a.jsonl", NULL, NULL, 0},
        {"a.jsonl", NULL, NULL, 0},
        {"", NULL, NULL, 0},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct object_key key;
        bool known = object_key_read(str_of(CASES[i].name), &key);
        if (known != (CASES[i].endpoint != NULL) ||
            (known && (!str_is(key.endpoint, CASES[i].endpoint) ||
                       !str_is(key.variant, CASES[i].variant))) ||
            key.hour_ms != CASES[i].hour_s * 1000)
            fail_msg("%s", CASES[i].name);
        if (!known)
            assert_null(key.endpoint.data);
    }
}

static void names_tell_foreign_objects(void **state)
{
    (void)state;
    static const char *const OURS[] = {"a.jsonl",    "p/a.json",    "a.ndjson",
                                       "a.jsonl.gz", "x/b.json.gz", "a.jsonl.zst"};
    static const char *const FOREIGN[] = {"",         "p/",        "a.csv", "a.gz",       ".jsonl",
                                          "p/.a.jsonl", "a.jsonl.tmp", "jsonl", "p/manifest"};
    for (size_t i = 0; i < sizeof OURS / sizeof *OURS; i++)
        if (!object_key_is_lines(str_of(OURS[i])))
            fail_msg("%s", OURS[i]);
    for (size_t i = 0; i < sizeof FOREIGN / sizeof *FOREIGN; i++)
        if (object_key_is_lines(str_of(FOREIGN[i])))
            fail_msg("%s", FOREIGN[i]);
}

/* One line of an object of endpoint e, variant v; `sampled` with probability 0.5. */
static void lines_become_records(void **state)
{
    (void)state;
    static const struct {
        const char *line, *record, *key;
        bool sampled;
    } CASES[] = {
        {"{\"response\":\"x\"}",
         "{\"endpoint\":\"e\",\"variant\":\"v\",\"model\":\"m\",\"record\":{\"response\":\"x\"}}",
         "", false},
        {"{\"eventMetadata\":{\"eventId\":\"1\",\"inferenceId\":\"2\"}}",
         "{\"endpoint\":\"e\",\"variant\":\"v\",\"model\":\"m\",\"record\":{\"eventMetadata\":{"
         "\"eventId\":\"1\",\"inferenceId\":\"2\"}}}",
         "2", false},
        {"{\"eventMetadata\":{\"eventId\":\"1\",\"inferenceId\":null}}",
         "{\"endpoint\":\"e\",\"variant\":\"v\",\"model\":\"m\",\"record\":{\"eventMetadata\":{"
         "\"eventId\":\"1\",\"inferenceId\":null}}}",
         "1", false},
        {"{\"endpoint\":null,\"variant\":\"\",\"model\":\"n\",\"session\":7}",
         "{\"endpoint\":\"e\",\"variant\":\"v\",\"record\":{\"endpoint\":null,\"variant\":\"\","
         "\"model\":\"n\",\"session\":7}}",
         "7", false},
        {"{\"record\":{\"model\":\"n\",\"group\":\"g\"},\"session\":\"s\"}",
         "{\"endpoint\":\"e\",\"variant\":\"v\",\"record\":{\"model\":\"n\",\"group\":\"g\"},"
         "\"session\":\"s\"}",
         "g", false},
        {"{\"id\":\"i\",\"probability\":0.5}",
         "{\"endpoint\":\"e\",\"variant\":\"v\",\"model\":\"m\",\"stratum\":\"e\",\"probability\":"
         "0.25,"
         "\"record\":{\"id\":\"i\",\"probability\":0.5}}",
         "i", true},
        {"{\"probability\": 0.1 ,\"stratum\":\"z\",\"record\":{\"id\":\"i\"}}",
         "{\"endpoint\":\"e\",\"variant\":\"v\",\"model\":\"m\",\"probability\": 0.05 ,"
         "\"stratum\":\"z\",\"record\":{\"id\":\"i\"}}",
         "i", true},
    };
    const struct object_key name = {.endpoint = STR("e"), .variant = STR("v")};
    const char *pair = "e=m";
    struct arena arena = {0};
    struct buffer record = {0};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct envelope envelope;
        struct envelope_options options = {.models = {&pair, 1}, .sampled = CASES[i].sampled};
        buffer_reset(&record);
        assert_null(envelope_read(&envelope, str_of(CASES[i].line), &name, &arena));
        envelope_write(&envelope, &options, CASES[i].sampled ? 0.5 : 1, &record);
        assert_string_equal(record.data, CASES[i].record);
        assert_true(str_equal(envelope.key, str_of(CASES[i].key)));
    }
    buffer_clear(&record);
    arena_clear(&arena);
}

/* Of endpoint e, variant v, with a reference that came late. */
static void references_stand_in_the_envelope(void **state)
{
    (void)state;
    static const struct {
        const char *line, *record;
        bool referenced;
    } CASES[] = {
        {"{\"id\":1}",
         "{\"endpoint\":\"e\",\"variant\":\"v\",\"run\":\"references\",\"reference\":[\"a\"],"
         "\"record\":{\"id\":1}}",
         false},
        {"{\"record\":{\"id\":1},\"note\":2}",
         "{\"endpoint\":\"e\",\"variant\":\"v\",\"run\":\"references\",\"reference\":[\"a\"],"
         "\"record\":{\"id\":1},\"note\":2}",
         false},
        {"{\"reference\":null,\"id\":1}",
         "{\"endpoint\":\"e\",\"variant\":\"v\",\"run\":\"references\",\"reference\":[\"a\"],"
         "\"record\":{\"reference\":null,\"id\":1}}",
         false},
        {"{\"record\":{\"id\":1,\"reference\":\"own\"}}",
         "{\"endpoint\":\"e\",\"variant\":\"v\",\"run\":\"references\","
         "\"record\":{\"id\":1,\"reference\":\"own\"}}",
         true},
        {"{\"record\":{\"id\":1},\"reference\":null}",
         "{\"endpoint\":\"e\",\"variant\":\"v\",\"run\":\"references\","
         "\"record\":{\"id\":1},\"reference\":null}",
         true},
    };
    const struct object_key name = {.endpoint = STR("e"), .variant = STR("v")};
    const struct envelope_options options = {0};
    struct arena arena = {0};
    struct buffer record = {0};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct envelope envelope;
        buffer_reset(&record);
        assert_null(envelope_read(&envelope, str_of(CASES[i].line), &name, &arena));
        assert_int_equal(envelope.referenced, CASES[i].referenced);
        assert_true(str_is(envelope.ids[2], "1"));
        envelope.reference = STR("[\"a\"]");
        envelope.run = SAMPLE_REFERENCES;
        envelope_write(&envelope, &options, 1, &record);
        assert_string_equal(record.data, CASES[i].record);
    }
    buffer_clear(&record);
    arena_clear(&arena);
}

static void names_are_found_by_endpoint_and_variant(void **state)
{
    (void)state;
    static const char *const PAIRS[] = {"a=1", "a/v=2", "a=3", "b=x=y"};
    const struct named named = {PAIRS, 4};
    assert_true(str_is(named_of_endpoint(&named, STR("a"), STR("v")), "2"));
    assert_true(str_is(named_of_endpoint(&named, STR("a"), STR("w")), "3"));
    assert_true(str_is(named_of_endpoint(&named, STR("b=x"), STR("")), "y"));
    assert_null(named_of_endpoint(&named, STR("c"), STR("v")).data);
}

static void positions_of_many_objects_are_kept(void **state)
{
    (void)state;
    enum { OBJECTS = 5000 };
    char name[64];
    struct positions *positions = positions_new();
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < OBJECTS; i++) {
            snprintf(name, sizeof name, "s3://b/%d", i);
            struct position position = {.lines = i + round, .done = i % 2};
            positions_set(positions, str_of(name), &position);
        }
    for (int i = 0; i < OBJECTS; i++) {
        snprintf(name, sizeof name, "s3://b/%d", i);
        const struct position *position = positions_find(positions, str_of(name));
        assert_non_null(position);
        assert_int_equal(position->lines, i + 1);
        assert_int_equal(position->done, i % 2);
    }
    assert_null(positions_find(positions, STR("s3://b/x")));
    positions_free(positions);
}

static void numbers_are_found_by_name_and_given_anew(void **state)
{
    (void)state;
    enum { NAMES = 5000 };
    char name[64];
    uint32_t anew[NAMES];
    struct ids *ids = ids_new();
    for (uint32_t i = 0; i < NAMES; i++) {
        snprintf(name, sizeof name, "i-%u", i);
        ids_set(ids, str_of(name), NAMES);
        ids_set(ids, str_of(name), i);
        anew[i] = i % 10 ? IDS_NONE : i / 10;
    }
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < NAMES; i++) {
            snprintf(name, sizeof name, "i-%u", i);
            assert_int_equal(ids_find(ids, str_of(name)), round ? anew[i] : i);
        }
        if (round == 0)
            ids_renumber(ids, anew);
    }
    assert_int_equal(ids_find(ids, STR("i")), IDS_NONE);
    ids_free(ids);
}

/* Two samples, two references; windows of an hour. */
static void references_and_samples_are_forgotten_with_their_objects(void **state)
{
    (void)state;
    enum { HOUR_MS = 3600000 };
    static const struct str A[] = {{0}, STR("a")}, B[] = {STR("b"), STR("")}, A_TOO[] = {STR("a")};
    struct truths *truths = truths_new(HOUR_MS);
    struct truth *added, about = {.modified_ms = 10 * HOUR_MS};
    assert_true(truths_add(truths, A, 2, STR("\"1\""), &about, &added));
    assert_false(truths_add(truths, A_TOO, 1, STR("\"2\""), &about, &added));
    about.modified_ms = 12 * HOUR_MS;
    assert_true(truths_add(truths, B, 2, STR("\"3\""), &about, &added));
    struct source_object object = {.name = (char[]){"x"}, .modified_ms = 10 * HOUR_MS};
    uint32_t x = truths_object(truths, NULL, &object);
    truths_add_sample(truths, x, A, 2, 100);
    object = (struct source_object){.name = (char[]){"y"}, .modified_ms = 12 * HOUR_MS};
    uint32_t y = truths_object(truths, NULL, &object);
    truths_add_sample(truths, y, B, 2, 100);
    assert_int_equal(truths_object(truths, NULL, &object), y);
    assert_string_equal(truths_find(truths, A_TOO, 1, 11 * HOUR_MS)->reference, "\"1\"");
    assert_null(truths_find(truths, A, 2, 11 * HOUR_MS + 1));
    assert_int_equal(truths_find_sample(truths, A, 2, 9 * HOUR_MS), x);
    assert_int_equal(truths_find_sample(truths, A, 2, 9 * HOUR_MS - 1), IDS_NONE);
    assert_int_equal(truths_find_sample(truths, &A[0], 1, 10 * HOUR_MS), IDS_NONE); /* no name */
    truths_sweep(truths, 11 * HOUR_MS);
    assert_null(truths_find(truths, A, 2, 10 * HOUR_MS));
    assert_int_equal(truths_find_sample(truths, A, 2, 10 * HOUR_MS), IDS_NONE);
    assert_string_equal(truths_find(truths, B, 2, 12 * HOUR_MS)->reference, "\"3\"");
    y = truths_find_sample(truths, B, 2, 12 * HOUR_MS);
    assert_string_equal(truths_object_at(truths, y)->object.name, "y");
    assert_int_equal(truths_object(truths, NULL, &object), y);
    truths_free(truths);
}

static void positions_are_read_as_written(void **state)
{
    (void)state;
    struct position position = {.etag = position_etag("\"e\""),
                                .lines = 7,
                                .digest = UINT64_MAX - 1,
                                .done = true},
                    read;
    struct buffer text = {0}, object = {0};
    struct error error = {0};
    position_write(STR("a\"b"), "\"e\"", &position, &text);
    assert_string_equal(text.data, "{\"object\":\"a\\\"b\",\"etag\":\"\\\"e\\\"\",\"lines\":7,"
                                   "\"digest\":\"fffffffffffffffe\",\"done\":true}");
    assert_true(position_read(buffer_str(&text), &object, &read, &error));
    assert_string_equal(object.data, "a\"b");
    assert_true(read.etag == position.etag && read.lines == 7 && read.digest == position.digest &&
                read.done);
    static const char *const WRONG[] = {
        "", "{}", "[]",
        "{\"object\":\"a\",\"etag\":\"\",\"lines\":-1,\"digest\":\"0\",\"done\":true}"};
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
        error_clear(&error);
        assert_false(position_read(str_of(WRONG[i]), &object, &read, &error));
    }
    buffer_clear(&text);
    buffer_clear(&object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_tell_endpoint_variant_and_hour),
        cmocka_unit_test(names_tell_foreign_objects),
        cmocka_unit_test(lines_become_records),
        cmocka_unit_test(names_are_found_by_endpoint_and_variant),
        cmocka_unit_test(references_stand_in_the_envelope),
        cmocka_unit_test(positions_of_many_objects_are_kept),
        cmocka_unit_test(numbers_are_found_by_name_and_given_anew),
        cmocka_unit_test(references_and_samples_are_forgotten_with_their_objects),
        cmocka_unit_test(positions_are_read_as_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
