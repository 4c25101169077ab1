/* template_json: the pieces of a CloudFormation template. */
#ifndef ASSAY_TEMPLATE_JSON_H
#define ASSAY_TEMPLATE_JSON_H

#include <jansson.h>

/* {"Ref": name} */
json_t *template_ref(const char *name);
/* {"Fn::Sub": text}: ${...} in it is replaced when the stack is made. */
json_t *template_sub(const char *text);
/* {"Fn::GetAtt": [resource, "Arn"]} */
json_t *template_arn(const char *resource);
/* "<stack>-suffix" */
json_t *template_stack_name(const char *suffix);

/* Adds one with a default (owned by the template then): a number, or a text. */
void template_parameter(json_t *template, const char *name, json_t *value, const char *description);
/* Adds one; properties are owned by the template then. Returns the resource, borrowed. */
json_t *template_resource(json_t *template, const char *id, const char *type, json_t *properties);

#endif
