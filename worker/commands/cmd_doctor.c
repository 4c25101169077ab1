/* assay doctor: what is wrong with this configuration, its credentials, its brokers. */
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "schema/base/buffer.h"
#include "schema/base/memory.h"
#include "worker/commands/commands.h"
#include "worker/options/config_file.h"
#include "worker/doctor/doctor.h"

struct options {
    struct run_options run;
    bool json;
};

static const struct arg ARGS[] = {
    {.name = "json",
     .kind = ARG_FLAG,
     .offset = offsetof(struct options, json),
     .help = "print one JSON object, for programs"},
};

static const struct arg_table TABLE = {
    .description =
        "Looks at everything `assay run` with the same options would need, changes "
        "nothing, calls no\nmodel, and says line by line what was found and what to do.\n\n"
        "Exit status: 0 nothing failed, 2 wrong usage, 3 something would not work.",
    .groups = (const struct arg_group[]){RUN_GROUPS(offsetof(struct options, run)),
                                         {"Doctor", ARGS, sizeof ARGS / sizeof *ARGS, 0}},
    .group_count = RUN_GROUP_COUNT + 1,
};

/* In the order they are made and read. A new check is a function in doctor.h and a line here. */
static const struct {
    const char *name;
    void (*look)(struct doctor *doctor);
} CHECKS[] = {
    {"configuration", doctor_configuration},
    {"libraries", doctor_versions},
    {"evaluators", doctor_evaluators},
    {"rubrics", doctor_rubrics},
    {"store", doctor_store},
    {"text", doctor_text},
    {"kafka", doctor_kafka},
    {"region", doctor_region},
    {"credentials", doctor_credentials},
    {"judge", doctor_judge},
    {"cloudwatch", doctor_cloudwatch},
};

static const char *const VERDICTS[] = {
    [VERDICT_OK] = "ok", [VERDICT_WARN] = "warn", [VERDICT_FAIL] = "FAIL"};

void doctor_say(struct doctor *doctor, enum verdict verdict, const char *todo, const char *format,
                ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    doctor->founds = memory_resize(doctor->founds, doctor->count + 1, sizeof *doctor->founds);
    doctor->founds[doctor->count++] =
        (struct found){verdict, doctor->check, memory_copy_string(text), todo};
}

static bool nothing_failed(const struct doctor *doctor)
{
    for (size_t i = 0; i < doctor->count; i++)
        if (doctor->founds[i].verdict == VERDICT_FAIL)
            return false;
    return true;
}

/* From the `first` line on: each check is shown as soon as it has looked. */
static void print_text(const struct doctor *doctor, size_t first)
{
    for (size_t i = first; i < doctor->count; i++) {
        const struct found *one = &doctor->founds[i];
        printf("%-4s  %-13s  %s%s%s\n", VERDICTS[one->verdict], one->check, one->what,
               one->todo ? " -> " : "", one->todo ? one->todo : "");
    }
    fflush(stdout);
}

static void print_json(const struct doctor *doctor)
{
    json_t *list = json_array();
    for (size_t i = 0; i < doctor->count; i++) {
        const struct found *one = &doctor->founds[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s?}", "check", one->check,
                                              "verdict", VERDICTS[one->verdict], "found", one->what,
                                              "do", one->todo));
    }
    json_t *all = json_pack("{s:b, s:o}", "ok", nothing_failed(doctor), "checks", list);
    json_dumpf(all, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(all);
}

static int look(const struct options *options)
{
    struct doctor doctor = {.options = &options->run};
    for (size_t i = 0; i < sizeof CHECKS / sizeof *CHECKS; i++) {
        size_t before = doctor.count;
        doctor.check = CHECKS[i].name;
        CHECKS[i].look(&doctor);
        if (!options->json)
            print_text(&doctor, before);
    }
    if (options->json)
        print_json(&doctor);
    int exit_code = nothing_failed(&doctor) ? EXIT_FINE : EXIT_COULD_NOT;
    for (size_t i = 0; i < doctor.count; i++)
        free(doctor.founds[i].what);
    free(doctor.founds);
    return exit_code;
}

int cmd_doctor(int argc, char **argv)
{
    struct options options = {.run = run_options_default()};
    struct config_args args;
    int exit_code = EXIT_USAGE;
    if (config_file_start(&TABLE, argc, argv, NULL, &args, &options, &exit_code))
        exit_code = look(&options);
    args_clear(&TABLE, &options);
    config_file_clear(&args);
    return exit_code;
}
