/* aws_folder: what the tests of AWS's keys share: a clean environment, files, replies. */
#ifndef ASSAY_TESTS_AWS_FOLDER_H
#define ASSAY_TESTS_AWS_FOLDER_H

#include "tests/standin_http.h"
#include "worker/aws/credentials.h"

enum { PATH_BYTES = 128 };

/* Of one test program, HOME too; open it before the first test. */
extern char aws_folder[];
void aws_folder_open(void);
void aws_folder_close(void);

/* Every variable that says something about AWS is unset, and nothing beyond this machine asked. */
void clean_environment(void);
/* A file of the folder; the path holds until the next call. */
const char *write_file(const char *name, const char *text);
/* Points the environment at shared files with many profiles. */
void write_shared_files(void);
bool fetch(const char *profile, struct credentials *out, struct error *error);

/* A reply's bytes; the caller frees. */
char *http_reply(const char *status, const char *body);
/* The stand-in's URL, in a variable. */
void set_address(const char *name, const struct standin *standin, const char *path);
/* What services that speak JSON give: ASIAJSON. */
extern const char JSON_KEYS[];

#endif
