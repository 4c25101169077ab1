/* credentials_process: a program that a profile names prints the keys. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "schema/base/buffer.h"
#include "schema/base/clock.h"
#include "worker/aws/credentials_providers.h"
#include "worker/aws/profile.h"

enum {
    PROCESS_TIMEOUT_MS = 30000,
    PROCESS_WORDS_MAX = 64,
    PROCESS_OUTPUT_BYTES_MAX = 65536,
    LOOK_MS = 50,
    EXIT_LOOK_MS = 5, /* a program that has closed its output ends at once, mostly */
};

extern char **environ;

/* ---- the command ---- */

/* One word, in place: quotes and backslashes as in a shell, and nothing else of a shell: no
 * variables, no patterns, no further commands. False: a quote never ends. */
static bool cut_word(char **at, char **out_word)
{
    char *from = *at, *to = from, quote = '\0';
    *out_word = to;
    for (; *from && (quote || !isspace((unsigned char)*from)); from++) {
        bool escapes = *from == '\\' && quote != '\'' && from[1] &&
                       (quote == '\0' || strchr("\"\\", from[1]));
        if (escapes)
            *to++ = *++from;
        else if (*from == quote)
            quote = '\0';
        else if (quote == '\0' && (*from == '"' || *from == '\''))
            quote = *from;
        else
            *to++ = *from;
    }
    *at = *from ? from + 1 : from;
    *to = '\0';
    return quote == '\0';
}

static bool cut_words(char *command, char *out_words[PROCESS_WORDS_MAX + 1], struct error *error)
{
    size_t count = 0;
    for (char *at = command; *(at += strspn(at, " \t"));) {
        if (count == PROCESS_WORDS_MAX)
            return error_set(error, ERROR_FATAL, "more than %d words", PROCESS_WORDS_MAX);
        if (!cut_word(&at, &out_words[count++]))
            return error_set(error, ERROR_FATAL, "a quote never ends");
    }
    out_words[count] = NULL;
    return count > 0 || error_set(error, ERROR_FATAL, "it is empty");
}

/* ---- the program ---- */

/* It inherits the environment and standard error; no descriptor, no blocked or ignored signal of
 * ours. A group of its own, so that it is ended with whatever it started. */
static bool start(char *const words[], int output, pid_t *out_pid, struct error *error)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETPGROUP);
    int failed = posix_spawnp(out_pid, words[0], &files, &attributes, words, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    if (failed)
        return error_set(error, ERROR_FATAL, "%.200s: %s", words[0], strerror(failed));
    return true;
}

/* Until the program closes its output. */
static bool read_output(int from, int64_t deadline_ms, struct http *http, struct buffer *out,
                        struct error *error)
{
    char bytes[4096];
    for (;;) {
        struct pollfd readable = {.fd = from, .events = POLLIN};
        if (http_interrupted(http))
            return error_set(error, ERROR_TRANSIENT, "interrupted");
        if (clock_steady_ms() >= deadline_ms)
            return error_set(error, ERROR_TRANSIENT, "no end after %d s",
                             PROCESS_TIMEOUT_MS / 1000);
        if (poll(&readable, 1, LOOK_MS) <= 0)
            continue;
        ssize_t size = read(from, bytes, sizeof bytes);
        if (size == 0)
            break;
        buffer_append(out, bytes, size > 0 ? (size_t)size : 0);
        if (out->size > PROCESS_OUTPUT_BYTES_MAX)
            return error_set(error, ERROR_FATAL, "its output is too long");
    }
    explicit_bzero(bytes, sizeof bytes);
    return true;
}

/* Its exit status; -1 when a signal ended it. What closed its output and goes on is ended. */
static int end_of(pid_t pid, int64_t deadline_ms, struct http *http)
{
    int status = 0;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (clock_steady_ms() >= deadline_ms || http_interrupted(http)) {
            kill(-pid, SIGKILL);
            waitpid(pid, &status, 0);
            break;
        }
        http_pause(http, EXIT_LOOK_MS);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool run(char *const words[], struct http *http, struct buffer *out,
                struct error *error)
{
    int ends[2];
    pid_t pid = 0;
    int64_t deadline_ms = clock_steady_ms() + PROCESS_TIMEOUT_MS;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return error_set(error, ERROR_TRANSIENT, "no pipe: %s", strerror(errno));
    bool good = start(words, ends[1], &pid, error);
    close(ends[1]);
    if (good) {
        good = read_output(ends[0], deadline_ms, http, out, error);
        int status = end_of(pid, good ? deadline_ms : 0, http);
        if (good && status != 0)
            good = error_set(error, ERROR_TRANSIENT, "it ended with status %d", status);
    }
    close(ends[0]);
    return good;
}

static bool fetch_by(char *command, struct http *http, struct credentials *out,
                     struct error *error)
{
    char *words[PROCESS_WORDS_MAX + 1];
    struct buffer output = {0};
    bool good = cut_words(command, words, error) && run(words, http, &output, error) &&
                credentials_from_json(out, buffer_str(&output), "SessionToken", error);
    if (output.data)
        explicit_bzero(output.data, output.size);
    buffer_clear(&output);
    return good;
}

static enum credential_outcome fetch(const struct credential_options *options, struct http *http,
                                     struct credentials *out, struct error *error)
{
    char *command = profile_value(options->profile, "credential_process");
    if (!command)
        return CREDENTIALS_ABSENT;
    bool good = fetch_by(command, http, out, error);
    if (!good)
        error_prefix(error, "credential_process of profile %.100s: ",
                     profile_name(options->profile));
    free(command);
    return good ? CREDENTIALS_FOUND : CREDENTIALS_FAILED;
}

const struct credential_provider CREDENTIALS_PROCESS = {
    .name = "process",
    .summary = "credential_process of a profile: a program that prints keys",
    .fetch = fetch,
};
