/* str: borrowed text, a pointer and a length; NULs may stand inside. */
#ifndef ASSAY_BASE_STR_H
#define ASSAY_BASE_STR_H

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct str {
    const char *data; /* NULL: absent (which differs from empty) */
    size_t size;      /* bytes */
};

/* For a literal: STR("scored"). */
#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})

static inline struct str str_of(const char *string)
{
    return (struct str){string, string ? strlen(string) : 0};
}

static inline bool str_equal(struct str a, struct str b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool str_is(struct str a, const char *string)
{
    return a.data && str_equal(a, str_of(string));
}

/* Without white space of the C locale around it. */
static inline struct str str_trim(struct str text)
{
    while (text.size && isspace((unsigned char)text.data[0])) {
        text.data++;
        text.size--;
    }
    while (text.size && isspace((unsigned char)text.data[text.size - 1]))
        text.size--;
    return text;
}

/* For printf("%.*s", STR_ARGS(s)). */
#define STR_ARGS(s) (int)(s).size, (s).data ? (s).data : ""

#endif
