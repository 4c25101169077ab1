/* rules: a set of compiled rules, and all that they find in a text. */
#ifndef ASSAY_RULES_H
#define ASSAY_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <jansson.h>
#include "schema/base/arena.h"
#include "schema/base/error.h"
#include "schema/base/problems.h"
#include "schema/base/str.h"
#include "evaluators/rules/rule.h"

struct scratch;

enum {
    RULES_MAX = 2000,             /* of a set, and of a pack */
    RULES_CHUNK_BYTES = 64 << 10, /* a longer text is searched in chunks of this size ... */
    RULES_AHEAD_BYTES = 7 << 10,  /* ... and of a match that starts in one, at most this much is
                                   * seen behind its end; */
    RULES_BEHIND_BYTES = 1 << 10, /* lookbehinds see this much before it */
    RULES_MATCHES_MAX = 8192,      /* of one rule in one text */
};

_Static_assert(RULES_BEHIND_BYTES + RULES_CHUNK_BYTES + RULES_AHEAD_BYTES <=
                   PATTERN_SUBJECT_BYTES_MAX,
               "patterns are tried on texts as long as a search is given");

/* Which rules of a pack or list are wanted. Zero: all. */
struct rules_wanted {
    unsigned where;              /* those that look at one of these places; 0: any */
    const char *const *entities; /* NULL: any */
    size_t entity_count;
    enum rule_severity min_severity;
};

/* Add rules, then call rules_prepare once; read-only from then on and shared by threads. */
struct rules;

struct rules *rules_new(void);
void rules_free(struct rules *rules);

/* Adds the wanted rules of a pack (schema/rule-pack.schema.json). Every problem is listed at or
 * below `path`; false when there was one. The document need not outlive the call. */
bool rules_add_pack(struct rules *rules, const json_t *pack, const struct rules_wanted *wanted,
                    const char *path, struct problems *problems);
/* Adds a list of rules; where a string stands instead of a rule it is a pattern, and its rule gets
 * the path's last word and its place as id: "forbid[2]". */
bool rules_add_list(struct rules *rules, const json_t *list, const struct rules_wanted *wanted,
                    const char *path, struct problems *problems);
/* False and a problem at `path` when the keywords are too many. */
bool rules_prepare(struct rules *rules, const char *path, struct problems *problems);

size_t rules_count(const struct rules *rules);
const struct rule *rules_at(const struct rules *rules, size_t index);

struct rule_match {
    const struct rule *rule;
    enum rule_severity severity; /* the rule's, or one less without context words near it */
    size_t start, end;           /* bytes, end exclusive; never empty */
};

struct rule_matches {
    struct rule_match *list; /* in the arena, by start, end and the rule's place in the set */
    size_t count;
    bool cut; /* a rule had more than matches_max: its first ones are here */
};

/* What the rules that look at `where` find in `text` (valid UTF-8), of each rule at most
 * matches_max. Matches of one rule do not overlap. False and `error` (INPUT, "rule x: match limit
 * ...") when a limit was hit: then nothing is known about the text. */
bool rules_find(const struct rules *rules, struct str text, enum rule_where where,
                size_t matches_max, struct scratch *scratch, struct arena *arena,
                struct rule_matches *out, struct error *error);

#endif
