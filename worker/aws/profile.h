/* profile: values from the shared files ~/.aws/credentials and ~/.aws/config. */
#ifndef ASSAY_PROFILE_H
#define ASSAY_PROFILE_H

#include <stdbool.h>
#include "schema/base/error.h"

enum { PROFILE_FILE_BYTES_MAX = 1 << 20 };

enum profile_file { PROFILE_CREDENTIALS, PROFILE_CONFIG };

/* `profile`, or AWS_PROFILE, or "default". Borrowed from the argument or the environment. */
const char *profile_name(const char *profile);
/* Somebody asked for it by name, so that it must exist. */
bool profile_is_named(const char *profile);

/* Where a file is: AWS_SHARED_CREDENTIALS_FILE or AWS_CONFIG_FILE, else below the home directory.
 * The caller frees; NULL without a home. */
char *profile_path(enum profile_file file);

/* The value of a key of the profile in that file; the caller frees. NULL when there is none, which
 * includes a file that is not there. `out_found` (may be NULL) says whether the profile is. */
char *profile_value_in(enum profile_file file, const char *profile, const char *key,
                       bool *out_found);
/* From the credentials file, else the config file. */
char *profile_value(const char *profile, const char *key);

#endif
