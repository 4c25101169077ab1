/* region: which AWS region we talk to, and where a service listens there. */
#include "worker/aws/region.h"

#include <stdio.h>
#include <stdlib.h>
#include "schema/base/memory.h"
#include "worker/aws/credentials.h"
#include "worker/aws/profile.h"

/* Letters, digits and hyphens: it becomes part of a host's name and of every signature. */
static bool is_region(const char *text)
{
    size_t size = strlen(text);
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    return size > 0 && size < REGION_BYTES && strspn(text, allowed) == size;
}

bool region_find(const char *configured, const char *profile, char out[REGION_BYTES],
                 struct error *error)
{
    char *from_profile = NULL;
    const char *region = configured && *configured ? configured : NULL;
    if (!region)
        region = credentials_environment("AWS_REGION");
    if (!region)
        region = credentials_environment("AWS_DEFAULT_REGION");
    if (!region)
        region = from_profile = profile_value(profile, "region");
    bool good = region && is_region(region);
    if (good)
        snprintf(out, REGION_BYTES, "%s", region);
    else if (region)
        error_set(error, ERROR_FATAL, "\"%.60s\" is not a region's name, such as us-west-2",
                  region);
    else
        error_set(error, ERROR_FATAL,
                  "no AWS region: name one in the configuration, in AWS_REGION or in the profile");
    free(from_profile);
    return good;
}

static const char *partition_domain(const char *region)
{
    static const struct {
        const char *prefix, *domain;
    } partitions[] = {
        {"cn-", "amazonaws.com.cn"}, {"us-isob-", "sc2s.sgov.gov"}, {"us-iso-", "c2s.ic.gov"},
        {"eusc-", "amazonaws.eu"},   {"", "amazonaws.com"},
    };
    size_t i = 0;
    while (strncmp(region, partitions[i].prefix, strlen(partitions[i].prefix)) != 0)
        i++;
    return partitions[i].domain;
}

static const char *endpoint_variable(const char *variable)
{
    char name[64];
    snprintf(name, sizeof name, "AWS_ENDPOINT_URL_%s", variable);
    const char *url = credentials_environment(name);
    return url ? url : credentials_environment("AWS_ENDPOINT_URL");
}

static bool take_apart(const char *url, struct endpoint *out, struct error *error)
{
    static const struct {
        const char *scheme, *port;
    } schemes[] = {{"https://", ":443"}, {"http://", ":80"}};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t skip = strlen(schemes[i].scheme);
        if (strncmp(url, schemes[i].scheme, skip) != 0)
            continue;
        struct str host = {url + skip, strcspn(url + skip, "/")};
        struct str path = str_of(host.data + host.size);
        while (path.size && path.data[path.size - 1] == '/')
            path.size--;
        if (host.size == 0 || strpbrk(url, "?#@ \r\n"))
            break;
        out->url = memory_copy_str((struct str){url, (size_t)(path.data + path.size - url)});
        out->path = memory_copy_str(path);
        struct str port = str_of(schemes[i].port);
        if (host.size > port.size &&
            memcmp(host.data + host.size - port.size, port.data, port.size) == 0)
            host.size -= port.size; /* a Host header leaves the scheme's own port out */
        out->host = memory_copy_str(host);
        if (!out->url || !out->path || !out->host)
            abort();
        return true;
    }
    return error_set(error, ERROR_FATAL, "\"%.200s\" is not an address: write https://host[:port]",
                     url);
}

bool endpoint_find(const char *configured, const char *variable, const char *prefix,
                   const char *region, struct endpoint *out, struct error *error)
{
    const char *url = configured && *configured ? configured : NULL;
    if (!url && variable)
        url = endpoint_variable(variable);
    if (url)
        return take_apart(url, out, error);
    struct buffer built = {0};
    buffer_printf(&built, "https://%s.%s.%s", prefix, region, partition_domain(region));
    bool good = take_apart(built.data, out, error);
    buffer_clear(&built);
    return good;
}

void endpoint_clear(struct endpoint *endpoint)
{
    free(endpoint->url);
    free(endpoint->host);
    free(endpoint->path);
    *endpoint = (struct endpoint){0};
}
