/* cusum: the classical control charts, with exact run lengths. */
#include "worker/stats/cusum.h"

#include <math.h>
#include <stddef.h>

enum { BISECTIONS = 200 };

struct bernoulli_cusum bernoulli_cusum_for(double p0, double p1)
{
    return (struct bernoulli_cusum){log(p1 / p0), log1p(-p1) - log1p(-p0)};
}

double bernoulli_cusum_step(struct bernoulli_cusum chart, double value, bool failed)
{
    return fmax(0, value + (failed ? chart.increment_fail : chart.increment_pass));
}

double lattice_cusum_m(double p0, double p1)
{
    struct bernoulli_cusum chart = bernoulli_cusum_for(p0, p1);
    return (chart.increment_fail - chart.increment_pass) / -chart.increment_pass;
}

double lattice_cusum_implied_p1(unsigned m, double p0)
{
    double low = p0, high = 1; /* m falls as p1 grows */
    for (int i = 0; i < BISECTIONS; i++) {
        double middle = low + (high - low) / 2;
        if (middle == low || middle == high)
            break;
        if (lattice_cusum_m(p0, middle) > m)
            low = middle;
        else
            high = middle;
    }
    return low + (high - low) / 2;
}

/* Of one state s of the chart: what happens before it is first at s - 1. */
struct passage {
    double alarm; /* probability of an alarm first */
    double steps; /* expected verdicts until either */
};

/* A failure leads from s to `top`; from there the chart comes back to s one state at a time. */
static struct passage way_back(const struct passage *states, size_t s, size_t top)
{
    double log_return = 0, steps = 0;
    for (size_t i = top; i > s; i--) {
        steps += exp(log_return) * states[i].steps;
        log_return += log1p(-states[i].alarm);
    }
    return (struct passage){-expm1(log_return), steps};
}

double lattice_cusum_run_length(struct lattice_cusum chart, double rate)
{
    struct passage states[LATTICE_CUSUM_MAX];
    if (chart.m < 2 || chart.h < 1 || chart.h > LATTICE_CUSUM_MAX || !(rate > 0 && rate < 1))
        return NAN;
    for (size_t s = chart.h; s-- > 0;) {
        size_t top = s + chart.m - 1;
        struct passage back = {1, 0}; /* the failure itself raises the alarm */
        if (top < chart.h)
            back = way_back(states, s, top);
        if (s == 0) /* a pass stays at 0, so the run ends by an alarm only */
            return (1 + rate * back.steps) / (rate * back.alarm);
        double never_again = 1 - rate * (1 - back.alarm);
        states[s].alarm = rate * back.alarm / never_again;
        states[s].steps = (1 + rate * back.steps) / never_again;
    }
    return NAN; /* not reached: h is at least 1 */
}

void tabular_cusum_step(struct tabular_cusum *chart, double z, double k)
{
    chart->high = fmax(0, chart->high + z - k);
    chart->low = fmax(0, chart->low - z - k);
}
