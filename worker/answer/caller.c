/* caller: signs a POST to a SageMaker endpoint and sends it on its way. */
#include "worker/answer/caller.h"

#include <stdio.h>
#include "worker/answer/invoke.h"

enum { OWN_HEADERS_MAX = 5, INFERENCE_ID_BYTES = 65 /* SageMaker: at most 64 */ };

static size_t own_headers(const struct caller_post *post, char id[INFERENCE_ID_BYTES],
                          struct http_header *out)
{
    size_t count = 0;
    snprintf(id, INFERENCE_ID_BYTES, QUESTION_ID_PREFIX "%s", post->nonce);
    out[count++] = (struct http_header){"X-Amzn-SageMaker-Inference-Id", id};
    out[count++] = (struct http_header){"Content-Type", "application/json"};
    out[count++] = (struct http_header){"Accept", "application/json"};
    if (post->component)
        out[count++] =
            (struct http_header){"X-Amzn-SageMaker-Inference-Component", post->component};
    if (post->variant)
        out[count++] = (struct http_header){"X-Amzn-SageMaker-Target-Variant", post->variant};
    return count;
}

/* "http://host:1234/a/b" is "host:1234" and "/a/b". */
static struct str split_url(const char *url, char host[INVOKE_URL_BYTES_MAX])
{
    const char *start = strstr(url, "://");
    start = start ? start + 3 : url;
    size_t size = strcspn(start, "/");
    snprintf(host, INVOKE_URL_BYTES_MAX, "%.*s", (int)size, start);
    return start[size] ? str_of(start + size) : STR("/");
}

void caller_send(struct caller *caller, const struct caller_post *post,
                 const struct credentials *credentials, int64_t wall_ms,
                 void (*done)(void *owner, const struct http_reply *reply), void *owner)
{
    char host[INVOKE_URL_BYTES_MAX], id[INFERENCE_ID_BYTES];
    struct http_header headers[OWN_HEADERS_MAX + SIGV4_HEADERS_MAX];
    size_t count = own_headers(post, id, headers);
    struct sigv4_request request = {
        .method = "POST",
        .path = split_url(post->url, host),
        .query = STR(""),
        .host = host,
        .headers = headers,
        .header_count = count,
        .body = post->body,
        .region = caller->region,
        .service = "sagemaker",
        .now_ms = wall_ms,
    };
    sigv4_sign(&caller->signer, &request, credentials, &caller->made);
    for (size_t i = 0; i < caller->made.header_count; i++)
        headers[count++] = caller->made.headers[i];
    http_send(caller->http,
              &(struct http_request){
                  .method = "POST",
                  .url = post->url,
                  .headers = headers,
                  .header_count = count,
                  .body = post->body,
                  .timeout_ms = post->timeout_ms,
                  .reply_bytes_max = post->reply_bytes_max,
              },
              done, owner);
}

void caller_clear(struct caller *caller)
{
    sigv4_signed_clear(&caller->made);
    explicit_bzero(&caller->signer, sizeof caller->signer);
}
