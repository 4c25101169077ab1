/* entailment: answers that entail each other are one class. */
#include "evaluators/comparing/entailment.h"

static bool is_known(const struct relations *relations, size_t i, size_t j)
{
    return relations->of[i][j] != RELATION_UNKNOWN && relations->of[j][i] != RELATION_UNKNOWN;
}

static bool is_same(const struct relations *relations, size_t i, size_t j)
{
    enum relation there = relations->of[i][j], back = relations->of[j][i];
    if (!relations->lax)
        return there == RELATION_ENTAILS && back == RELATION_ENTAILS;
    return there != RELATION_CONTRADICTS && back != RELATION_CONTRADICTS &&
           !(there == RELATION_NEUTRAL && back == RELATION_NEUTRAL);
}

enum { NO_CLASS = ENTAILMENT_ANSWERS_MAX };

struct clustering {
    size_t class_of[ENTAILMENT_ANSWERS_MAX];
    size_t classes;
    size_t stuck_at; /* a founder of whom not all is known; `count` when there is none */
};

static bool knows_all(const struct relations *relations, const struct clustering *clustering,
                      size_t founder)
{
    for (size_t j = founder + 1; j < relations->count; j++)
        if (clustering->class_of[j] == NO_CLASS && !is_known(relations, founder, j))
            return false;
    return true;
}

static struct clustering cluster(const struct relations *relations)
{
    struct clustering clustering = {.stuck_at = relations->count};
    for (size_t i = 0; i < relations->count; i++)
        clustering.class_of[i] = NO_CLASS;
    for (size_t i = 0; i < relations->count; i++) {
        if (clustering.class_of[i] != NO_CLASS)
            continue;
        if (!knows_all(relations, &clustering, i)) {
            clustering.stuck_at = i;
            break;
        }
        clustering.class_of[i] = clustering.classes++;
        for (size_t j = i + 1; j < relations->count; j++)
            if (clustering.class_of[j] == NO_CLASS && is_same(relations, i, j))
                clustering.class_of[j] = clustering.class_of[i];
    }
    return clustering;
}

size_t entailment_missing(const struct relations *relations, bool last_round,
                          struct answer_pair out[ENTAILMENT_PAIRS_MAX])
{
    struct clustering clustering = cluster(relations);
    size_t n = 0, end = last_round ? relations->count : clustering.stuck_at + 1;
    for (size_t i = clustering.stuck_at; i < end && i < relations->count; i++)
        for (size_t j = i + 1; j < relations->count; j++) {
            if (clustering.class_of[i] != NO_CLASS || clustering.class_of[j] != NO_CLASS ||
                is_known(relations, i, j))
                continue;
            out[n++] = (struct answer_pair){(unsigned char)i, (unsigned char)j};
            out[n++] = (struct answer_pair){(unsigned char)j, (unsigned char)i};
        }
    return n;
}

size_t entailment_classes(const struct relations *relations, size_t out[ENTAILMENT_ANSWERS_MAX])
{
    struct clustering clustering = cluster(relations);
    for (size_t i = 0; i < relations->count; i++)
        out[i] = clustering.class_of[i];
    return clustering.classes;
}
