/* Does every evaluator give what its golden cases say? Adding a case needs no C: a folder
 * tests/golden/<evaluator>/<what it shows>/ with
 *   options.json   as a rubric has them
 *   sample.json    keys of a flat capture record
 *   expected.json  {"status", "value", "reason", "label"}: value exactly when scored; no reason or
 *                  label where none is named
 *   answers.json   optional: the texts that a model answers, in the order it is asked; the nonce is
 *                  0123456789abcdef0123456789abcdef. */
#include <dirent.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "tests/criterion.h"

static const char GOLDEN[] = "tests/golden";
static const double TOLERANCE = 1e-9;

static char *path_of(const char *folder, const char *name)
{
    char *path = NULL;
    assert_true(asprintf(&path, "%s/%s", folder, name) > 0);
    return path;
}

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static json_t *read_part(const char *folder, const char *name)
{
    char *path = path_of(folder, name);
    json_error_t error;
    json_t *value = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!value)
        print_error("%s: line %d: %s\n", path, error.line, error.text);
    free(path);
    return value;
}

/* NULL, and true, when there is none. */
static bool read_answers(const char *folder, json_t **out)
{
    char *path = path_of(folder, "answers.json");
    struct stat status;
    bool there = stat(path, &status) == 0;
    free(path);
    *out = there ? read_part(folder, "answers.json") : NULL;
    return !there || json_is_array(*out);
}

static bool same_text(const json_t *expected, const char *actual)
{
    const char *text = json_string_value(expected);
    return text && actual ? strcmp(text, actual) == 0 : !text && !actual;
}

/* Is the score what expected.json says? */
static bool is_expected(const json_t *expected, struct score score)
{
    const json_t *value = json_object_get(expected, "value");
    bool scored = score.status == SCORE_SCORED;
    return same_text(json_object_get(expected, "status"), score_status_name(score.status)) &&
           same_text(json_object_get(expected, "reason"), score.reason) &&
           same_text(json_object_get(expected, "label"), score.label) &&
           json_is_number(value) == scored &&
           (!scored || fabs(json_number_value(value) - score.value) <= TOLERANCE);
}

static bool has_known_keys_only(const json_t *expected, const char *folder)
{
    const char *key;
    json_t *value;
    bool fine = true;
    json_object_foreach((json_t *)expected, key, value)
    {
        if (strcmp(key, "status") && strcmp(key, "value") && strcmp(key, "reason") &&
            strcmp(key, "label")) {
            print_error("%s/expected.json: unknown key %s\n", folder, key);
            fine = false;
        }
    }
    return fine;
}

/* Opens the criterion that the case asks for, unless it is the one of the case before: patterns are
 * tried when they are loaded, which takes its time. */
static bool open_criterion(struct criterion *last, const char *evaluator, json_t *options,
                           const char *folder)
{
    if (last->state && json_equal(last->options, options))
        return true;
    criterion_close(last);
    if (criterion_open_json(last, evaluator, json_incref(options)))
        return true;
    problems_print(&last->problems, stderr, folder);
    criterion_close(last);
    *last = (struct criterion){0};
    return false;
}

static bool run_case(struct criterion *last, const char *evaluator, const char *folder)
{
    json_t *options = read_part(folder, "options.json");
    json_t *sample = read_part(folder, "sample.json");
    json_t *expected = read_part(folder, "expected.json");
    json_t *answers;
    bool fine = read_answers(folder, &answers) && options && sample && expected &&
                has_known_keys_only(expected, folder) &&
                open_criterion(last, evaluator, options, folder);
    if (fine) {
        size_t given;
        struct score score = criterion_score_answered(last, sample, answers, &given);
        fine = is_expected(expected, score) && given == json_array_size(answers);
        if (given < json_array_size(answers))
            print_error("%s: %zu answers were asked for\n", folder, given);
        else if (!fine)
            print_error("%s: got %s, value %.17g, reason %s, label %s\n", folder,
                        score_status_name(score.status), score.value,
                        score.reason ? score.reason : "none", score.label ? score.label : "none");
    }
    json_decref(options);
    json_decref(sample);
    json_decref(expected);
    json_decref(answers);
    return fine;
}

/* Every folder in the evaluator's folder is a case. Returns how many there were. */
static unsigned run_evaluator(const char *evaluator, const char *folder, unsigned *failures)
{
    unsigned cases = 0;
    struct criterion criterion = {0};
    DIR *directory = opendir(folder);
    assert_non_null(directory);
    for (struct dirent *entry; (entry = readdir(directory));) {
        char *path = path_of(folder, entry->d_name);
        if (entry->d_name[0] != '.' && is_folder(path)) {
            cases++;
            *failures += !run_case(&criterion, evaluator, path);
        }
        free(path);
    }
    closedir(directory);
    criterion_close(&criterion);
    return cases;
}

static void every_golden_case_gives_what_it_says(void **state)
{
    (void)state;
    unsigned cases = 0, failures = 0;
    DIR *directory = opendir(GOLDEN);
    assert_non_null(directory);
    for (struct dirent *entry; (entry = readdir(directory));) {
        char *path = path_of(GOLDEN, entry->d_name);
        if (entry->d_name[0] != '.' && is_folder(path))
            cases += run_evaluator(entry->d_name, path, &failures);
        free(path);
    }
    closedir(directory);
    print_message("%u golden cases\n", cases);
    assert_true(cases > 0);
    assert_int_equal(failures, 0);
}

static unsigned count_folders(const char *folder)
{
    unsigned count = 0;
    DIR *directory = opendir(folder);
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        char *path = path_of(folder, entry->d_name);
        count += entry->d_name[0] != '.' && is_folder(path);
        free(path);
    }
    if (directory)
        closedir(directory);
    return count;
}

/* Whoever adds an evaluator shows with it what it does. */
static void every_evaluator_has_a_case(void **state)
{
    (void)state;
    unsigned without = 0;
    for (const struct evaluator *const *one = evaluator_all(); *one; one++) {
        char *path = path_of(GOLDEN, (*one)->name);
        if (count_folders(path) == 0) {
            print_error("%s holds no case of the evaluator %s\n", path, (*one)->name);
            without++;
        }
        free(path);
    }
    assert_int_equal(without, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_golden_case_gives_what_it_says),
        cmocka_unit_test(every_evaluator_has_a_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
