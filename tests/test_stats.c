/* Do the statistics give what SciPy, statsmodels and the published programs gave?
 *
 * The vectors stand in tests/stats/drift_vectors.json, made with them. A group without a function
 * here, a function without its group, and a number that nobody compares are failures. */
#include "tests/stats/vectors.h"

static const char FILE_NAME[] = "tests/stats/drift_vectors.json";

static const struct vectors_entry *const TABLES[] = {VECTORS_ARITHMETIC, VECTORS_WINDOWS,
                                                     VECTORS_RATES,      VECTORS_EVIDENCE,
                                                     VECTORS_ALARMS,     VECTORS_SAMPLES};

static void every_vector_is_met(void **state)
{
    (void)state;
    json_error_t error;
    json_t *file = json_load_file(FILE_NAME, 0, &error);
    if (!file)
        fail_msg("%s: %s", FILE_NAME, error.text);
    json_object_del(file, "_meta"); /* which versions made the file */
    for (size_t t = 0; t < sizeof TABLES / sizeof *TABLES; t++) {
        for (const struct vectors_entry *entry = TABLES[t]; entry->name; entry++) {
            json_t *group = json_object_get(file, entry->name);
            if (!group)
                fail_msg("%s has no group %s", FILE_NAME, entry->name);
            vectors_run(entry, group);
            json_object_del(file, entry->name);
        }
    }
    const char *name;
    json_t *group;
    json_object_foreach(file, name, group) fail_msg("nothing checks the group %s", name);
    json_decref(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_vector_is_met)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
