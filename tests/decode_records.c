/* decode_records: says of each line of the files what capture_decode makes of it, as JSON lines:
 * {"id","invalid"} or {"id","model","prompt","last_user","response",...}. For measurements and for
 * the tests that read records of other programs; --lengths leaves the texts out. */
#include <stdio.h>
#include <stdlib.h>

#include "schema/base/buffer.h"
#include "schema/capture.h"

static void print_text(struct buffer *out, const char *key, struct str text, bool lengths)
{
    buffer_printf(out, ",\"%s\":", key);
    if (!text.data)
        buffer_append_str(out, STR("null"));
    else if (lengths)
        buffer_printf(out, "%zu", text.size);
    else
        buffer_append_json(out, text);
}

static void print_sample(struct buffer *out, const struct sample *sample, bool lengths)
{
    buffer_append_str(out, STR("{\"id\":"));
    buffer_append_json(out, sample->id);
    print_text(out, "model", sample->model, false);
    print_text(out, "prompt", sample->prompt, lengths);
    print_text(out, "last_user", sample->last_user, lengths);
    print_text(out, "response", sample->response, lengths);
    print_text(out, "finish_reason", sample->finish_reason, false);
    buffer_printf(out,
                  ",\"observed_at_ms\":%lld,\"input_tokens\":%lld,\"output_tokens\":%lld,"
                  "\"resamples\":%zu,\"references\":%zu,\"unknown_keys\":%u}\n",
                  (long long)sample->observed_at_ms, (long long)sample->input_tokens,
                  (long long)sample->output_tokens, sample->resample_count, sample->reference_count,
                  sample->unknown_keys);
}

static void decode_file(FILE *file, bool lengths)
{
    struct arena arena = {0};
    struct buffer out = {0};
    char *line = NULL, id[64];
    size_t room = 0;
    ssize_t size;
    for (int number = 1; (size = getline(&line, &room, file)) > 0; number++) {
        struct sample sample;
        struct capture_reason reason;
        snprintf(id, sizeof id, "line %d", number);
        buffer_reset(&out);
        if (capture_decode((struct str){line, (size_t)size}, str_of(id), &arena, &sample, &reason))
            print_sample(&out, &sample, lengths);
        else
            buffer_printf(&out, "{\"id\":\"%s\",\"invalid\":\"%s\",\"at\":%zu}\n", id, reason.code,
                          reason.at);
        fwrite(out.data, 1, out.size, stdout);
        arena_reset(&arena);
    }
    free(line);
    buffer_clear(&out);
    arena_clear(&arena);
}

int main(int argc, char **argv)
{
    bool lengths = argc > 1 && strcmp(argv[1], "--lengths") == 0;
    for (int i = 1 + lengths; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        if (!file) {
            fprintf(stderr, "decode_records: cannot open %s\n", argv[i]);
            return 3;
        }
        decode_file(file, lengths);
        fclose(file);
    }
    return 0;
}
