/* doctor_local: checks of what lies on this machine. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "evaluators/registry.h"
#include "rubrics/rubric.h"
#include "schema/base/memory.h"
#include "worker/doctor/doctor.h"
#include "worker/options/plugins.h"
#include "worker/options/redaction.h"
#include "worker/options/rubric_list.h"
#include "worker/store/db.h"
#include "worker/store/store.h"
#include "worker/doctor/versions.h"

enum { PATH_BYTES = 4096, HASH_SHOWN = 12, PROBLEMS_SHOWN = 5 };
static const int64_t ROOM_WANTED = (int64_t)1 << 30; /* bytes */

void doctor_configuration(struct doctor *doctor)
{
    const struct run_options *options = doctor->options;
    struct problems problems = {0};
    doctor->options_good = run_options_check(options, &problems);
    for (size_t i = 0; i < problems.count; i++)
        doctor_say(doctor, VERDICT_FAIL, "say it on the command line or in the --config file", "%s",
                   problems.lines[i]);
    if (doctor->options_good)
        doctor_say(doctor, VERDICT_OK, NULL, "%s%s",
                   options->config ? "read from " : "from the command line",
                   options->config ? options->config : "");
    problems_clear(&problems);
}

void doctor_versions(struct doctor *doctor)
{
    struct buffer text = {0};
    versions_append(&text);
    doctor_say(doctor, VERDICT_OK, NULL, "assay " ASSAY_VERSION " with %s", text.data);
    buffer_clear(&text);
}

void doctor_evaluators(struct doctor *doctor)
{
    struct problems problems = {0};
    plugins_load(&doctor->options->evaluators, &problems);
    for (size_t i = 0; i < problems.count; i++)
        doctor_say(doctor, VERDICT_FAIL, "name another --evaluator, or none", "%s",
                   problems.lines[i]);
    size_t own = 0;
    for (const struct evaluator *const *one = evaluator_all(); *one; one++) {
        const struct evaluator_origin *origin = evaluator_origin_of(*one);
        own += !origin;
        if (origin)
            doctor_say(doctor, VERDICT_OK, NULL, "%s of %s, %.*s", (*one)->name, origin->file,
                       HASH_SHOWN, origin->hash);
    }
    doctor_say(doctor, VERDICT_OK, NULL, "%zu of assay itself", own);
    problems_clear(&problems);
}

/* ---- rubrics ---- */

/* "relevance, tone"; those of a rubric that ask a model when `asking`. */
static size_t list_criteria(const struct rubric *rubric, bool asking, struct buffer *out)
{
    size_t count = 0;
    for (size_t i = 0; i < rubric->criterion_count; i++) {
        if (asking && !evaluator_rounds(rubric->criteria[i].evaluator, rubric->criteria[i].state))
            continue;
        buffer_printf(out, "%s%s", count++ ? ", " : "", rubric->criteria[i].name);
    }
    return count;
}

static void say_rubric(struct doctor *doctor, const struct rubric *rubric)
{
    struct buffer all = {0}, asking = {0};
    list_criteria(rubric, false, &all);
    size_t asks = list_criteria(rubric, true, &asking);
    doctor_say(doctor, VERDICT_OK, NULL, "%s %.*s, %zu criteria: %s", rubric->name, HASH_SHOWN,
               rubric->hash, rubric->criterion_count, all.data);
    if (asks > 0 && !judge_wanted(&doctor->options->judge))
        doctor_say(doctor, VERDICT_WARN, "name a --judge-endpoint, or use a rubric that asks none",
                   "%s: no model to ask, so these will be skipped: %s", rubric->name, asking.data);
    buffer_clear(&all);
    buffer_clear(&asking);
}

static void check_rubric(struct doctor *doctor, const char *name)
{
    struct problems problems = {0};
    struct rubric *rubric = rubric_load(name, &doctor->options->judge.who, &problems);
    if (rubric)
        say_rubric(doctor, rubric);
    for (size_t i = 0; i < problems.count && i < PROBLEMS_SHOWN; i++)
        doctor_say(doctor, VERDICT_FAIL, "`assay rubric check` lists everything", "%s: %s", name,
                   problems.lines[i]);
    rubric_free(rubric);
    problems_clear(&problems);
}

void doctor_rubrics(struct doctor *doctor)
{
    struct arg_words names = {0};
    arg_words_split(&names, &doctor->options->rubrics);
    for (size_t i = 0; i < names.count; i++)
        check_rubric(doctor, names.words[i]);
    if (names.count == 0)
        check_rubric(doctor, "general");
    arg_words_clear(&names);
}

/* ---- the store ---- */

struct shards {
    int count, held, newer, unreadable;
};

/* A moment of a shared lock, which tells without keeping anybody out for long. */
static bool is_held(const char *path)
{
    char name[PATH_BYTES];
    snprintf(name, sizeof name, "%.4000s.lock", path);
    int lock = open(name, O_RDONLY | O_CLOEXEC);
    bool held = lock >= 0 && flock(lock, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (lock >= 0)
        close(lock);
    return held;
}

static void look_at_shard(const char *path, struct shards *shards)
{
    struct error error = {0};
    shards->count++;
    if (is_held(path)) { /* its worker has opened it: it is fine */
        shards->held++;
        return;
    }
    struct db *db = db_open(path, DB_READER, &error);
    if (!db) {
        shards->unreadable++;
        return;
    }
    struct statement *read = db_sql(db, "PRAGMA user_version");
    if (db_row(read))
        shards->newer += db_int(read, 0) > STORE_SCHEMA_VERSION;
    db_end(read);
    shards->unreadable += !db_ok(db, &error);
    db_close(db);
}

static struct shards look_at_shards(const char *dir)
{
    struct shards shards = {0};
    struct stat there;
    for (int number = 1; number <= STORE_SHARDS_MAX; number++) {
        char path[PATH_BYTES];
        snprintf(path, sizeof path, "%.4000s/shard-%04d.db", dir, number);
        if (stat(path, &there) == 0)
            look_at_shard(path, &shards);
    }
    return shards;
}

static void say_shards(struct doctor *doctor, const char *dir)
{
    struct shards shards = look_at_shards(dir);
    if (shards.newer)
        doctor_say(doctor, VERDICT_FAIL, "run the newer assay, or another --store",
                   "%s: %d shards were written by a newer assay", dir, shards.newer);
    if (shards.unreadable)
        doctor_say(doctor, VERDICT_FAIL, "put them aside: the worker cannot open them either",
                   "%s: %d shards cannot be read", dir, shards.unreadable);
    doctor_say(doctor, VERDICT_OK, NULL, "%s: writable, %d shards, %d of them held by a worker",
               dir, shards.count, shards.held);
}

static void say_room(struct doctor *doctor, const char *dir)
{
    struct statvfs disk;
    if (statvfs(dir, &disk) != 0)
        return;
    int64_t room = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
    if (room < ROOM_WANTED)
        doctor_say(doctor, VERDICT_WARN, "make room: a full disk stops the worker's commits",
                   "%s: %lld MB are free", dir, (long long)(room >> 20));
}

/* Where the folder would be made. */
static void check_parent(struct doctor *doctor, const char *dir)
{
    char parent[PATH_BYTES];
    snprintf(parent, sizeof parent, "%s", dir);
    for (size_t size = strlen(parent); size > 1 && parent[size - 1] == '/'; size--)
        parent[size - 1] = '\0';
    char *slash = strrchr(parent, '/');
    if (!slash)
        snprintf(parent, sizeof parent, ".");
    else
        slash[slash == parent] = '\0';
    if (access(parent, W_OK | X_OK) == 0)
        doctor_say(doctor, VERDICT_OK, NULL, "%s: not there yet; it will be made", dir);
    else
        doctor_say(doctor, VERDICT_FAIL, "make it, or name another --store",
                   "%s: cannot be made: %s", dir, strerror(errno));
}

void doctor_store(struct doctor *doctor)
{
    const char *dir = doctor->options->store;
    struct stat there;
    if (!dir)
        doctor_say(doctor, VERDICT_WARN, NULL, "not looked at: no --store");
    else if (stat(dir, &there) != 0)
        check_parent(doctor, dir);
    else if (!S_ISDIR(there.st_mode))
        doctor_say(doctor, VERDICT_FAIL, "name a folder as --store", "%s: not a folder", dir);
    else if (access(dir, R_OK | W_OK | X_OK) != 0)
        doctor_say(doctor, VERDICT_FAIL, "give this user the folder, or name another --store",
                   "%s: %s", dir, strerror(errno));
    else {
        say_shards(doctor, dir);
        say_room(doctor, dir);
    }
}

bool doctor_may_look(struct doctor *doctor)
{
    if (!doctor->options_good)
        doctor_say(doctor, VERDICT_WARN, NULL, "not looked at: correct the options first");
    return doctor->options_good;
}

/* Masks need the rule packs that ship. */
void doctor_text(struct doctor *doctor)
{
    struct problems problems = {0};
    if (!doctor_may_look(doctor))
        return;
    if (run_options_text(doctor->options) != TEXT_REDACTED) {
        doctor_say(doctor, VERDICT_OK, NULL, "no masks: --text %s", doctor->options->text);
        return;
    }
    struct redactor *redactor = redaction_load(&problems);
    doctor_say(doctor, redactor ? VERDICT_OK : VERDICT_FAIL,
               redactor ? NULL : "install the packs that ship, or say --text none", "redacted%s%s",
               redactor ? "" : ": ", problems.count ? problems.lines[0] : "");
    redactor_free(redactor);
    problems_clear(&problems);
}
