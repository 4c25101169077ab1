/* aws_folder: what the tests of AWS's keys share. */
#include "tests/aws_folder.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>
#include <unistd.h>

#include "schema/base/buffer.h"
#include "worker/net/http.h"

char aws_folder[] = "/tmp/assay-credentials-XXXXXX";

void aws_folder_open(void)
{
    assert_non_null(mkdtemp(aws_folder));
}

void aws_folder_close(void)
{
    static const char *const files[] = {"credentials", "config", "token",  "pod-token",
                                        "script",      "been",   "been2"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[PATH_BYTES];
        snprintf(path, sizeof path, "%s/%s", aws_folder, files[i]);
        unlink(path);
    }
    rmdir(aws_folder);
}

void clean_environment(void)
{
    static const char *const names[] = {
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_SECURITY_TOKEN",
        "AWS_CREDENTIAL_EXPIRATION",
        "AWS_PROFILE",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_CONFIG_FILE",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_ROLE_ARN",
        "AWS_ROLE_SESSION_NAME",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_STS",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
        "AWS_CA_BUNDLE",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    setenv("HOME", aws_folder, 1);
}

const char *write_file(const char *name, const char *text)
{
    static char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s", aws_folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    return path;
}

static const char CREDENTIALS_FILE[] = "# a comment\n"
                                       "[default]\n"
                                       "aws_access_key_id = AKDEFAULT\n"
                                       "aws_secret_access_key=secret/default+\n"
                                       "; another\n"
                                       "[ other ]\r\n"
                                       "AWS_ACCESS_KEY_ID = AKOTHER\r\n"
                                       "aws_secret_access_key = secret-other\r\n"
                                       "aws_session_token = token-other\r\n"
                                       "[half]\n"
                                       "aws_access_key_id = AKHALF\n";
static const char CONFIG_FILE[] = "[default]\n"
                                  "region = eu-west-1\n"
                                  "s3 =\n"
                                  "  aws_access_key_id = AKNESTED\n"
                                  "[profile conf]\n"
                                  "aws_access_key_id = AKCONF\n"
                                  "aws_secret_access_key = secret-conf\n"
                                  "region = ap-south-1\n"
                                  "[ignored]\n"
                                  "aws_access_key_id = AKIGNORED\n"
                                  "[profile mfa]\n"
                                  "role_arn = arn:aws:iam::1:role/r\n"
                                  "source_profile = default\n"
                                  "mfa_serial = arn:aws:iam::1:mfa/p\n"
                                  "[profile alone]\n"
                                  "role_arn = arn:aws:iam::1:role/r\n"
                                  "[profile both]\n"
                                  "role_arn = arn:aws:iam::1:role/r\n"
                                  "source_profile = default\n"
                                  "credential_source = Environment\n"
                                  "[profile strange]\n"
                                  "role_arn = arn:aws:iam::1:role/r\n"
                                  "credential_source = Ether\n"
                                  "[profile lost]\n"
                                  "role_arn = arn:aws:iam::1:role/r\n"
                                  "source_profile = nobody\n"
                                  "[profile there]\n"
                                  "role_arn = arn:aws:iam::1:role/r\n"
                                  "source_profile = back\n"
                                  "[profile back]\n"
                                  "role_arn = arn:aws:iam::1:role/r\n"
                                  "source_profile = there\n"
                                  "[profile person]\n"
                                  "sso_session = corp\n"
                                  "[profile process]\n"
                                  "credential_process = /bin/true\n";

void write_shared_files(void)
{
    setenv("AWS_SHARED_CREDENTIALS_FILE", write_file("credentials", CREDENTIALS_FILE), 1);
    setenv("AWS_CONFIG_FILE", write_file("config", CONFIG_FILE), 1);
}

bool fetch(const char *profile, struct credentials *out, struct error *error)
{
    struct http *http = http_new();
    struct credential_options options = {.profile = profile};
    bool good = credentials_fetch(&options, http, out, error);
    http_free(http);
    return good;
}

char *http_reply(const char *status, const char *body)
{
    struct buffer reply = {0};
    buffer_printf(&reply, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s", status, strlen(body),
                  body);
    return reply.data;
}

void set_address(const char *name, const struct standin *standin, const char *path)
{
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", standin_port(standin), path);
    setenv(name, url, 1);
}

const char JSON_KEYS[] = "{\"AccessKeyId\":\"ASIAJSON\",\"SecretAccessKey\":\"s\","
                                "\"Token\":\"t\",\"Expiration\":\"2030-01-02T03:04:05Z\","
                                "\"Code\":\"Success\"}";
