/* simulate: seeded streams of scores and verdicts, and a table of what was measured. */
#include "tests/stats/simulate.h"

#include <math.h>
#include <stdio.h>

#include "worker/stats/special.h"

static unsigned failures;

void simulated_scores_beta(struct simulated_scores *scores, double mean, double sd)
{
    double size = mean * (1 - mean) / (sd * sd) - 1, a = mean * size, b = (1 - mean) * size;
    for (size_t q = 0; q < SCORE_BIN_TOP; q++) {
        double edge = ((double)q + 0.5) / SCORE_BIN_TOP;
        scores->below[q] = beta_i(a, b, edge, 1 - edge);
    }
    scores->below[SCORE_BIN_TOP] = 1;
}

void simulated_scores_verdicts(struct simulated_scores *scores, double rate)
{
    for (size_t q = 0; q < SCORE_BIN_TOP; q++)
        scores->below[q] = 1 - rate;
    scores->below[SCORE_BIN_TOP] = 1;
}

double simulated_scores_mean(const struct simulated_scores *scores)
{
    double above = 0;
    for (size_t q = 0; q < SCORE_BIN_TOP; q++)
        above += 1 - scores->below[q];
    return above / SCORE_BIN_TOP;
}

size_t simulated_scores_draw(const struct simulated_scores *scores, struct random *random)
{
    double u = random_unit(random);
    size_t low = 0, high = SCORE_BIN_TOP; /* the first bin with below > u */
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (scores->below[middle] > u)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

void simulated_scores_window(const struct simulated_scores *scores, struct random *random, size_t n,
                             struct score_bins *out)
{
    *out = (struct score_bins){0};
    for (size_t i = 0; i < n; i++)
        out->counts[simulated_scores_draw(scores, random)]++;
}

double simulated_count(struct random *random, size_t n, double p)
{
    double events = 0;
    for (size_t i = 0; i < n; i++)
        events += random_unit(random) < p;
    return events;
}

void measured(const char *what, double value, enum measured_rule rule, double stated, double slack)
{
    static const char *const words[] = {"", "at most ", "at least ", ""};
    bool good = rule == MEASURED_ONLY || (rule == MEASURED_NEAR && fabs(value - stated) <= slack) ||
                (rule == MEASURED_AT_MOST && value <= stated + slack) ||
                (rule == MEASURED_AT_LEAST && value >= stated - slack);
    failures += !good;
    if (rule == MEASURED_ONLY)
        printf("  %-58s %9.4g\n", what, value);
    else
        printf("  %-58s %9.4g  %-9s  %s%.3g +- %.2g\n", what, value, good ? "as wanted" : "SHORT",
               words[rule], stated, slack);
    fflush(stdout);
}

unsigned measured_failures(void)
{
    return failures;
}
