/* import: the list of foreign formats that are read. */
#include "rubrics/imports/import.h"

#include <string.h>

extern const struct importer import_gitleaks;

const struct importer *const IMPORTERS[] = {&import_gitleaks, NULL};

const struct importer *importer_find(const char *name)
{
    for (size_t i = 0; IMPORTERS[i]; i++)
        if (strcmp(IMPORTERS[i]->name, name) == 0)
            return IMPORTERS[i];
    return NULL;
}
