/* rubric_folder: a folder of rubrics that a test writes and loads. Header-only. */
#ifndef ASSAY_TESTS_RUBRIC_FOLDER_H
#define ASSAY_TESTS_RUBRIC_FOLDER_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "rubrics/rubric.h"

/* Of one test program: the group's setup makes it, its teardown removes it. */
static char rubric_folder[] = "/tmp/assay-rubric-XXXXXX";

static inline void write_file(const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", rubric_folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* Fails the test unless it loads. */
static inline struct rubric *load_for(const char *name, const struct judge_identity *judge)
{
    char path[512];
    struct problems problems = {0};
    snprintf(path, sizeof path, "%s/%s", rubric_folder, name);
    struct rubric *rubric = rubric_load(path, judge, &problems);
    if (!rubric)
        problems_print(&problems, stderr, name);
    problems_clear(&problems);
    assert_non_null(rubric);
    return rubric;
}

static inline struct rubric *load(const char *name)
{
    return load_for(name, NULL);
}

static inline struct rubric *load_text(const char *text)
{
    write_file("r.json", text);
    return load("r.json");
}

static inline int make_folder(void **state)
{
    (void)state;
    char command[128];
    if (!mkdtemp(rubric_folder))
        return -1;
    snprintf(command, sizeof command, "mkdir %s/packs %s/elsewhere", rubric_folder, rubric_folder);
    return system(command);
}

static inline int remove_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", rubric_folder);
    return system(command);
}

#endif
