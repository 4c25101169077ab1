/* side: what is compared with what: a model, a run, an endpoint, a component. */
#ifndef ASSAY_SIDE_H
#define ASSAY_SIDE_H

#include "worker/report/reading/sample_rows.h"
#include "worker/report/reading/stores.h"

/* NULL: any; but for the run, which is live where none is named. */
struct side {
    char *run, *model, *endpoint, *component;
    bool rerun; /* of its run: it scores again what others have scored (assay rerun) */
};

/* "model:NAME", "run:NAME", "endpoint:NAME", "component:NAME", several of them with commas between;
 * or a plain name, of the one run or model that the stores hold of it. False (INPUT): unknown, or
 * both. side_clear gives the names back. */
bool side_parse(struct side *side, const char *text, const struct stores *stores,
                struct error *error);
void side_clear(struct side *side);

/* Whether a row of the side's run is of it. */
bool side_holds(const struct side *side, const struct sample_row *row);
/* Whether no row can be of both. */
bool sides_apart(const struct side *a, const struct side *b);
/* Whether the two are the same answers, scored twice. */
bool sides_same_answers(const struct side *a, const struct side *b);

/* Opens the shards of a run that stand in a folder of their own, runs/NAME of the store, when the
 * text names one there; they are added to the stores. */
bool side_open_run(const char *text, const char *dir, struct stores *stores, struct error *error);

#endif
