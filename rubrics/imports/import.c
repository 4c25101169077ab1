/* import: the list of foreign formats that are read. */
#include "rubrics/imports/import.h"

#include <string.h>

extern const struct importer import_gitleaks;
extern const struct importer import_openai;
extern const struct importer import_promptfoo;

const struct importer *const IMPORTERS[] = {&import_gitleaks, &import_openai, &import_promptfoo,
                                            NULL};

const struct importer *importer_find(const char *name)
{
    for (size_t i = 0; IMPORTERS[i]; i++)
        if (strcmp(IMPORTERS[i]->name, name) == 0)
            return IMPORTERS[i];
    return NULL;
}
