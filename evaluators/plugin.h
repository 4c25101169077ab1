/* plugin: the binary interface of evaluators that stand in a shared object. */
#ifndef ASSAY_PLUGIN_H
#define ASSAY_PLUGIN_H

#include "evaluators/evaluator.h"

/* A shared object is built against the headers that `cmake --install` puts into include/assay, and
 * may call the functions they declare: the program exports those and no others. This number stands
 * for the layout and the meaning of all that; the program takes no object of another number.
 *
 * To change any of it (PLUGIN_HEADERS in ../CMakeLists.txt is the list):
 * 1. Change it. tests/test_plugin.py fails and shows what is declared otherwise than before.
 * 2. When an object that was built before would still be right (a function more, a name of an
 *    argument), go to 4. When a member, a type, a value of an enum or what a call does is another,
 *    add one to PLUGIN_ABI. Once for all that changes between two releases is enough.
 * 3. Say in README.md, "Your own, in a shared object", what its authors must change.
 * 4. build/venv/bin/python tests/plugin/abi.py --write, and commit tests/plugin/abi.txt with it. */
enum { PLUGIN_ABI = 2 };

/* What a shared object exports as `assay_plugin`. Of another number only `abi` is read. */
struct plugin {
    unsigned abi; /* PLUGIN_ABI; the first member for ever */
    /* As compiled: they tell headers that differ although their number is the same. */
    unsigned evaluator_bytes, context_bytes, sample_bytes, question_bytes, score_bytes;
    const struct evaluator *const *evaluators; /* NULL-terminated */
};

#define PLUGIN_AS_COMPILED                                                                         \
    .abi = PLUGIN_ABI, .evaluator_bytes = sizeof(struct evaluator),                                \
    .context_bytes = sizeof(struct evaluator_context), .sample_bytes = sizeof(struct sample),      \
    .question_bytes = sizeof(struct question), .score_bytes = sizeof(struct score)

/* PLUGIN(&evaluator_mine); once in a shared object, with all its evaluators. */
#define PLUGIN(...)                                                                                \
    extern const struct plugin assay_plugin;                                                       \
    __attribute__((visibility("default"))) const struct plugin assay_plugin = {                    \
        PLUGIN_AS_COMPILED,                                                                        \
        .evaluators = (const struct evaluator *const[]){__VA_ARGS__, NULL}}

#endif
