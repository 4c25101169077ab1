/* migrations: the SQL that makes each schema version from the one before; made at build time. */
#ifndef ASSAY_MIGRATIONS_H
#define ASSAY_MIGRATIONS_H

/* MIGRATIONS[n] leads from version n to n + 1. */
extern const char *const MIGRATIONS[];

#endif
