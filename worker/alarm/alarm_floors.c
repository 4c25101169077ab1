/* alarm_floors: below which mean of a dimension's scores something is wrong, by a rubric. */
#include "worker/alarm/alarm_floors.h"

#include <stdio.h>
#include <string.h>

static const double PASSES = 0.95, SAFETY_PASSES = 0.99;

static double floor_of(const struct criterion *criterion)
{
    if (criterion->threshold < 1)
        return criterion->threshold;
    return strcmp(criterion->dimension, "safety") == 0 ? SAFETY_PASSES : PASSES;
}

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* "policy-compliance" becomes PolicyCompliance. */
static void camel(const char *text, char *out, size_t room)
{
    size_t size = 0;
    bool begins = true;
    for (; *text && size + 1 < room; text++) {
        bool small = *text >= 'a' && *text <= 'z';
        if (is_letter_or_digit(*text))
            out[size++] = begins && small ? (char)(*text - 'a' + 'A') : *text;
        begins = !is_letter_or_digit(*text);
    }
    out[size] = '\0';
}

/* A number follows where two would be spelled alike, or nothing is left. */
static void name_floor(struct alarm_floors *floors, struct alarm_floor *floor)
{
    enum { NUMBER_BYTES = 4 };
    camel(floor->dimension, floor->id, sizeof floor->id - NUMBER_BYTES);
    bool taken = floor->id[0] == '\0';
    for (size_t i = 0; i < floors->count; i++)
        taken = taken || strcmp(floors->each[i].id, floor->id) == 0;
    size_t size = strlen(floor->id);
    if (taken)
        snprintf(floor->id + size, sizeof floor->id - size, "%zu", floors->count + 1);
}

static struct alarm_floor *floor_at(struct alarm_floors *floors, const char *dimension)
{
    for (size_t i = 0; i < floors->count; i++)
        if (strcmp(floors->each[i].dimension, dimension) == 0)
            return &floors->each[i];
    struct alarm_floor *floor = &floors->each[floors->count];
    *floor = (struct alarm_floor){.dimension = dimension};
    name_floor(floors, floor);
    floors->count++;
    return floor;
}

void alarm_floors_of(const struct rubric *rubric, struct alarm_floors *out)
{
    double sum = 0, weight = 0, least = 1;
    *out = (struct alarm_floors){.count = 0};
    for (size_t i = 0; i < rubric->criterion_count; i++) {
        const struct criterion *criterion = &rubric->criteria[i];
        struct alarm_floor *floor = floor_at(out, criterion->dimension);
        double value = floor_of(criterion);
        if (!(criterion->weight > 0)) /* it is shown, and counts for no mean */
            continue;
        floor->value += criterion->weight * value;
        floor->weight += criterion->weight;
        sum += criterion->weight * value;
        weight += criterion->weight;
        least = value < least ? value : least;
    }
    size_t kept = 0;
    for (size_t i = 0; i < out->count; i++)
        if (out->each[i].weight > 0) {
            out->each[kept] = out->each[i];
            out->each[kept++].value /= out->each[i].weight;
        }
    out->count = kept;
    out->composite = rubric->composite != COMPOSITE_MEAN || weight == 0 ? least : sum / weight;
}
