/* commands: the subcommands of the program. */
#include "worker/commands/commands.h"

#include <stdio.h>
#include <string.h>
#include "worker/options/args.h"

enum { COMMANDS_MAX = 64, TYPED_BYTES = 128 };

static const struct command *find(const struct command *commands, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static void list(const struct command *commands, size_t count, const char *description,
                 const char *typed, FILE *out)
{
    fprintf(out, "Usage: %s COMMAND [options]\n\n%s\n\nCommands:\n", typed, description);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "  %-14s%s\n", commands[i].name, commands[i].summary);
    fprintf(out, "\n%s COMMAND --help tells more about one of them.\n", typed);
}

static int unknown(const struct command *commands, size_t count, const char *typed,
                   const char *name)
{
    const char *names[COMMANDS_MAX];
    size_t known = count < COMMANDS_MAX ? count : COMMANDS_MAX;
    for (size_t i = 0; i < known; i++)
        names[i] = commands[i].name;
    const char *nearest = args_nearest(name, names, known);
    fprintf(stderr, "%s: there is no command \"%.60s\"", typed, name);
    if (nearest)
        fprintf(stderr, "; did you mean %s?\n", nearest);
    else
        fprintf(stderr, "; %s --help lists them\n", typed);
    return EXIT_USAGE;
}

static int run(const struct command *command, const char *typed, int argc, char **argv)
{
    char whole[TYPED_BYTES];
    snprintf(whole, sizeof whole, "%s %s", typed, command->name);
    argv[0] = whole;
    return command->run(argc, argv);
}

static bool asks_for_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

int commands_run(const struct command *commands, size_t count, const char *description, int argc,
                 char **argv)
{
    const char *typed = argv[0];
    if (argc < 2) {
        list(commands, count, description, typed, stderr);
        return EXIT_USAGE;
    }
    const struct command *command = find(commands, count, argv[1]);
    if (command)
        return run(command, typed, argc - 1, argv + 1);
    if (!asks_for_help(argv[1]))
        return unknown(commands, count, typed, argv[1]);
    command = argc > 2 ? find(commands, count, argv[2]) : NULL;
    if (command)
        return run(command, typed, 2, (char *[]){NULL, "--help", NULL});
    list(commands, count, description, typed, stdout);
    return EXIT_FINE;
}
