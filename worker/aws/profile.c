/* profile: values from the shared files ~/.aws/credentials and ~/.aws/config. */
#include "worker/aws/profile.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>
#include "schema/base/buffer.h"
#include "schema/base/json_read.h"
#include "schema/base/memory.h"
#include "worker/aws/credentials.h"

const char *profile_name(const char *profile)
{
    const char *name = profile && *profile ? profile : credentials_environment("AWS_PROFILE");
    return name ? name : "default";
}

bool profile_is_named(const char *profile)
{
    return (profile && *profile) || credentials_environment("AWS_PROFILE");
}

char *profile_path(enum profile_file file)
{
    static const struct {
        const char *variable, *below_home;
    } places[] = {
        [PROFILE_CREDENTIALS] = {"AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials"},
        [PROFILE_CONFIG] = {"AWS_CONFIG_FILE", "/.aws/config"},
    };
    const char *path = credentials_environment(places[file].variable);
    if (path)
        return memory_copy_string(path);
    const char *home = credentials_environment("HOME");
    if (!home)
        return NULL;
    struct buffer built = {0};
    buffer_printf(&built, "%s%s", home, places[file].below_home);
    return built.data;
}

/* "[profile x]" in the config file, "[x]" in the credentials file; "[default]" in both. */
static bool is_section(struct str line, enum profile_file file, const char *name)
{
    const char *end = memchr(line.data, ']', line.size);
    if (line.data[0] != '[' || !end)
        return false;
    struct str title = str_trim((struct str){line.data + 1, (size_t)(end - line.data) - 1});
    static const char word[] = "profile";
    size_t size = sizeof word - 1;
    if (file == PROFILE_CONFIG && title.size > size && memcmp(title.data, word, size) == 0 &&
        isspace((unsigned char)title.data[size]))
        title = str_trim((struct str){title.data + size, title.size - size});
    else if (file == PROFILE_CONFIG && strcmp(name, "default") != 0)
        return false;
    return str_is(title, name);
}

/* Keys are compared without case; an indented line belongs to the value before it. */
static bool is_key(struct str line, const char *key, struct str *out_value)
{
    const char *equals = memchr(line.data, '=', line.size);
    if (!equals || isspace((unsigned char)line.data[0]))
        return false;
    struct str name = str_trim((struct str){line.data, (size_t)(equals - line.data)});
    if (name.size != strlen(key) || strncasecmp(name.data, key, name.size) != 0)
        return false;
    *out_value = str_trim((struct str){equals + 1, line.size - (size_t)(equals - line.data) - 1});
    return true;
}

static char *find(struct str text, enum profile_file file, const char *name, const char *key,
                  bool *out_found)
{
    bool inside = false;
    struct str value = {0};
    while (text.size) {
        const char *end = memchr(text.data, '\n', text.size);
        struct str line = {text.data, end ? (size_t)(end - text.data) : text.size};
        size_t used = line.size + (end ? 1 : 0);
        text = (struct str){text.data + used, text.size - used};
        if (line.size == 0 || line.data[0] == '#' || line.data[0] == ';')
            continue;
        if (line.data[0] == '[')
            inside = is_section(line, file, name);
        else if (inside)
            is_key(line, key, &value);
        *out_found |= inside;
    }
    if (value.size == 0)
        return NULL;
    struct buffer copy = {0};
    buffer_append_str(&copy, value);
    return copy.data;
}

char *profile_value_in(enum profile_file file, const char *profile, const char *key,
                       bool *out_found)
{
    bool found = false;
    char *path = profile_path(file), *text = NULL, *value = NULL;
    size_t size = 0;
    if (path && json_read_bytes(path, PROFILE_FILE_BYTES_MAX, &text, &size, NULL))
        value = find((struct str){text, size}, file, profile_name(profile), key, &found);
    if (out_found)
        *out_found = found;
    free(path);
    if (text)
        explicit_bzero(text, size);
    free(text);
    return value;
}

char *profile_value(const char *profile, const char *key)
{
    char *value = profile_value_in(PROFILE_CREDENTIALS, profile, key, NULL);
    return value ? value : profile_value_in(PROFILE_CONFIG, profile, key, NULL);
}
