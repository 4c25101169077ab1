/* glob: names matched by patterns with * and ?. */
#include "rubrics/glob.h"

/* Only the last star is ever retried: an earlier one that took more could not help (R. Cox, "Glob
 * Matching Can Be Simple And Fast Too"), so hostile names cost no exponential time. */
bool glob_matches(struct str pattern, struct str text)
{
    size_t p = 0, t = 0, star = 0, resume = 0;
    bool starred = false;
    while (t < text.size) {
        if (p < pattern.size && pattern.data[p] == '*') {
            starred = true;
            star = ++p;
            resume = t;
        } else if (p < pattern.size &&
                   (pattern.data[p] == '?' || pattern.data[p] == text.data[t])) {
            p++;
            t++;
        } else if (starred) {
            p = star;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.size && pattern.data[p] == '*')
        p++;
    return p == pattern.size;
}
