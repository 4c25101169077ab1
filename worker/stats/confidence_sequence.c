/* confidence_sequence: intervals that hold at every look. */
#include "worker/stats/confidence_sequence.h"

#include <math.h>

#include "worker/stats/special.h"

enum { BISECTIONS = 200 };

static const double BET_MAX = 0.5, PRIOR_MEAN = 0.5, PRIOR_VARIANCE = 0.25;
/* Jeffreys' prior of a rate. */
static const double PRIOR_HALF = 0.5;

double asymptotic_radius(double n, double sd, double alpha, double tuned_n)
{
    double rho2 = (-2 * log(alpha) + log(1 - 2 * log(alpha))) / tuned_n;
    double grown = n * rho2 + 1;
    return sd * sqrt(2 * grown / (n * n * rho2) * log(sqrt(grown) / alpha));
}

void empirical_bernstein_init(struct empirical_bernstein *state, double alpha)
{
    *state = (struct empirical_bernstein){.alpha = alpha, .sum_squares = PRIOR_VARIANCE};
}

/* Price of a bet: -ln(1 - l) - l. */
static double psi(double bet)
{
    return -log1p(-bet) - bet;
}

void empirical_bernstein_add(struct empirical_bernstein *state, double value)
{
    /* The bet and the centre use earlier values only: that is what makes them predictable. One
     * fake observation keeps the variance above 0. */
    double mean_before = state->t > 0 ? state->sum / (double)state->t : 0;
    double variance_before = state->sum_squares / ((double)state->t + 1);
    state->t++;
    double t = (double)state->t;
    double bet = sqrt(2 * log(2 / state->alpha) / (t * log1p(t) * variance_before));
    state->bet = fmin(bet, BET_MAX);
    state->bet_sum += state->bet;
    state->weighted_sum += state->bet * value;
    state->penalty += (value - mean_before) * (value - mean_before) * psi(state->bet);
    state->sum += value;
    double distance = value - (state->sum + PRIOR_MEAN) / (t + 1);
    state->sum_squares += distance * distance;
}

struct interval empirical_bernstein_interval(const struct empirical_bernstein *state)
{
    if (state->t == 0)
        return (struct interval){0, 1};
    double centre = state->weighted_sum / state->bet_sum;
    double radius = (log(2 / state->alpha) + state->penalty) / state->bet_sum;
    return (struct interval){fmax(centre - radius, 0), fmin(centre + radius, 1)};
}

double beta_binomial_log_e(double successes, double failures, double p0)
{
    return log_beta(PRIOR_HALF + successes, PRIOR_HALF + failures) -
           log_beta(PRIOR_HALF, PRIOR_HALF) - successes * log(p0) - failures * log1p(-p0);
}

double beta_binomial_log_e_above(double successes, double failures, double p0)
{
    double posterior = beta_i(PRIOR_HALF + failures, PRIOR_HALF + successes, 1 - p0, p0);
    double prior = beta_i(PRIOR_HALF, PRIOR_HALF, 1 - p0, p0);
    return beta_binomial_log_e(successes, failures, p0) + log(posterior / prior);
}

/* Between the observed rate and an end the e-value only grows. */
static double rate_end(double successes, double failures, double end, double log_limit)
{
    double inside = successes / (successes + failures), outside = end;
    for (int i = 0; i < BISECTIONS; i++) {
        double middle = inside + (outside - inside) / 2;
        if (middle == inside || middle == outside)
            break;
        if (beta_binomial_log_e(successes, failures, middle) < log_limit)
            inside = middle;
        else
            outside = middle;
    }
    return inside;
}

struct interval beta_binomial_interval(double successes, double failures, double alpha)
{
    if (!(successes + failures > 0))
        return (struct interval){0, 1};
    double log_limit = -log(alpha);
    return (struct interval){
        successes > 0 ? rate_end(successes, failures, 0, log_limit) : 0,
        failures > 0 ? rate_end(successes, failures, 1, log_limit) : 1,
    };
}
