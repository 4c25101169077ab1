/* pattern: one regular expression, compiled, and the limits it is run under. PCRE2 is used here
 * only, and so that the bugs of 10.42 are out of reach: no partial matching, no DFA matching, no
 * copied subjects, JIT for complete matches only, subjects validated before they come here. */
#include "evaluators/rules/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include "schema/base/memory.h"

enum {
    GROUPS_MAX = 64, /* of which spans are kept */
    NESTING_MAX = 100,
    MESSAGE_BYTES = 160,
};

struct pattern {
    pcre2_code *code;
    unsigned char value_groups[GROUPS_MAX]; /* those named "value", in their order */
    size_t value_group_count;
    bool jitted;
};

struct pattern_scratch {
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
    bool only_interpreter;
};

static uint32_t compile_options(unsigned flags)
{
    static const struct {
        unsigned flag;
        uint32_t option;
    } map[] = {{PATTERN_CASELESS, PCRE2_CASELESS},
               {PATTERN_MULTILINE, PCRE2_MULTILINE},
               {PATTERN_DOTALL, PCRE2_DOTALL},
               {PATTERN_EXTENDED, PCRE2_EXTENDED}};
    uint32_t options = PCRE2_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C | PCRE2_DUPNAMES;
    for (size_t i = 0; i < sizeof map / sizeof *map; i++)
        if (flags & map[i].flag)
            options |= map[i].option;
    return options;
}

static uint32_t info(const pcre2_code *code, uint32_t what)
{
    uint32_t value = 0;
    pcre2_pattern_info(code, what, &value);
    return value;
}

static bool check_source(struct str source, struct error *error)
{
    if (source.size > PATTERN_BYTES_MAX)
        return error_set(error, ERROR_INPUT, "the pattern is longer than %d bytes; split it",
                         PATTERN_BYTES_MAX);
    bool has_option = source.size > 2 && source.data[0] == '(' && source.data[1] == '*' &&
                      source.data[2] >= 'A' && source.data[2] <= 'Z';
    if (has_option)
        return error_set(error, ERROR_INPUT,
                         "the pattern starts with an option like (*NO_JIT); remove it, limits and "
                         "modes are not a pattern's to set");
    return true;
}

static bool check_compiled(const pcre2_code *code, unsigned flags, struct error *error)
{
    if (!(flags & PATTERN_MAY_BE_EMPTY) && info(code, PCRE2_INFO_MATCHEMPTY))
        return error_set(error, ERROR_INPUT,
                         "the pattern can match an empty text; require at least one character");
    if (info(code, PCRE2_INFO_MAXLOOKBEHIND) > PATTERN_LOOKBEHIND_MAX)
        return error_set(error, ERROR_INPUT,
                         "a lookbehind is longer than %d characters; shorten it",
                         PATTERN_LOOKBEHIND_MAX);
    return true;
}

static pcre2_code *compile_code(struct str source, uint32_t options, struct error *error)
{
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (!context)
        abort();
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    pcre2_set_bsr(context, PCRE2_BSR_UNICODE);
    pcre2_set_parens_nest_limit(context, NESTING_MAX);
    int number;
    size_t offset;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)source.data, source.size, options, &number,
                                     &offset, context);
    pcre2_compile_context_free(context);
    if (code)
        return code;
    PCRE2_UCHAR message[MESSAGE_BYTES];
    pcre2_get_error_message(number, message, sizeof message);
    error_set(error, ERROR_INPUT, "the pattern is wrong at offset %zu: %s", offset,
              (const char *)message);
    return NULL;
}

/* An entry of PCRE2's name table is a group's number in two bytes, then its name. */
static bool find_value_groups(struct pattern *pattern, struct error *error)
{
    PCRE2_SPTR first, last;
    int entry_size =
        pcre2_substring_nametable_scan(pattern->code, (PCRE2_SPTR) "value", &first, &last);
    for (PCRE2_SPTR entry = first; entry_size > 0 && entry <= last; entry += entry_size) {
        unsigned group = (unsigned)entry[0] << 8 | entry[1];
        if (group >= GROUPS_MAX)
            return error_set(error, ERROR_INPUT,
                             "a group \"value\" is number %u; use (?:...) for others", group);
        pattern->value_groups[pattern->value_group_count++] = (unsigned char)group;
    }
    return true;
}

/* `options` are PCRE2's, beside those of the flags. */
static struct pattern *compile(struct str source, unsigned flags, uint32_t options,
                               struct error *error)
{
    if (!check_source(source, error))
        return NULL;
    struct pattern *pattern = memory_new(1, sizeof *pattern);
    pattern->code = compile_code(source, compile_options(flags) | options, error);
    if (pattern->code && check_compiled(pattern->code, flags, error) &&
        find_value_groups(pattern, error))
        return pattern;
    pattern_free(pattern);
    return NULL;
}

struct pattern *pattern_compile(struct str source, unsigned flags, struct error *error)
{
    struct pattern *pattern = compile(source, flags, 0, error);
    if (pattern)
        pattern->jitted = info(pattern->code, PCRE2_INFO_BACKREFMAX) == 0 &&
                          pcre2_jit_compile(pattern->code, PCRE2_JIT_COMPLETE) == 0;
    return pattern;
}

struct pattern *pattern_compile_counted(struct str source, unsigned flags, struct error *error)
{
    /* What PCRE2 leaves out after a look at the text, this text's luck, is done and counted. */
    uint32_t options = PCRE2_AUTO_CALLOUT | PCRE2_NO_START_OPTIMIZE;
    return compile(source, flags, options, error);
}

void pattern_free(struct pattern *pattern)
{
    if (!pattern)
        return;
    pcre2_code_free(pattern->code);
    free(pattern);
}

bool pattern_is_compiled_to_code(const struct pattern *pattern)
{
    return pattern->jitted;
}

struct pattern_scratch *pattern_scratch_new(void)
{
    struct pattern_scratch *scratch = memory_new(1, sizeof *scratch);
    scratch->data = pcre2_match_data_create(GROUPS_MAX, NULL);
    scratch->context = pcre2_match_context_create(NULL);
    if (!scratch->data || !scratch->context)
        abort();
    pcre2_set_match_limit(scratch->context, PATTERN_STEPS_MAX);
    pcre2_set_depth_limit(scratch->context, PATTERN_DEPTH_MAX);
    pcre2_set_heap_limit(scratch->context, PATTERN_HEAP_KIB_MAX);
    /* NULL where executable memory is forbidden: then no pattern was jitted either. */
    scratch->stack = pcre2_jit_stack_create(PATTERN_JIT_STACK_BYTES, PATTERN_JIT_STACK_BYTES, NULL);
    if (scratch->stack)
        pcre2_jit_stack_assign(scratch->context, NULL, scratch->stack);
    return scratch;
}

void pattern_scratch_limit(struct pattern_scratch *scratch, unsigned steps_max)
{
    pcre2_set_match_limit(scratch->context, steps_max);
}

void pattern_scratch_free(struct pattern_scratch *scratch)
{
    if (!scratch)
        return;
    pcre2_match_data_free(scratch->data);
    pcre2_match_context_free(scratch->context);
    pcre2_jit_stack_free(scratch->stack);
    free(scratch);
}

void pattern_scratch_interpret(struct pattern_scratch *scratch, bool only_interpreter)
{
    scratch->only_interpreter = only_interpreter;
}

static const char *limit_name(int code)
{
    switch (code) {
    case PCRE2_ERROR_MATCHLIMIT:
        return "match limit";
    case PCRE2_ERROR_DEPTHLIMIT:
        return "depth limit";
    case PCRE2_ERROR_HEAPLIMIT:
    case PCRE2_ERROR_NOMEMORY:
        return "heap limit";
    case PCRE2_ERROR_JIT_STACKLIMIT:
        return "stack limit";
    default:
        return "matching failed";
    }
}

static void read_spans(const struct pattern *pattern, pcre2_match_data *data,
                       struct pattern_match *out)
{
    const size_t *offsets = pcre2_get_ovector_pointer(data);
    out->whole = (struct span){offsets[0], offsets[1]};
    out->value = out->whole;
    for (size_t i = 0; i < pattern->value_group_count; i++) {
        const size_t *group = &offsets[(size_t)pattern->value_groups[i] * 2];
        if (group[0] == PCRE2_UNSET || group[0] == group[1])
            continue;
        out->value = (struct span){group[0], group[1]};
        return;
    }
}

enum pattern_result pattern_search(const struct pattern *pattern, struct str subject, size_t from,
                                   bool ends_here, struct pattern_scratch *scratch,
                                   struct pattern_match *out)
{
    uint32_t options = PCRE2_NO_UTF_CHECK;
    if (!ends_here)
        options |= PCRE2_NOTEOL;
    if (scratch->only_interpreter || !scratch->stack)
        options |= PCRE2_NO_JIT;
    int code = pcre2_match(pattern->code, (PCRE2_SPTR)subject.data, subject.size, from, options,
                           scratch->data, scratch->context);
    if (code == PCRE2_ERROR_NOMATCH)
        return PATTERN_NONE;
    if (code < 0) {
        out->limit = limit_name(code);
        return PATTERN_LIMIT;
    }
    read_spans(pattern, scratch->data, out);
    return PATTERN_FOUND;
}

struct counter {
    size_t steps, steps_max;
    size_t start, position; /* of the last item that was tried */
};

/* Called before every item of the pattern at every place where it is tried. */
static int count_step(pcre2_callout_block *block, void *data)
{
    struct counter *counter = data;
    bool goes_on = block->start_match == counter->start &&
                   block->current_position > counter->position;
    counter->steps += 1 + (goes_on ? block->current_position - counter->position : 0);
    counter->start = block->start_match;
    counter->position = block->current_position;
    return counter->steps > counter->steps_max ? PCRE2_ERROR_CALLOUT : 0;
}

bool pattern_count_steps(const struct pattern *pattern, struct str subject, size_t steps_max,
                         struct pattern_scratch *scratch, size_t *out_steps)
{
    struct counter counter = {.steps_max = steps_max};
    size_t at = 0;
    bool within = true;
    pcre2_set_callout(scratch->context, count_step, &counter);
    pcre2_set_depth_limit(scratch->context, UINT32_MAX);
    while (within && at < subject.size) {
        int code = pcre2_match(pattern->code, (PCRE2_SPTR)subject.data, subject.size, at,
                               PCRE2_NO_UTF_CHECK, scratch->data, scratch->context);
        within = code != PCRE2_ERROR_CALLOUT && code != PCRE2_ERROR_MATCHLIMIT;
        if (code < 0)
            break;
        const size_t *offsets = pcre2_get_ovector_pointer(scratch->data);
        at = offsets[1] > at ? offsets[1] : subject.size;
    }
    pcre2_set_callout(scratch->context, NULL, NULL);
    pcre2_set_depth_limit(scratch->context, PATTERN_DEPTH_MAX);
    *out_steps = counter.steps;
    return within;
}
