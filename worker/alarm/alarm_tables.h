/* alarm_tables: what alarms.sqlite holds, and how an older one becomes that. */
#ifndef ASSAY_ALARM_TABLES_H
#define ASSAY_ALARM_TABLES_H

#include "worker/store/db.h"

/* Whoever writes makes the tables that are missing. False: FATAL for a newer file, INPUT for one
 * that a reader cannot read; `path` is named. */
bool alarm_tables_check(struct db *db, const char *path, bool writes, struct error *error);

#endif
