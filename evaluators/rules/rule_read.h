/* rule_read: rules and packs as their JSON says them, checked but not compiled. */
#ifndef ASSAY_RULE_READ_H
#define ASSAY_RULE_READ_H

#include <stdbool.h>
#include <stdint.h>
#include <jansson.h>
#include "schema/base/problems.h"
#include "evaluators/rules/rule.h"

enum {
    RULE_ID_BYTES_MAX = 64,
    RULE_LIST_MAX = 2000, /* keywords, words, allow, stop, examples of one rule */
    RULE_PATH_BYTES = 256,
};

struct rule_context_text {
    const json_t *words;
    int64_t within; /* code points before and behind the match */
    bool required;
};

/* One rule. Strings and lists are borrowed from the document; every list is a list of strings, or
 * NULL. */
struct rule_text {
    const char *id, *entity, *description, *pattern;
    unsigned flags; /* enum pattern_flag */
    unsigned where; /* enum rule_where */
    enum rule_severity severity;
    const json_t *keywords, *validators, *allow, *stop;
    struct rule_context_text context; /* words NULL: none */
    const json_t *match, *no_match;   /* examples */
};

/* A pack: a named, versioned list of rules. */
struct pack_text {
    const char *name, *description;
    int64_t version;
    const json_t *rules;
};

/* Each lists everything wrong as problems at or below `path`; false when there was any. */
bool rule_read(const json_t *object, struct rule_text *out, const char *path,
               struct problems *problems);
bool pack_read(const json_t *document, struct pack_text *out, const char *path,
               struct problems *problems);

/* The words of "where" and "severity": for options and reports. NULL-terminated. */
extern const char *const RULE_WHERE_NAMES[];
extern const char *const RULE_SEVERITY_NAMES[];
unsigned rule_where_of(const char *name);
enum rule_severity rule_severity_of(const char *name);

#endif
