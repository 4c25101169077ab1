/* judge_options: from a criterion's options to a configured judge, everything wrong listed. */
#include "evaluators/judging/judge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "schema/base/buffer.h"
#include "schema/base/json_read.h"
#include "schema/base/memory.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct options {
    const char *template, *prompt, *model;
    const json_t *scale, *labels, *inputs, *examples;
    int64_t max_tokens, max_shown_bytes;
    double empty_value;
};

static const struct json_field OPTIONS[] = {
    {"template", JSON_KIND_STRING, false, offsetof(struct options, template), 0, 0, NULL},
    {"prompt", JSON_KIND_STRING, false, offsetof(struct options, prompt), 0, 0, NULL},
    {"scale", JSON_KIND_OBJECT, false, offsetof(struct options, scale), 0, 0, NULL},
    {"labels", JSON_KIND_OBJECT, false, offsetof(struct options, labels), 0, 0, NULL},
    {"inputs", JSON_KIND_ARRAY, false, offsetof(struct options, inputs), 0, 0, NULL},
    {"examples", JSON_KIND_ARRAY, false, offsetof(struct options, examples), 0, 0, NULL},
    {"model", JSON_KIND_STRING, false, offsetof(struct options, model), 0, 0, NULL},
    {"max_tokens", JSON_KIND_INT, false, offsetof(struct options, max_tokens), 16, 8192, NULL},
    {"max_shown_bytes", JSON_KIND_INT, false, offsetof(struct options, max_shown_bytes), 1, 4 << 20,
     NULL},
    {"empty_value", JSON_KIND_NUMBER, false, offsetof(struct options, empty_value), 0, 1, NULL},
};

struct bounds {
    int64_t min, max;
};

static const struct json_field SCALE[] = {
    {"min", JSON_KIND_INT, true, offsetof(struct bounds, min), -1000, 1000, NULL},
    {"max", JSON_KIND_INT, true, offsetof(struct bounds, max), -1000, 1000, NULL},
};

enum { PATH_BYTES = 256 };

static const char *below(char at[PATH_BYTES], const char *path, const char *key)
{
    snprintf(at, PATH_BYTES, "%s%s%s", path, *path ? "." : "", key);
    return at;
}

static bool read_scale(struct judge *judge, const json_t *scale, const char *path,
                       struct problems *problems)
{
    struct bounds bounds = {0};
    if (!json_read_fields(scale, SCALE, COUNT(SCALE), &bounds, path, problems))
        return false;
    if (bounds.min >= bounds.max)
        return problems_add(problems, path, "min must be less than max");
    judge->scale = (struct verdict_scale){.min = bounds.min, .max = bounds.max};
    return true;
}

static bool read_labels(struct judge *judge, const json_t *labels, const char *path,
                        struct problems *problems)
{
    size_t before = problems->total, count = 0;
    bool has_number = false, has_unknown = false;
    const char *name;
    json_t *value;
    if (json_object_size(labels) < 2 || json_object_size(labels) > VERDICT_LABELS_MAX)
        return problems_add(problems, path, "needs 2 to %d labels", VERDICT_LABELS_MAX);
    judge->labels = memory_new(json_object_size(labels) + 1, sizeof *judge->labels);
    json_object_foreach((json_t *)labels, name, value)
    {
        double number = json_is_null(value) ? NAN : json_number_value(value);
        bool in_range = json_is_number(value) && number >= 0 && number <= 1;
        if (!json_is_null(value) && !in_range)
            problems_add(problems, path,
                         "a label's value must be a number from 0 to 1, or null where the judge "
                         "cannot tell");
        has_number |= in_range;
        has_unknown |= json_is_null(value) || strcmp(name, VERDICT_UNKNOWN) == 0;
        judge->labels[count++] = (struct verdict_label){name, number};
    }
    if (!has_unknown) /* a judge that may not say so would have to guess */
        judge->labels[count++] = (struct verdict_label){VERDICT_UNKNOWN, NAN};
    if (!has_number)
        problems_add(problems, path, "at least one label must have a number");
    judge->scale = (struct verdict_scale){.labels = judge->labels, .label_count = count};
    return problems->total == before;
}

static unsigned input_named(const char *name)
{
    for (unsigned input = JUDGE_CONTEXT; input <= JUDGE_RESPONSE; input <<= 1)
        if (strcmp(judge_input_name(input), name) == 0)
            return input;
    return 0;
}

static void read_inputs(struct judge *judge, const json_t *inputs, const char *path,
                        struct problems *problems)
{
    size_t index;
    json_t *value;
    judge->inputs = 0;
    json_array_foreach(inputs, index, value)
    {
        unsigned input = json_is_string(value) ? input_named(json_string_value(value)) : 0;
        if (!input)
            problems_add(problems, path,
                         "entry %zu is not known; use prompt, response, reference or context",
                         index);
        judge->inputs |= input;
    }
    if (json_array_size(inputs) == 0)
        problems_add(problems, path, "the judge must be shown something");
}

/* An example holds the inputs that the judge is shown, a reasoning and a verdict on the scale. */
static void check_example(const struct judge *judge, const json_t *example, const char *path,
                          struct problems *problems)
{
    const char *key;
    json_t *value;
    if (!json_is_object(example)) {
        problems_add(problems, path, "must be an object");
        return;
    }
    json_object_foreach((json_t *)example, key, value)
    {
        bool known = strcmp(key, "reasoning") == 0 || (input_named(key) & judge->inputs);
        if (strcmp(key, "verdict") == 0)
            continue;
        if (!known)
            problems_add(problems, path,
                         "holds a key that is neither an input of this judge, nor "
                         "reasoning, nor verdict");
        else if (!json_is_string(value))
            problems_add(problems, path, "inputs and reasoning must be strings");
    }
    struct verdict verdict;
    const json_t *said = json_object_get(example, "verdict");
    if (!said)
        problems_add(problems, path, "verdict is missing");
    else if (verdict_read(said, &judge->scale, &verdict))
        problems_add(problems, path, "verdict is not on the scale");
}

static void read_examples(struct judge *judge, const json_t *examples, const char *path,
                          struct problems *problems)
{
    size_t index;
    json_t *value;
    if (json_array_size(examples) > JUDGE_EXAMPLES_MAX)
        problems_add(problems, path, "at most %d examples", JUDGE_EXAMPLES_MAX);
    json_array_foreach(examples, index, value)
    {
        char at[PATH_BYTES + 24];
        snprintf(at, sizeof at, "%s[%zu]", path, index);
        check_example(judge, value, at, problems);
    }
    judge->examples = examples;
}

static void take_template(struct judge *judge, const struct options *options, const char *path,
                          struct problems *problems)
{
    char at[PATH_BYTES];
    const struct judge_template *found = judge_template_find(options->template);
    if (!found) {
        problems_add(problems, below(at, path, "template"), "\"%.60s\" does not ship; use %s",
                     options->template, judge_template_names());
        return;
    }
    if (options->prompt || options->scale || options->labels || options->inputs)
        problems_add(problems, path,
                     "a template brings its own prompt, scale and inputs; leave out prompt, scale, "
                     "labels and inputs, or leave out template");
    judge->instructions = found->instructions;
    judge->inputs = found->inputs;
    judge->scale = found->scale;
    judge->empty_value = found->empty_value;
}

static void take_prompt(struct judge *judge, const struct options *options, const char *path,
                        struct problems *problems)
{
    char at[PATH_BYTES];
    judge->instructions = options->prompt;
    judge->inputs = JUDGE_PROMPT | JUDGE_RESPONSE;
    judge->scale = (struct verdict_scale){.min = 1, .max = 5};
    judge->empty_value = NAN;
    if (*options->prompt == '\0')
        problems_add(problems, below(at, path, "prompt"), "must not be empty");
    if (options->scale && options->labels)
        problems_add(problems, path, "has both a scale and labels; use one of them");
    else if (options->scale)
        read_scale(judge, options->scale, below(at, path, "scale"), problems);
    else if (options->labels)
        read_labels(judge, options->labels, below(at, path, "labels"), problems);
    if (options->inputs)
        read_inputs(judge, options->inputs, below(at, path, "inputs"), problems);
}

bool judge_configure(struct judge *judge, const json_t *options, const char *path,
                     struct problems *problems)
{
    char at[PATH_BYTES];
    size_t before = problems->total;
    struct options read = {
        .max_tokens = 512, .max_shown_bytes = JUDGE_SHOWN_BYTES_MAX, .empty_value = -1};
    if (!json_read_fields(options, OPTIONS, COUNT(OPTIONS), &read, path, problems))
        return false;
    if (!read.template == !read.prompt)
        return problems_add(problems, path, "needs either a template (%s) or a prompt of its own",
                            judge_template_names());
    if (read.template)
        take_template(judge, &read, path, problems);
    else
        take_prompt(judge, &read, path, problems);
    if (read.examples && problems->total == before)
        read_examples(judge, read.examples, below(at, path, "examples"), problems);
    judge->model = read.model;
    judge->max_tokens = read.max_tokens;
    judge->max_shown_bytes = read.max_shown_bytes;
    if (read.empty_value >= 0)
        judge->empty_value = read.empty_value;
    return problems->total == before;
}

void judge_free(void *state)
{
    struct judge *judge = state;
    if (!judge)
        return;
    free(judge->labels);
    free(judge);
}
