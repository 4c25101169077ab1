/* demo_aws: a web server on loopback that stands in for a judge's endpoint and for CloudWatch. */
#include "worker/demo/demo_aws.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <microhttpd.h>
#include "schema/base/buffer.h"
#include "schema/base/memory.h"
#include "worker/demo/demo_judge.h"
#include "schema/base/gzip.h"

enum { BODY_BYTES_MAX = 4 << 20, CONNECTIONS_MAX = 256 };

struct demo_aws {
    struct MHD_Daemon *daemon;
    char url[DEMO_AWS_URL_BYTES];
    struct demo_metrics metrics;
    int64_t verdicts;
};

static bool header_holds(struct MHD_Connection *connection, const char *name, const char *part)
{
    const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
    return value && strstr(value, part);
}

/* ---- the two services ---- */

static bool judge(struct demo_aws *aws, struct str body, struct buffer *out)
{
    bool understood = demo_judge_reply(body, out);
    aws->verdicts += understood;
    return understood;
}

static bool put_metric_data(struct demo_aws *aws, struct str body, struct buffer *out)
{
    buffer_append_str(out, STR("{}"));
    return demo_metrics_put(&aws->metrics, body);
}

static const struct service {
    const char *path, *header, *value; /* a header that must hold a value; NULL: none */
    const char *type;                  /* of the reply */
    bool (*serve)(struct demo_aws *aws, struct str body, struct buffer *out);
} SERVICES[] = {
    {"/endpoints/demo-judge/invocations", NULL, NULL, "application/json", judge},
    {"/", "X-Amz-Target", "GraniteServiceVersion20100801.PutMetricData",
     "application/x-amz-json-1.0", put_metric_data},
};

static const struct service *find_service(struct MHD_Connection *connection, const char *url)
{
    for (size_t i = 0; i < sizeof SERVICES / sizeof *SERVICES; i++) {
        const struct service *one = &SERVICES[i];
        if (strcmp(url, one->path) == 0 &&
            (!one->header || header_holds(connection, one->header, one->value)))
            return one;
    }
    return NULL;
}

static bool unpacked(struct MHD_Connection *connection, const struct buffer *body,
                     struct buffer *out)
{
    if (header_holds(connection, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip"))
        return gzip_unpack(buffer_str(body), BODY_BYTES_MAX, out);
    buffer_append_str(out, buffer_str(body));
    return true;
}

static unsigned serve(struct demo_aws *aws, struct MHD_Connection *connection, const char *url,
                      const struct buffer *body, const char **out_type, struct buffer *out)
{
    *out_type = "application/json";
    if (!header_holds(connection, MHD_HTTP_HEADER_AUTHORIZATION, "Credential=" DEMO_AWS_KEY "/"))
        return MHD_HTTP_FORBIDDEN;
    const struct service *service = find_service(connection, url);
    if (!service)
        return MHD_HTTP_NOT_FOUND;
    *out_type = service->type;
    struct buffer plain = {0};
    bool good = unpacked(connection, body, &plain) && service->serve(aws, buffer_str(&plain), out);
    buffer_clear(&plain);
    return good ? MHD_HTTP_OK : MHD_HTTP_BAD_REQUEST;
}

/* ---- HTTP ---- */

static enum MHD_Result reply(struct MHD_Connection *connection, unsigned status, const char *type,
                             const struct buffer *body)
{
    struct str text = status == MHD_HTTP_OK ? buffer_str(body) : STR("{}");
    struct MHD_Response *response = MHD_create_response_from_buffer(
        text.size, (void *)(uintptr_t)text.data, MHD_RESPMEM_MUST_COPY);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

/* Called once with the head, for each piece of the body, and once when it is complete. */
static enum MHD_Result heard(void *owner, struct MHD_Connection *connection, const char *url,
                             const char *method, const char *version, const char *upload,
                             size_t *upload_size, void **state)
{
    (void)method, (void)version;
    struct buffer *body = *state;
    if (!body) {
        *state = memory_new(1, sizeof *body);
        return MHD_YES;
    }
    if (*upload_size > 0) {
        if (*upload_size > BODY_BYTES_MAX - body->size)
            return MHD_NO;
        buffer_append(body, upload, *upload_size);
        *upload_size = 0;
        return MHD_YES;
    }
    struct buffer out = {0};
    const char *type;
    unsigned status = serve(owner, connection, url, body, &type, &out);
    enum MHD_Result result = reply(connection, status, type, &out);
    buffer_clear(&out);
    return result;
}

static void ended(void *owner, struct MHD_Connection *connection, void **state,
                  enum MHD_RequestTerminationCode how)
{
    (void)owner, (void)connection, (void)how;
    struct buffer *body = *state;
    if (body)
        buffer_clear(body);
    free(body);
    *state = NULL;
}

struct demo_aws *demo_aws_open(struct error *error)
{
    struct demo_aws *aws = memory_new(1, sizeof *aws);
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    aws->daemon =
        MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, heard, aws,
                         MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_NOTIFY_COMPLETED, ended, NULL,
                         MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_END);
    if (!aws->daemon) {
        error_set(error, ERROR_FATAL, "cannot listen on 127.0.0.1 for the stand-ins of AWS");
        free(aws);
        return NULL;
    }
    snprintf(aws->url, sizeof aws->url, "http://127.0.0.1:%d",
             MHD_get_daemon_info(aws->daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    return aws;
}

const char *demo_aws_url(const struct demo_aws *aws)
{
    return aws->url;
}

void demo_aws_stop(struct demo_aws *aws)
{
    if (aws->daemon)
        MHD_stop_daemon(aws->daemon);
    aws->daemon = NULL;
}

const struct demo_metrics *demo_aws_metrics(const struct demo_aws *aws)
{
    return &aws->metrics;
}

int64_t demo_aws_verdicts(const struct demo_aws *aws)
{
    return aws->verdicts;
}

void demo_aws_close(struct demo_aws *aws)
{
    if (!aws)
        return;
    demo_aws_stop(aws);
    demo_metrics_clear(&aws->metrics);
    free(aws);
}
