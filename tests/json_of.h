/* json_of: JSON written in a test, read. Header-only. */
#ifndef ASSAY_TESTS_JSON_OF_H
#define ASSAY_TESTS_JSON_OF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "schema/base/json_read.h"

/* Fails the test unless it reads; the caller releases the value. */
static inline json_t *json_of(const char *text)
{
    struct error error = {0};
    json_t *value = json_read(str_of(text), &JSON_LIMITS_DOCUMENT, &error);
    if (!value)
        fail_msg("%s: %s", error.text, text);
    return value;
}

#endif
