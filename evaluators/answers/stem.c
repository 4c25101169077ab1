/* stem: English words without their endings (Porter's algorithm as NLTK extends it). */
#include "evaluators/answers/stem.h"

#include <stdbool.h>
#include <string.h>

/* The word as it stands at a step. In Porter's terms: its measure m is the number of changes from
 * vowels to consonants; y is a vowel behind a consonant. */
struct word {
    char *text;
    size_t size;
};

static bool is_vowel(char c)
{
    return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u';
}

struct shape {
    size_t measure;
    bool has_vowel;
    bool ends_cvc; /* and not in w, x or y; or the whole is vowel, consonant */
    bool ends_consonant;
};

/* Of the first `size` letters. */
static struct shape shape_of(const char *text, size_t size)
{
    struct shape shape = {0};
    bool last[3] = {
        false}; /* is a consonant: this letter, the one before, and the one before that */
    for (size_t i = 0; i < size; i++) {
        bool consonant = text[i] == 'y' ? i == 0 || !last[0] : !is_vowel(text[i]);
        shape.measure += i > 0 && consonant && !last[0];
        shape.has_vowel = shape.has_vowel || !consonant;
        last[2] = last[1], last[1] = last[0], last[0] = consonant;
    }
    shape.ends_consonant = size > 0 && last[0];
    bool cvc = size >= 3 && last[2] && !last[1] && last[0] && !strchr("wxy", text[size - 1]);
    shape.ends_cvc = cvc || (size == 2 && !last[1] && last[0]);
    return shape;
}

static bool ends_with(const struct word *word, const char *ending)
{
    size_t size = strlen(ending);
    return word->size >= size && memcmp(word->text + word->size - size, ending, size) == 0;
}

static void replace_ending(struct word *word, const char *ending, const char *by)
{
    size_t stem = word->size - strlen(ending), size = strlen(by);
    memcpy(word->text + stem, by, size);
    word->size = stem + size;
}

/* The first rule whose ending the word has is the one that counts, applicable or not. */
struct rule {
    const char *ending, *by;
};

/* Steps 2 to 4: the stem's measure must be above `above`. */
static void apply_rules(struct word *word, const struct rule *rules, size_t count, size_t above)
{
    for (size_t i = 0; i < count; i++) {
        if (!ends_with(word, rules[i].ending))
            continue;
        size_t stem = word->size - strlen(rules[i].ending);
        if (shape_of(word->text, stem).measure > above)
            replace_ending(word, rules[i].ending, rules[i].by);
        return;
    }
}

static void step_1a(struct word *word)
{
    if (ends_with(word, "sses"))
        word->size -= 2;
    else if (ends_with(word, "ies"))
        word->size -= word->size == 4 ? 1 : 2;
    else if (ends_with(word, "s") && !ends_with(word, "ss"))
        word->size--;
}

/* What stands before "ed" or "ing" may lack an e, or have a letter too many. */
static void mend_stem(struct word *word)
{
    struct shape shape = shape_of(word->text, word->size);
    char last = word->text[word->size - 1];
    bool twice = word->size >= 2 && word->text[word->size - 2] == last && shape.ends_consonant;
    if (ends_with(word, "at") || ends_with(word, "bl") || ends_with(word, "iz"))
        word->text[word->size++] = 'e';
    else if (twice)
        word->size -= !strchr("lsz", last);
    else if (shape.measure == 1 && shape.ends_cvc)
        word->text[word->size++] = 'e';
}

static void step_1b(struct word *word)
{
    if (ends_with(word, "ied")) {
        word->size -= word->size == 4 ? 1 : 2;
    } else if (ends_with(word, "eed")) {
        word->size -= shape_of(word->text, word->size - 3).measure > 0;
    } else {
        size_t ending = ends_with(word, "ed") ? 2 : ends_with(word, "ing") ? 3 : 0;
        if (ending == 0 || !shape_of(word->text, word->size - ending).has_vowel)
            return;
        word->size -= ending;
        mend_stem(word);
    }
}

static void step_1c(struct word *word)
{
    if (word->size > 2 && ends_with(word, "y") &&
        shape_of(word->text, word->size - 1).ends_consonant)
        word->text[word->size - 1] = 'i';
}

static void step_2(struct word *word)
{
    static const struct rule RULES[] = {
        {"ational", "ate"}, {"tional", "tion"}, {"enci", "ence"},   {"anci", "ance"},
        {"izer", "ize"},    {"bli", "ble"},     {"alli", "al"},     {"entli", "ent"},
        {"eli", "e"},       {"ousli", "ous"},   {"ization", "ize"}, {"ation", "ate"},
        {"ator", "ate"},    {"alism", "al"},    {"iveness", "ive"}, {"fulness", "ful"},
        {"ousness", "ous"}, {"aliti", "al"},    {"iviti", "ive"},   {"biliti", "ble"},
        {"fulli", "ful"},
    };
    if (ends_with(word, "alli") && shape_of(word->text, word->size - 4).measure > 0)
        word->size -= 2; /* and on with "al": "ationalli" goes all the way */
    if (!ends_with(word, "logi"))
        apply_rules(word, RULES, sizeof RULES / sizeof *RULES, 0);
    else if (shape_of(word->text, word->size - 3).measure > 0) /* its l belongs to the stem */
        word->size--;
}

static void step_3(struct word *word)
{
    static const struct rule RULES[] = {
        {"icate", "ic"}, {"ative", ""}, {"alize", "al"}, {"iciti", "ic"},
        {"ical", "ic"},  {"ful", ""},   {"ness", ""},
    };
    apply_rules(word, RULES, sizeof RULES / sizeof *RULES, 0);
}

static void step_4(struct word *word)
{
    static const struct rule RULES[] = {
        {"al", ""},   {"ance", ""}, {"ence", ""},  {"er", ""},   {"ic", ""},  {"able", ""},
        {"ible", ""}, {"ant", ""},  {"ement", ""}, {"ment", ""}, {"ent", ""}, {"ou", ""},
        {"ism", ""},  {"ate", ""},  {"iti", ""},   {"ous", ""},  {"ive", ""}, {"ize", ""},
    };
    if (!ends_with(word, "sion") && !ends_with(word, "tion"))
        apply_rules(word, RULES, sizeof RULES / sizeof *RULES, 1);
    else if (shape_of(word->text, word->size - 3).measure > 1) /* s or t belong to the stem */
        word->size -= 3;
}

static void step_5(struct word *word)
{
    if (ends_with(word, "e")) {
        struct shape stem = shape_of(word->text, word->size - 1);
        word->size -= stem.measure > 1 || (stem.measure == 1 && !stem.ends_cvc);
    }
    word->size -= ends_with(word, "ll") && shape_of(word->text, word->size - 1).measure > 1;
}

static const char *irregular(struct str word)
{
    static const struct {
        const char *word, *stem;
    } WORDS[] = {
        {"skies", "sky"},       {"sky", "sky"},          {"dying", "die"},
        {"lying", "lie"},       {"tying", "tie"},        {"news", "news"},
        {"innings", "inning"},  {"inning", "inning"},    {"outings", "outing"},
        {"outing", "outing"},   {"cannings", "canning"}, {"canning", "canning"},
        {"howe", "howe"},       {"proceed", "proceed"},  {"exceed", "exceed"},
        {"succeed", "succeed"},
    };
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
        if (str_is(word, WORDS[i].word))
            return WORDS[i].stem;
    return NULL;
}

struct str stem_porter(struct str word, struct arena *arena)
{
    const char *known = irregular(word);
    if (known)
        return str_of(known);
    if (word.size <= 2)
        return word;
    struct word stem = {arena_alloc(arena, word.size), word.size}; /* it never becomes longer */
    memcpy(stem.text, word.data, word.size);
    static void (*const STEPS[])(struct word *) = {step_1a, step_1b, step_1c, step_2,
                                                   step_3,  step_4,  step_5};
    for (size_t i = 0; i < sizeof STEPS / sizeof *STEPS; i++)
        STEPS[i](&stem);
    return (struct str){stem.text, stem.size};
}
