/* keywords: an Aho-Corasick automaton (Aho and Corasick 1975) over byte classes: every transition
 * is one table look-up, whatever the number of keywords. */
#include "evaluators/rules/keywords.h"

#include <assert.h>
#include <stdlib.h>
#include "schema/base/memory.h"

typedef uint16_t state; /* KEYWORDS_BYTES_MAX keeps their number below 65536 */
enum { ROOT = 0, CLASSES_MAX = 128 };

struct output {
    uint32_t owner;
    uint32_t next; /* of the same state, index + 1; 0 ends */
};

struct keywords {
    unsigned char class_of[256]; /* 0: a byte no keyword has */
    unsigned class_count;
    state *next;     /* [state * class_count + class] */
    uint32_t *first; /* [state]: its outputs, index + 1 */
    state *shorter;  /* [state]: longest proper suffix that has outputs, or ROOT */
    state *fallback; /* [state]: longest proper suffix that is a state; while building */
    size_t state_count;
    struct output *outputs;
    size_t output_count;
};

static unsigned char folded(unsigned char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte + 32) : byte;
}

static void number_classes(struct keywords *keywords, const struct keyword *list, size_t count)
{
    keywords->class_count = 1;
    for (size_t i = 0; i < count; i++) {
        for (const char *c = list[i].text; *c; c++) {
            unsigned char byte = folded((unsigned char)*c);
            assert(byte < CLASSES_MAX);
            if (!keywords->class_of[byte])
                keywords->class_of[byte] = (unsigned char)keywords->class_count++;
        }
    }
    for (unsigned byte = 'A'; byte <= 'Z'; byte++)
        keywords->class_of[byte] = keywords->class_of[folded((unsigned char)byte)];
}

static state *step(const struct keywords *keywords, state from, unsigned class)
{
    return &keywords->next[(size_t)from * keywords->class_count + class];
}

static void add(struct keywords *keywords, const struct keyword *keyword)
{
    state at = ROOT;
    for (const char *c = keyword->text; *c; c++) {
        state *next = step(keywords, at, keywords->class_of[(unsigned char)*c]);
        if (*next == ROOT)
            *next = (state)keywords->state_count++;
        at = *next;
    }
    keywords->outputs[keywords->output_count++] =
        (struct output){.owner = keyword->owner, .next = keywords->first[at]};
    keywords->first[at] = (uint32_t)keywords->output_count;
}

/* `to` is reached from `from`, whose own links are complete. */
static void link_state(struct keywords *keywords, state from, unsigned class, state to)
{
    state fallback = from == ROOT ? (state)ROOT : *step(keywords, keywords->fallback[from], class);
    keywords->fallback[to] = fallback;
    keywords->shorter[to] = keywords->first[fallback] ? fallback : keywords->shorter[fallback];
}

/* Breadth first, so that shorter suffixes are complete before they are needed. */
static void complete(struct keywords *keywords)
{
    state *queue = memory_new(keywords->state_count, sizeof *queue);
    size_t head = 0, tail = 0;
    queue[tail++] = ROOT;
    while (head < tail) {
        state from = queue[head++];
        for (unsigned class = 1; class < keywords->class_count; class ++) {
            state *next = step(keywords, from, class);
            if (*next != ROOT) {
                link_state(keywords, from, class, *next);
                queue[tail++] = *next;
            } else if (from != ROOT) {
                *next = *step(keywords, keywords->fallback[from], class);
            }
        }
    }
    free(queue);
}

struct keywords *keywords_new(const struct keyword *list, size_t count)
{
    struct keywords *keywords = memory_new(1, sizeof *keywords);
    size_t states_max = 1;
    for (size_t i = 0; i < count; i++)
        states_max += strlen(list[i].text);
    assert(states_max <= KEYWORDS_BYTES_MAX + 1);
    number_classes(keywords, list, count);
    keywords->next = memory_new(states_max * keywords->class_count, sizeof *keywords->next);
    keywords->first = memory_new(states_max, sizeof *keywords->first);
    keywords->shorter = memory_new(states_max, sizeof *keywords->shorter);
    keywords->fallback = memory_new(states_max, sizeof *keywords->fallback);
    keywords->outputs = memory_new(count + 1, sizeof *keywords->outputs);
    keywords->state_count = 1;
    for (size_t i = 0; i < count; i++)
        add(keywords, &list[i]);
    complete(keywords);
    return keywords;
}

void keywords_free(struct keywords *keywords)
{
    if (!keywords)
        return;
    free(keywords->next);
    free(keywords->first);
    free(keywords->shorter);
    free(keywords->fallback);
    free(keywords->outputs);
    free(keywords);
}

static void report(const struct keywords *keywords, state at, uint64_t *out_owners)
{
    for (; at != ROOT; at = keywords->shorter[at]) {
        for (uint32_t i = keywords->first[at]; i; i = keywords->outputs[i - 1].next) {
            uint32_t owner = keywords->outputs[i - 1].owner;
            out_owners[owner / 64] |= UINT64_C(1) << (owner % 64);
        }
    }
}

/* The class at *at, which moves behind its bytes. U+017F and U+212A are the two characters outside
 * ASCII that equal an ASCII letter without case. */
static unsigned next_class(const struct keywords *keywords, struct str text, size_t *at)
{
    unsigned char byte = (unsigned char)text.data[*at];
    size_t left = text.size - *at;
    if (byte == 0xc5 && left >= 2 && memcmp(text.data + *at, "\xc5\xbf", 2) == 0) {
        *at += 2;
        return keywords->class_of['s'];
    }
    if (byte == 0xe2 && left >= 3 && memcmp(text.data + *at, "\xe2\x84\xaa", 3) == 0) {
        *at += 3;
        return keywords->class_of['k'];
    }
    *at += 1;
    return keywords->class_of[byte];
}

void keywords_find(const struct keywords *keywords, struct str text, uint64_t *out_owners)
{
    if (!keywords)
        return;
    state at = ROOT;
    for (size_t i = 0; i < text.size;) {
        at = *step(keywords, at, next_class(keywords, text, &i));
        if (keywords->first[at] || keywords->shorter[at])
            report(keywords, at, out_owners);
    }
}
