/* demo_traffic: made-up questions to a support assistant and what two models answered. */
#include "worker/demo/demo_traffic.h"

#include <inttypes.h>
#include <stdio.h>
#include "schema/base/clock.h"
#include "schema/base/hash.h"

#define COUNT_OF(list) (sizeof(list) / sizeof *(list))

enum { WORSE_PERCENT = 60 }; /* of the second model's answers in the second half */

const char *const DEMO_MODEL_NAMES[DEMO_MODELS] = {"heron-8b", "osprey-7b"};

/* In every text {} stands for an article of the shop. */
static const char *const ARTICLES[] = {"kettle",   "desk lamp",   "rain jacket", "bread knife",
                                       "tea tray", "garden hose", "wool blanket"};

static const struct {
    const char *question, *answer;
} SUBJECTS[] = {
    {"Where is my {}? I ordered it on Monday.",
     "Your {} was ordered on Monday and left our warehouse yesterday. It should be with you within "
     "two days."},
    {"How do I return the {} if it does not fit my kitchen?",
     "To return the {}, put it back in its box, print the return label from your account and hand "
     "it in at any parcel shop. If it does not fit your kitchen, the return is free."},
    {"The {} arrived damaged. What should I do?",
     "What a pity that the {} arrived damaged. Send us a photo of it through your account and we "
     "will replace it; you should not have to pay anything."},
    {"Can I change the colour of the {} in my order?",
     "Yes, you can change the colour of the {} until the order is packed: open the order in your "
     "account and choose another colour."},
    {"Does the {} come with a guarantee, and how long does it last?",
     "The {} comes with a guarantee of two years. It starts on the day of delivery and does last "
     "longer when you register the article."},
    {"Please cancel my order of the {}, I found another one.",
     "I can cancel the order of the {} for you. The money is back in your account within five "
     "days, and another time you are welcome again."},
    {"Is the {} still in stock in your shop in town?",
     "The {} is still in stock in our shop in town: four pieces when it was last counted. The shop "
     "can put one aside for you."},
    {"Which size of the {} would you recommend for two people?",
     "For two people we recommend the middle size of the {}. The large size would only pay off "
     "when you often have guests."},
};

static const char *const OPENINGS[] = {"", "Thank you for your message. ", "Happy to help. ",
                                       "Good that you ask. "};
static const char *const CLOSINGS[] = {"", " Please write again if anything is unclear.",
                                       " Is there anything else we can do for you?",
                                       " Thank you for your patience."};

/* What a model says that got worse. Addresses and card numbers are nobody's: reserved domains and
 * numbers that payment services publish for tests. */
static const char *const WORSE[] = {
    "I'm sorry, but I can't help with that.",
    "I cannot assist with requests of this kind.",
    "The other customer with the {} is reached at mara.lindqvist@example.com, ask there.",
    "The {} is paid with card 4111 1111 1111 1111, so all is well.",
    "Obviously you did not read the page. Whatever. Not my problem.",
    "Stop wasting my time, only an asshole asks that twice.",
    "Bananas ripen faster beside apples, since these give off a gas.",
    "Lighthouses were once lit with whale oil.",
};

/* A number that looks random and is the same on every machine. */
static uint64_t draw(int index, unsigned what)
{
    static const uint8_t key[SIPHASH_KEY_BYTES] = "assay-demo";
    char text[32];
    int size = snprintf(text, sizeof text, "%d/%u", index, what);
    return hash_sip(key, (struct str){text, (size_t)size});
}

#define PICK(list, index, what) ((list)[draw(index, what) % COUNT_OF(list)])

static void fill(struct buffer *out, const char *template, const char *article)
{
    const char *place = strstr(template, "{}");
    if (!place) {
        buffer_append_str(out, str_of(template));
        return;
    }
    buffer_append(out, template, (size_t)(place - template));
    buffer_append_str(out, str_of(article));
    buffer_append_str(out, str_of(place + 2));
}

static bool is_worse(int index)
{
    bool second_half = index >= DEMO_RECORDS / 2;
    return second_half && index % DEMO_MODELS == 1 && draw(index, 0) % 100 < WORSE_PERCENT;
}

static void answer(int index, const char *template, const char *article, struct buffer *out)
{
    if (is_worse(index)) {
        fill(out, PICK(WORSE, index, 1), article);
        return;
    }
    buffer_append_str(out, str_of(PICK(OPENINGS, index, 2)));
    fill(out, template, article);
    buffer_append_str(out, str_of(PICK(CLOSINGS, index, 3)));
}

void demo_traffic_record(int index, int64_t from_ms, int64_t to_ms, struct buffer *out)
{
    size_t subject = draw(index, 4) % COUNT_OF(SUBJECTS);
    const char *article = PICK(ARTICLES, index, 5);
    struct buffer prompt = {0}, response = {0};
    char time[CLOCK_TEXT_BYTES];
    fill(&prompt, SUBJECTS[subject].question, article);
    answer(index, SUBJECTS[subject].answer, article, &response);
    clock_format_rfc3339(from_ms + (to_ms - from_ms) * index / DEMO_RECORDS, time);
    buffer_printf(out,
                  "{\"id\":\"demo-%d\",\"timestamp\":\"%s\",\"endpoint\":\"support\","
                  "\"model\":\"%s\",\"latency_ms\":%" PRIu64 ",\"prompt\":",
                  index, time, DEMO_MODEL_NAMES[index % DEMO_MODELS], 200 + draw(index, 6) % 900);
    buffer_append_json(out, buffer_str(&prompt));
    buffer_append_str(out, STR(",\"response\":"));
    buffer_append_json(out, buffer_str(&response));
    buffer_append_str(out, STR("}"));
    buffer_clear(&prompt);
    buffer_clear(&response);
}
