/* demo_judge: what the stand-in for a judge model replies. */
#include "worker/demo/demo_judge.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>
#include <jansson.h>
#include "schema/base/memory.h"

enum { WORST = 1, BEST = 5, WORD_LETTERS_MIN = 4, WORD_BYTES = 64 };

/* What tells the two templates apart. */
static const char TONE_MARK[] = "is the tone of the response";
static const char NONCE_MARK[] = "{\"nonce\":\"";
enum { NONCE_BYTES = 32 };

static const char *const RUDE[] = {"obviously", "whatever", "not my problem", "stop wasting",
                                   "asshole"};
static const char *const CURT[] = {"can't help", "cannot assist", "ask there"};

static int hits(const char *text, const char *const *words, size_t count)
{
    int found = 0;
    for (size_t i = 0; i < count; i++)
        found += strcasestr(text, words[i]) != NULL;
    return found;
}

static int tone_of(const char *response)
{
    int verdict = BEST - 2 * hits(response, RUDE, sizeof RUDE / sizeof *RUDE) -
                  hits(response, CURT, sizeof CURT / sizeof *CURT);
    return verdict < WORST ? WORST : verdict;
}

/* By the share of the prompt's longer words that the response takes up. */
static int relevance_of(const char *prompt, const char *response)
{
    int words = 0, taken_up = 0;
    for (const char *at = prompt; *at;) {
        size_t size = 0;
        while (isalpha((unsigned char)at[size]))
            size++;
        if (size >= WORD_LETTERS_MIN && size < WORD_BYTES) {
            char word[WORD_BYTES];
            memcpy(word, at, size);
            word[size] = '\0';
            words++;
            taken_up += strcasestr(response, word) != NULL;
        }
        at += size ? size : 1;
    }
    return words == 0 ? BEST : WORST + (BEST - WORST) * 2 * taken_up / (words + taken_up);
}

/* The line of the question that holds the sample. */
static json_t *read_sample(const char *question)
{
    const char *line = strstr(question, "\n{\"");
    const char *end = line ? strchr(line + 1, '\n') : NULL;
    return end ? json_loadb(line + 1, (size_t)(end - line - 1), 0, NULL) : NULL;
}

/* The last one: a sample may hold text that looks like it. */
static const char *find_nonce(const char *question)
{
    const char *found = NULL;
    for (const char *at = question; (at = strstr(at, NONCE_MARK)); at += sizeof NONCE_MARK - 1)
        found = at + sizeof NONCE_MARK - 1;
    return found && strlen(found) >= NONCE_BYTES ? found : NULL;
}

static void append_reply(struct buffer *out, const char *nonce, int verdict)
{
    struct buffer text = {0};
    buffer_printf(&text,
                  "{\"nonce\":\"%.*s\",\"reasoning\":\"Words were counted.\",\"verdict\":%d}",
                  (int)NONCE_BYTES, nonce, verdict);
    buffer_append_str(out, STR("{\"object\":\"chat.completion\",\"choices\":[{\"index\":0,"
                               "\"message\":{\"role\":\"assistant\",\"content\":"));
    buffer_append_json(out, buffer_str(&text));
    buffer_append_str(out, STR("},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":100,"
                               "\"completion_tokens\":30}}"));
    buffer_clear(&text);
}

bool demo_judge_reply(struct str body, struct buffer *out)
{
    json_t *root = json_loadb(body.data, body.size, 0, NULL);
    const json_t *messages = json_object_get(root, "messages");
    const char *system = json_string_value(json_object_get(json_array_get(messages, 0), "content"));
    const char *question =
        json_string_value(json_object_get(json_array_get(messages, 1), "content"));
    const char *nonce = question ? find_nonce(question) : NULL;
    json_t *sample = question ? read_sample(question) : NULL;
    const char *prompt = json_string_value(json_object_get(sample, "prompt"));
    const char *response = json_string_value(json_object_get(sample, "response"));
    bool understood = system && nonce && prompt && response;
    if (understood)
        append_reply(out, nonce,
                     strstr(system, TONE_MARK) ? tone_of(response)
                                               : relevance_of(prompt, response));
    json_decref(sample);
    json_decref(root);
    return understood;
}
