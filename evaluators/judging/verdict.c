/* verdict: reads the reply of a judge, which is untrusted text, and fails closed. */
#include "evaluators/judging/verdict.h"

#include <math.h>
#include <jansson.h>
#include "schema/base/json_read.h"
#include "schema/base/utf8.h"

/* What was seen so far; a later, better founded reason replaces an earlier one. */
struct search {
    const char *nonce;
    const struct verdict_scale *scale;
    size_t scanned;       /* bytes looked at */
    struct verdict found; /* the last valid one, when valid > 0 */
    size_t valid;
    bool conflict;         /* two valid ones differ */
    bool unfinished;       /* an object with our nonce in it never ends */
    bool ended_early;      /* some object never ends */
    bool malformed;        /* an object is not JSON */
    bool foreign;          /* a verdict without our nonce */
    const char *rejection; /* why the last object with our nonce is not valid */
};

static const char *read_label(const char *name, const struct verdict_scale *scale,
                              struct verdict *out)
{
    for (size_t i = 0; i < scale->label_count; i++) {
        const struct verdict_label *label = &scale->labels[i];
        if (strcmp(label->name, name) != 0)
            continue;
        *out =
            (struct verdict){.unknown = isnan(label->value), .value = label->value, .label = label};
        return NULL;
    }
    return "unknown_label";
}

const char *verdict_read(const json_t *value, const struct verdict_scale *scale,
                         struct verdict *out)
{
    if (scale->labels)
        return json_is_string(value) ? read_label(json_string_value(value), scale, out)
                                     : "wrong_type";
    if (json_is_string(value) && strcmp(json_string_value(value), VERDICT_UNKNOWN) == 0) {
        *out = (struct verdict){.unknown = true, .value = NAN};
        return NULL;
    }
    if (!json_is_integer(value))
        return "wrong_type";
    int64_t number = json_integer_value(value);
    if (number < scale->min || number > scale->max)
        return "out_of_range";
    *out =
        (struct verdict){.value = (double)(number - scale->min) / (double)(scale->max - scale->min),
                         .number = number};
    return NULL;
}

static bool same_verdict(const struct verdict *a, const struct verdict *b)
{
    return a->unknown == b->unknown && a->number == b->number && a->label == b->label;
}

static bool carries_nonce(const json_t *object, const char *nonce)
{
    const char *said = json_string_value(json_object_get(object, "nonce"));
    return said && *nonce && strcmp(said, nonce) == 0;
}

/* NULL when the object, which carries the nonce, is a verdict. */
static const char *read_object(const json_t *object, const struct verdict_scale *scale,
                               struct verdict *out)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        if (strcmp(key, "nonce") != 0 && strcmp(key, "reasoning") != 0 &&
            strcmp(key, "verdict") != 0)
            return "unknown_key";
    }
    const json_t *reasoning = json_object_get(object, "reasoning");
    if (reasoning && !json_is_string(reasoning))
        return "wrong_type";
    const json_t *verdict = json_object_get(object, "verdict");
    return verdict ? verdict_read(verdict, scale, out) : "no_verdict_key";
}

static void judge_object(struct search *search, const json_t *object)
{
    if (!carries_nonce(object, search->nonce)) {
        search->foreign |= json_object_get(object, "verdict") || json_object_get(object, "nonce");
        return;
    }
    struct verdict verdict;
    const char *rejection = read_object(object, search->scale, &verdict);
    if (rejection) {
        search->rejection = rejection;
        return;
    }
    search->conflict |= search->valid > 0 && !same_verdict(&verdict, &search->found);
    search->found = verdict;
    search->valid++;
}

/* The byte behind the brace that closes the one at `start`; 0 when none does. Braces inside JSON
 * strings do not count. */
static size_t object_end(struct str text, size_t start, size_t *scanned)
{
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = start; i < text.size; i++) {
        ++*scanned;
        char c = text.data[i];
        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string && c == '{')
            depth++;
        else if (!in_string && c == '}' && --depth == 0)
            return i + 1;
    }
    return 0;
}

/* Is the brace at `start` that of a JSON object, or one in prose, a formula, a program? */
static bool begins_object(struct str text, size_t start)
{
    for (size_t i = start + 1; i < text.size; i++)
        if (!strchr(" \t\r\n", text.data[i]))
            return text.data[i] == '"' || text.data[i] == '}';
    return true;
}

static bool contains(struct str text, size_t start, const char *needle)
{
    return *needle && memmem(text.data + start, text.size - start, needle, strlen(needle));
}

/* Looks at the brace at `start`; returns where the search goes on. */
static size_t look(struct search *search, struct str text, size_t start)
{
    if (!begins_object(text, start))
        return start + 1;
    size_t end = object_end(text, start, &search->scanned);
    if (end == 0) {
        search->ended_early = true;
        search->unfinished |= contains(text, start, search->nonce);
        return start + 1;
    }
    struct str inside = {text.data + start, end - start};
    json_t *object = json_read(inside, &JSON_LIMITS_REPLY, NULL);
    if (object)
        judge_object(search, object);
    else
        search->malformed = true; /* what stands inside of it is not looked at either */
    json_decref(object);
    return end;
}

static const char *outcome(const struct search *search)
{
    if (search->unfinished)
        return "truncated";
    if (search->conflict)
        return "conflicting_verdicts";
    if (search->valid)
        return NULL;
    if (search->rejection)
        return search->rejection;
    if (search->foreign)
        return "wrong_nonce";
    if (search->ended_early)
        return "truncated";
    return search->malformed ? "invalid_json" : "no_verdict";
}

static bool is_blank(struct str text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!strchr(" \t\r\n", text.data[i]))
            return false;
    return true;
}

const char *verdict_parse(struct str reply, const char *nonce, const struct verdict_scale *scale,
                          struct verdict *out)
{
    if (reply.size > VERDICT_REPLY_BYTES_MAX)
        return "reply_too_long";
    if (reply.size && memchr(reply.data, '\0', reply.size))
        return "invalid_utf8";
    if (is_blank(reply))
        return "empty_reply";
    if (!utf8_valid(reply))
        return "invalid_utf8";
    struct search search = {.nonce = nonce, .scale = scale};
    size_t at = 0;
    while (at < reply.size) {
        const char *brace = memchr(reply.data + at, '{', reply.size - at);
        if (!brace)
            break;
        at = look(&search, reply, (size_t)(brace - reply.data));
        if (search.scanned > VERDICT_SCAN_BYTES_MAX)
            return "truncated"; /* only objects that never end are looked at again and again */
    }
    const char *failure = outcome(&search);
    if (!failure)
        *out = search.found;
    return failure;
}
