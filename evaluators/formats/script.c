/* script: which writing systems the letters of a text belong to. */
#include "evaluators/formats/script.h"

#include <string.h>
#include "schema/base/utf8.h"
#include "evaluators/answers/text.h"

const char *const SCRIPT_WORDS[] = {
    "latin",   "greek", "cyrillic", "armenian", "hebrew", "arabic",   "devanagari", "bengali",
    "tamil",   "thai",  "georgian", "hangul",   "han",    "japanese", "other",      "same",
    NULL};

/* Blocks of Unicode 15 (Blocks.txt) that hold the letters of a script, in order. */
static const struct block {
    uint32_t first, last;
    enum script script;
} BLOCKS[] = {
    {0x0041, 0x024F, SCRIPT_LATIN},      {0x0250, 0x02AF, SCRIPT_LATIN},
    {0x0370, 0x03FF, SCRIPT_GREEK},      {0x0400, 0x052F, SCRIPT_CYRILLIC},
    {0x0530, 0x058F, SCRIPT_ARMENIAN},   {0x0590, 0x05FF, SCRIPT_HEBREW},
    {0x0600, 0x06FF, SCRIPT_ARABIC},     {0x0750, 0x077F, SCRIPT_ARABIC},
    {0x0870, 0x08FF, SCRIPT_ARABIC},     {0x0900, 0x097F, SCRIPT_DEVANAGARI},
    {0x0980, 0x09FF, SCRIPT_BENGALI},    {0x0B80, 0x0BFF, SCRIPT_TAMIL},
    {0x0E00, 0x0E7F, SCRIPT_THAI},       {0x10A0, 0x10FF, SCRIPT_GEORGIAN},
    {0x1100, 0x11FF, SCRIPT_HANGUL},     {0x1C80, 0x1C8F, SCRIPT_CYRILLIC},
    {0x1C90, 0x1CBF, SCRIPT_GEORGIAN},   {0x1E00, 0x1EFF, SCRIPT_LATIN},
    {0x1F00, 0x1FFF, SCRIPT_GREEK},      {0x2C60, 0x2C7F, SCRIPT_LATIN},
    {0x2D00, 0x2D2F, SCRIPT_GEORGIAN},   {0x2DE0, 0x2DFF, SCRIPT_CYRILLIC},
    {0x2E80, 0x2FDF, SCRIPT_HAN},        {0x3005, 0x3007, SCRIPT_HAN},
    {0x3040, 0x30FF, SCRIPT_JAPANESE},   {0x3130, 0x318F, SCRIPT_HANGUL},
    {0x31F0, 0x31FF, SCRIPT_JAPANESE},   {0x3400, 0x4DBF, SCRIPT_HAN},
    {0x4E00, 0x9FFF, SCRIPT_HAN},        {0xA640, 0xA69F, SCRIPT_CYRILLIC},
    {0xA720, 0xA7FF, SCRIPT_LATIN},      {0xA8E0, 0xA8FF, SCRIPT_DEVANAGARI},
    {0xA960, 0xA97F, SCRIPT_HANGUL},     {0xAB30, 0xAB6F, SCRIPT_LATIN},
    {0xAC00, 0xD7FF, SCRIPT_HANGUL},     {0xF900, 0xFAFF, SCRIPT_HAN},
    {0xFB00, 0xFB06, SCRIPT_LATIN},      {0xFB13, 0xFB17, SCRIPT_ARMENIAN},
    {0xFB1D, 0xFB4F, SCRIPT_HEBREW},     {0xFB50, 0xFDFF, SCRIPT_ARABIC},
    {0xFE70, 0xFEFC, SCRIPT_ARABIC},     {0xFF21, 0xFF5A, SCRIPT_LATIN},
    {0xFF66, 0xFF9F, SCRIPT_JAPANESE},   {0xFFA0, 0xFFDC, SCRIPT_HANGUL},
    {0x20000, 0x323AF, SCRIPT_HAN},
};

enum script script_of_word(const char *word)
{
    size_t script = 0;
    while (script < SCRIPT_COUNT && strcmp(SCRIPT_WORDS[script], word) != 0)
        script++;
    return (enum script)script;
}

static enum script script_of(uint32_t code_point)
{
    size_t low = 0, high = sizeof BLOCKS / sizeof *BLOCKS;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (code_point > BLOCKS[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    bool inside = low < sizeof BLOCKS / sizeof *BLOCKS && code_point >= BLOCKS[low].first;
    return inside ? BLOCKS[low].script : SCRIPT_OTHER;
}

static bool is_ascii_letter(uint32_t code_point)
{
    uint32_t lower = code_point | 0x20;
    return code_point < 0x80 && lower >= 'a' && lower <= 'z';
}

struct script_counts script_count(struct str text)
{
    struct script_counts counts = {0};
    for (size_t at = 0; at < text.size;) {
        uint32_t code_point = utf8_next(text, &at);
        if (!(code_point < 0x80 ? is_ascii_letter(code_point) : text_is_word(code_point)))
            continue;
        counts.letters[script_of(code_point)]++;
        counts.all++;
    }
    return counts;
}

double script_share(const struct script_counts *counts, enum script script)
{
    size_t kana = counts->letters[SCRIPT_JAPANESE], han = counts->letters[SCRIPT_HAN];
    size_t letters = counts->letters[script];
    if (script == SCRIPT_JAPANESE && kana)
        letters += han;
    if (script == SCRIPT_HAN && kana * 10 > han) /* a word of Japanese makes no Chinese text so */
        letters = 0;
    return counts->all ? (double)letters / (double)counts->all : 0;
}
