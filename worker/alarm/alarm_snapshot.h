/* alarm_snapshot: all that a stream knows, as bytes. */
#ifndef ASSAY_ALARM_SNAPSHOT_H
#define ASSAY_ALARM_SNAPSHOT_H

#include "worker/alarm/alarm_pack.h"
#include "worker/alarm/alarm_stream.h"

/* Raise it whenever the walk changes, or what any of its numbers means. States that are older than
 * their --keep cannot go on from there then (alarm_replay.c says so): where that would hurt, read
 * the walk before, too. */
enum { ALARM_SNAPSHOT_VERSION = 1 };

/* Between two buckets. Equal streams give equal bytes. Read, the stream must be new, of the same
 * series; with pack->bad it must be freed. */
void alarm_snapshot_stream(struct pack *pack, struct alarm_stream *stream);

#endif
