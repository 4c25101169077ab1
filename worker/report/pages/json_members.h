/* json_members: members of the JSON objects of reports. */
#ifndef ASSAY_JSON_MEMBERS_H
#define ASSAY_JSON_MEMBERS_H

#include "schema/base/buffer.h"
#include "worker/report/reading/stores.h"
#include "worker/report/reading/time_range.h"
#include "worker/report/reading/traffic_counts.h"

/* `,"name":`, without the comma where an object begins. */
void member_name(struct buffer *out, const char *name);
void member_number(struct buffer *out, const char *name, double value);
void member_count(struct buffer *out, const char *name, uint64_t value);
void member_flag(struct buffer *out, const char *name, bool value);
void member_text(struct buffer *out, const char *name, const char *value);
void member_time(struct buffer *out, const char *name, int64_t ms);
void member_interval(struct buffer *out, const char *name, struct interval interval);
void member_range(struct buffer *out, const char *name, struct time_range range);
/* Bytes that are no ASCII, of texts that are no UTF-8, become "?". */
void member_texts(struct buffer *out, const char *name, char **texts, size_t count);
/* The shards that were read, ascending. */
void member_shards(struct buffer *out, const struct stores *stores);
/* What scores were weighted to, by model; windows by name, null where nothing was counted. */
void member_traffic(struct buffer *out, const struct traffic_counts *counts,
                    const char *const *windows, size_t window_count);
/* n, n_eff, mean, ci, missing, missing_bounds: members of the object that is open. */
void member_level_members(struct buffer *out, const struct level *level);
void member_level(struct buffer *out, const char *name, const struct level *level);

#endif
