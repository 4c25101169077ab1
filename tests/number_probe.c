/* number_probe: writes each number of standard input (%a) as assay writes numbers, a line each. */
#include <stdio.h>
#include <stdlib.h>
#include "schema/base/buffer.h"

enum { LINE_BYTES = 64 };

int main(void)
{
    char line[LINE_BYTES];
    struct buffer buffer = {0};
    while (fgets(line, sizeof line, stdin)) {
        buffer_reset(&buffer);
        buffer_append_number(&buffer, strtod(line, NULL));
        puts(buffer.data);
    }
    buffer_clear(&buffer);
    return 0;
}
