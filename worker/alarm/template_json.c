/* template_json: the pieces of a CloudFormation template. */
#include "worker/alarm/template_json.h"

json_t *template_ref(const char *name)
{
    return json_pack("{ss}", "Ref", name);
}

json_t *template_sub(const char *text)
{
    return json_pack("{ss}", "Fn::Sub", text);
}

json_t *template_arn(const char *resource)
{
    return json_pack("{s[ss]}", "Fn::GetAtt", resource, "Arn");
}

json_t *template_stack_name(const char *suffix)
{
    return json_pack("{so}", "Fn::Sub", json_sprintf("${AWS::StackName}-%s", suffix));
}

static void add(json_t *template, const char *section, const char *name, json_t *value)
{
    json_t *all = json_object_get(template, section);
    if (!all)
        json_object_set_new(template, section, all = json_object());
    json_object_set_new(all, name, value);
}

void template_parameter(json_t *template, const char *name, json_t *value, const char *description)
{
    add(template, "Parameters", name,
        json_pack("{sssoss}", "Type", json_is_number(value) ? "Number" : "String", "Default", value,
                  "Description", description));
}

json_t *template_resource(json_t *template, const char *id, const char *type, json_t *properties)
{
    json_t *resource = json_pack("{ssso}", "Type", type, "Properties", properties);
    add(template, "Resources", id, resource);
    return resource;
}
