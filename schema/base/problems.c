/* problems: everything that is wrong with a document, each with the path of the place. */
#include "schema/base/problems.h"

#include <stdarg.h>
#include <stdlib.h>
#include "schema/base/memory.h"

enum { LINE_BYTES = 512 };

bool problems_add(struct problems *problems, const char *path, const char *format, ...)
{
    problems->total++;
    if (problems->count == PROBLEMS_MAX)
        return false;
    char text[LINE_BYTES], line[LINE_BYTES + 256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    snprintf(line, sizeof line, "%s%s%s", path, *path ? ": " : "", text);
    problems->lines = memory_resize(problems->lines, problems->count + 1, sizeof *problems->lines);
    problems->lines[problems->count++] = memory_copy_string(line);
    return false;
}

void problems_print(const struct problems *problems, FILE *out, const char *where)
{
    for (size_t i = 0; i < problems->count; i++)
        fprintf(out, "  %s: %s\n", where, problems->lines[i]);
    if (problems->total > problems->count)
        fprintf(out, "  %s: and %zu more\n", where, problems->total - problems->count);
}

void problems_clear(struct problems *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        free(problems->lines[i]);
    free(problems->lines);
    *problems = (struct problems){0};
}
