/* credentials_providers: the list of them, one file each. For credentials.c. */
#ifndef ASSAY_CREDENTIALS_PROVIDERS_H
#define ASSAY_CREDENTIALS_PROVIDERS_H

#include "worker/aws/credentials.h"

extern const struct credential_provider CREDENTIALS_ENVIRONMENT;
extern const struct credential_provider CREDENTIALS_ASSUME_ROLE;
extern const struct credential_provider CREDENTIALS_WEB_IDENTITY;
extern const struct credential_provider CREDENTIALS_PROFILE; /* the credentials file */
extern const struct credential_provider CREDENTIALS_PROCESS;
extern const struct credential_provider CREDENTIALS_CONFIG; /* in credentials_profile.c */
extern const struct credential_provider CREDENTIALS_CONTAINER;
extern const struct credential_provider CREDENTIALS_IMDS;

/* A profile's own keys, from either file. */
enum credential_outcome credentials_profile_keys(const char *profile, struct credentials *out,
                                                 struct error *error);

#endif
