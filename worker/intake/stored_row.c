/* stored_row: a row of a delivery becomes a record of history. */
#include "worker/intake/stored_row.h"

enum { TEXT_FORMS_SINCE = 11 /* schema version */ };

static const int64_t TIME_MS_MIN = 946684800000; /* what a capture record may say */

#define ROWS(form, share)                                                                          \
    "SELECT d.off, d.state, d.sample, m.text, e.text, c.text, observed_at_ms, latency_ms,"         \
    "input_tokens, output_tokens, probability, policy, bytes, body, prompt_bytes,"                 \
    "response_bytes, " form ", " share " "                                                         \
    "FROM delivery d LEFT JOIN text t ON t.run = 1 AND t.source = d.source AND t.off = d.off "     \
    "LEFT JOIN word m ON m.id = model LEFT JOIN word e ON e.id = endpoint LEFT JOIN word c "       \
    "ON c.id = component WHERE d.run = 1 AND d.source = ? AND d.off >= ? AND d.off < ? "           \
    "ORDER BY d.off"

const char *stored_rows_sql(int64_t version)
{
    return version >= TEXT_FORMS_SINCE ? ROWS("form", "share") : ROWS("0", "1");
}

static void add_member(struct buffer *head, const char *key, struct str text)
{
    if (!text.data)
        return;
    buffer_printf(head, "\"%s\":", key);
    buffer_append_json(head, text);
    buffer_append(head, ",", 1);
}

static void add_number(struct buffer *head, const char *key, struct statement *row, int column)
{
    double value = db_real(row, column);
    if (!(value >= 0))
        return;
    buffer_printf(head, "\"%s\":", key);
    buffer_append_number(head, value);
    buffer_append(head, ",", 1);
}

static void add_names(struct statement *row, struct buffer *head)
{
    add_member(head, "id", db_text(row, STORED_SAMPLE));
    add_member(head, "model", db_text(row, STORED_MODEL));
    add_member(head, "endpoint", db_text(row, STORED_ENDPOINT));
    add_member(head, "inference_component", db_text(row, STORED_COMPONENT));
    add_number(head, "latency_ms", row, STORED_LATENCY);
    add_number(head, "input_tokens", row, STORED_INPUT_TOKENS);
    add_number(head, "output_tokens", row, STORED_OUTPUT_TOKENS);
}

static struct history_record *add_record(struct statement *row, struct chunk *out)
{
    struct history_record *record = &out->records[out->count++];
    *record = (struct history_record){.position = db_int(row, STORED_OFFSET),
                                      .head = out->bytes.size};
    return record;
}

/* ---- with its text ---- */

/* The envelope around a kept record: what it says wins. Old texts were prompt and response alone;
 * that such a sample counts for more than itself is true of all. */
static void write_head(struct statement *row, struct buffer *head)
{
    buffer_append(head, "{", 1);
    if (db_int(row, STORED_FORM) == 0)
        add_names(row, head);
    if (db_int(row, STORED_OBSERVED) >= TIME_MS_MIN)
        add_number(head, "timestamp", row, STORED_OBSERVED);
    buffer_append_str(head, STR("\"probability\":"));
    buffer_append_number(head, db_real(row, STORED_PROBABILITY) * db_real(row, STORED_SHARE));
    buffer_append_str(head, STR(",\"record\":"));
}

void stored_row_text(struct statement *row, struct chunk *out)
{
    struct history_record *record = add_record(row, out);
    write_head(row, &out->bytes);
    record->head_size = out->bytes.size - record->head;
    record->body = out->bytes.size;
    buffer_append_str(&out->bytes, db_text(row, STORED_BODY));
    record->body_size = out->bytes.size - record->body;
    record->unpacked_size = (size_t)db_int(row, STORED_BYTES);
    record->redacted = str_is(db_text(row, STORED_POLICY), "redacted");
}

/* ---- with its scores ---- */

static void add_text(struct buffer *into, struct str text)
{
    buffer_append(into, ",", 1);
    if (text.data)
        buffer_append_json(into, text);
    else
        buffer_append_str(into, STR("null"));
}

/* [criterion's hash, status, value, label, reason, findings] */
static void add_score(struct statement *row, struct buffer *into)
{
    double value = db_real(row, 2);
    struct str findings = db_text(row, 5);
    buffer_append(into, "[", 1);
    buffer_append_json(into, db_text(row, 0));
    add_text(into, db_text(row, 1));
    buffer_append(into, ",", 1);
    if (value >= 0)
        buffer_append_number(into, value);
    else
        buffer_append_str(into, STR("null"));
    add_text(into, db_text(row, 3));
    add_text(into, db_text(row, 4));
    buffer_append(into, ",", 1);
    buffer_append_str(into, findings.data ? findings : STR("null"));
    buffer_append(into, "]", 1);
}

void stored_row_scores(struct statement *row, struct db *db, int64_t source, struct chunk *out)
{
    struct history_record *record = add_record(row, out);
    struct buffer *bytes = &out->bytes;
    buffer_append(bytes, "{", 1);
    add_names(row, bytes);
    add_number(bytes, "timestamp", row, STORED_OBSERVED);
    add_number(bytes, "prompt_bytes", row, STORED_PROMPT_BYTES);
    add_number(bytes, "response_bytes", row, STORED_RESPONSE_BYTES);
    add_number(bytes, "probability", row, STORED_PROBABILITY);
    buffer_append_str(bytes, STR("\"scores\":["));
    struct statement *scores =
        db_sql(db, "SELECT hash, status, value, label, reason, findings FROM score JOIN criterion "
                   "ON criterion.id = criterion WHERE run = 1 AND source = ? AND off = ? "
                   "ORDER BY criterion");
    db_bind_int(scores, source);
    db_bind_int(scores, record->position);
    for (bool first = true; db_row(scores); first = false) {
        if (!first)
            buffer_append(bytes, ",", 1);
        add_score(scores, bytes);
    }
    db_end(scores);
    buffer_append(bytes, "]", 1);
    record->head_size = bytes->size - record->head; /* its brace closes as around a text */
}
