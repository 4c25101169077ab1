/* multiplicity: many tests at once. */
#include "worker/stats/multiplicity.h"

#include <math.h>
#include <stdlib.h>

/* By value, then by place, so that the order does not depend on the sort. */
static int by_value(const void *left, const void *right, void *values)
{
    size_t a = *(const size_t *)left, b = *(const size_t *)right;
    const double *value = values;
    if (value[a] != value[b])
        return value[a] < value[b] ? -1 : 1;
    return (a > b) - (a < b);
}

/* The indices of the values that are not NAN, ascending by value. */
static size_t sort_indices(const double *values, size_t count, size_t *order)
{
    size_t tested = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(values[i]))
            order[tested++] = i;
    qsort_r(order, tested, sizeof *order, by_value, (void *)values);
    return tested;
}

static void step_up(const double *p, size_t count, size_t *order, bool any_dependence, double *out)
{
    size_t tested = sort_indices(p, count, order);
    double penalty = 1, least = 1;
    for (size_t i = 2; any_dependence && i <= tested; i++)
        penalty += 1.0 / (double)i;
    for (size_t i = 0; i < count; i++)
        if (isnan(p[i]))
            out[i] = NAN;
    for (size_t rank = tested; rank >= 1; rank--) {
        size_t row = order[rank - 1];
        least = fmin(least, p[row] * penalty * (double)tested / (double)rank);
        out[row] = least;
    }
}

void benjamini_hochberg(const double *p, size_t count, size_t *order, double *out_adjusted)
{
    step_up(p, count, order, false, out_adjusted);
}

void benjamini_yekutieli(const double *p, size_t count, size_t *order, double *out_adjusted)
{
    step_up(p, count, order, true, out_adjusted);
}

void holm(const double *p, size_t count, size_t *order, double *out_adjusted)
{
    size_t tested = sort_indices(p, count, order);
    double most = 0;
    for (size_t i = 0; i < count; i++)
        if (isnan(p[i]))
            out_adjusted[i] = NAN;
    for (size_t rank = 0; rank < tested; rank++) {
        most = fmax(most, fmin(1, p[order[rank]] * (double)(tested - rank)));
        out_adjusted[order[rank]] = most;
    }
}

size_t e_benjamini_hochberg(const double *log_e, size_t count, double alpha, size_t *order,
                            bool *out_rejected)
{
    size_t tested = sort_indices(log_e, count, order), rejected = 0;
    for (size_t k = 1; k <= tested; k++)
        if (log_e[order[tested - k]] >= log((double)tested / ((double)k * alpha)))
            rejected = k;
    for (size_t i = 0; i < count; i++)
        out_rejected[i] = false;
    for (size_t k = 1; k <= rejected; k++)
        out_rejected[order[tested - k]] = true;
    return rejected;
}
