/* credentials_providers: the list of them, one file each. For credentials.c. */
#ifndef ASSAY_CREDENTIALS_PROVIDERS_H
#define ASSAY_CREDENTIALS_PROVIDERS_H

#include "worker/aws/credentials.h"

extern const struct credential_provider CREDENTIALS_ENVIRONMENT;
extern const struct credential_provider CREDENTIALS_ASSUME_ROLE; /* in credentials_profile.c */
extern const struct credential_provider CREDENTIALS_WEB_IDENTITY;
extern const struct credential_provider CREDENTIALS_PROFILE;
extern const struct credential_provider CREDENTIALS_CONTAINER;
extern const struct credential_provider CREDENTIALS_IMDS;

#endif
