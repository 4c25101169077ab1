/* metric_names: under which namespace, name and dimensions a metric is published. */
#include "worker/publish/metric_names.h"

#include <stdio.h>
#include "schema/base/buffer.h"
#include "schema/base/hash.h"

static const char MODEL_PLACE[] = "{model}";
enum { NAME_TABLE_MAX = 8 };

enum dimension_source { FROM_ENDPOINT, FROM_COMPONENT, FROM_LABEL };

struct metric_preset {
    const char *name, *namespace_template;
    /* Ours and theirs; none: every metric, under our name. */
    struct {
        const char *ours, *theirs;
    } names[NAME_TABLE_MAX];
    struct {
        const char *name;
        enum dimension_source source;
    } dimensions[METRIC_DIMENSIONS_MAX];
    /* Panels that match dimensions exactly stay empty when one is missing. */
    const char *when_unknown; /* the value then; NULL: the dimension is left out */
};

static const struct metric_preset PRESETS[] = {
    {
        .name = "default",
        .namespace_template = "/aws/sagemaker/inference-quality/{model}",
        .dimensions = {{"EndpointName", FROM_ENDPOINT}},
    },
    {
        /* aws-samples/sample-aiops-on-amazon-sagemakerai, quality-monitoring-with-grafana: its
         * dashboard and alert rules read exactly these. */
        .name = "aws-sample",
        .namespace_template = "SageMaker/InferenceQuality",
        .names = {{"safety_score", "safety_score"},
                  {"relevance_score", "relevance_score"},
                  {"tone_score", "professional_tone_score"},
                  {"composite_quality_score", "composite_quality_score"},
                  {"quality_evaluation_latency", "quality_evaluation_latency"}},
        .dimensions = {{"InferenceComponentName", FROM_COMPONENT},
                       {"InferenceComponentLabel", FROM_LABEL},
                       {"EndpointName", FROM_ENDPOINT}},
        .when_unknown = "unknown",
    },
};
enum { PRESET_COUNT = sizeof PRESETS / sizeof *PRESETS };
const char *const METRIC_PRESET_NAMES[] = {"default", "aws-sample", NULL};

const struct metric_preset *metric_preset_find(const char *name)
{
    for (size_t i = 0; i < PRESET_COUNT; i++)
        if (strcmp(PRESETS[i].name, name) == 0)
            return &PRESETS[i];
    return NULL;
}

const char *metric_unit_name(enum metric_unit unit)
{
    static const char *const names[] = {
        [METRIC_NONE] = "None",
        [METRIC_COUNT] = "Count",
        [METRIC_MILLISECONDS] = "Milliseconds",
    };
    return names[unit];
}

static const char *template_of(const struct metric_naming *naming)
{
    const char *own = naming->namespace_template;
    return own && *own ? own : naming->preset->namespace_template;
}

/* What a namespace may hold beside letters and digits. */
static bool is_namespace_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr(".-_/#: ", c));
}

bool metric_naming_check(const struct metric_naming *naming, struct error *error)
{
    if (!naming->preset)
        return error_set(error, ERROR_FATAL, "no preset of metric names: default or aws-sample");
    const char *template = template_of(naming);
    const char *place = strstr(template, MODEL_PLACE);
    size_t hole = place ? strlen(MODEL_PLACE) : 0;
    if (template[0] == ':' || strncmp(template, "AWS/", 4) == 0)
        return error_set(error, ERROR_FATAL,
                         "namespace \"%.100s\": CloudWatch keeps AWS/ and : at the start to itself",
                         template);
    for (const char *c = template; *c; c++)
        if (!(place && c >= place && c < place + hole) && !is_namespace_char(*c))
            return error_set(error, ERROR_FATAL,
                             "namespace \"%.100s\": only letters, digits, .-_/#: and spaces, and "
                             "{model} once",
                             template);
    if (strlen(template) > METRIC_TEXT_BYTES / 2)
        return error_set(error, ERROR_FATAL, "namespace \"%.100s\" is longer than %d bytes",
                         template, METRIC_TEXT_BYTES / 2);
    return true;
}

/* At most `room` bytes with its end; true when it is `text` unchanged. */
static bool clean_namespace_part(const char *text, char *out, size_t room)
{
    size_t size = 0;
    bool same = true;
    for (; text[size] && size + 1 < room; size++) {
        out[size] = is_namespace_char(text[size]) ? text[size] : '_';
        same = same && out[size] == text[size];
    }
    out[size] = '\0';
    return same && text[size] == '\0';
}

static void set_namespace(const struct metric_naming *naming, const char *model, char *out)
{
    enum { TAG_BYTES = 10 }; /* "-", 8 hex digits, NUL */
    const char *template = template_of(naming), *place = strstr(template, MODEL_PLACE);
    if (!place) {
        snprintf(out, METRIC_TEXT_BYTES, "%s", template);
        return;
    }
    const char *after = place + strlen(MODEL_PLACE);
    char part[METRIC_TEXT_BYTES], tag[SHA256_HEX_BYTES + 1] = "";
    size_t room = METRIC_TEXT_BYTES - strlen(template) + strlen(MODEL_PLACE) - TAG_BYTES;
    if (!clean_namespace_part(model, part, room < sizeof part ? room : sizeof part)) {
        uint8_t digest[SHA256_BYTES];
        hash_sha256(str_of(model), digest);
        tag[0] = '-';
        hash_hex(digest, 4, tag + 1);
    }
    struct buffer whole = {0};
    buffer_printf(&whole, "%.*s%s%s%s", (int)(place - template), template, part, tag, after);
    snprintf(out, METRIC_TEXT_BYTES, "%s", whole.data);
    buffer_clear(&whole);
}

/* Printable ASCII; never blank and never beginning with ":". */
static void set_value(const char *text, char *out, size_t room)
{
    size_t size = 0;
    bool blank = true;
    for (; text[size] && size + 1 < room; size++) {
        bool printable = text[size] >= ' ' && text[size] <= '~';
        out[size] = printable ? text[size] : '_';
        blank = blank && out[size] == ' ';
    }
    out[size] = '\0';
    if (blank)
        snprintf(out, room, "_");
    if (out[0] == ':')
        out[0] = '_';
}

static const char *first_known(const char *a, const char *b)
{
    if (a && *a)
        return a;
    return b && *b ? b : NULL;
}

/* The last one wins: the command line comes after the file. */
static const char *label_of(const struct metric_naming *naming, const char *component)
{
    const char *own = NULL, *of_all = NULL;
    for (size_t i = 0; i < naming->label_count; i++) {
        const char *label = naming->labels[i], *equals = strchr(label, '=');
        if (!equals)
            of_all = label;
        else if (component && str_is((struct str){label, (size_t)(equals - label)}, component))
            own = equals + 1;
    }
    return first_known(own, first_known(of_all, component));
}

static void set_dimensions(const struct metric_naming *naming, const struct metric *metric,
                           struct metric_address *out)
{
    const struct metric_preset *preset = naming->preset;
    const char *component = first_known(metric->component, naming->component);
    const char *known[] = {
        [FROM_ENDPOINT] = first_known(metric->endpoint, naming->endpoint),
        [FROM_COMPONENT] = component,
        [FROM_LABEL] = label_of(naming, component),
    };
    out->dimension_count = 0;
    for (size_t i = 0; i < METRIC_DIMENSIONS_MAX && preset->dimensions[i].name; i++) {
        const char *value = known[preset->dimensions[i].source];
        if (!value)
            value = preset->when_unknown;
        if (!value)
            continue;
        out->dimensions[out->dimension_count].name = preset->dimensions[i].name;
        set_value(value, out->dimensions[out->dimension_count].value, METRIC_VALUE_BYTES);
        out->dimension_count++;
    }
}

/* NULL when the preset leaves it out. */
static const char *name_in(const struct metric_preset *preset, const char *name)
{
    if (!preset->names[0].ours)
        return name;
    for (size_t i = 0; i < NAME_TABLE_MAX && preset->names[i].ours; i++)
        if (strcmp(preset->names[i].ours, name) == 0)
            return preset->names[i].theirs;
    return NULL;
}

bool metric_address(const struct metric_naming *naming, const struct metric *metric,
                    struct metric_address *out)
{
    const char *name = name_in(naming->preset, metric->name);
    if (!name)
        return false;
    set_namespace(naming, first_known(metric->model, "other"), out->namespace);
    set_dimensions(naming, metric, out);
    set_value(name, out->names[0], METRIC_TEXT_BYTES);
    out->name_count = 1;
    if (metric->kind && *metric->kind) {
        struct buffer both = {0};
        buffer_printf(&both, "%s_%s", name, metric->kind);
        set_value(both.data, out->names[1], METRIC_TEXT_BYTES);
        buffer_clear(&both);
        out->name_count = 2;
    }
    return true;
}
