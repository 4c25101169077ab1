/* received: a reply as it comes in, within bounds. */
#include "worker/net/received.h"

#include <ctype.h>

const char *http_failure_name(enum http_failure failure)
{
    static const char *const names[] = {
        [HTTP_OK] = "ok",
        [HTTP_CONNECT] = "no connection",
        [HTTP_TIMEOUT] = "timeout",
        [HTTP_BROKEN] = "connection broken",
        [HTTP_TOO_LONG] = "reply too long",
        [HTTP_CANCELLED] = "cancelled",
        [HTTP_INVALID] = "invalid request",
    };
    return names[failure];
}

const char *http_reply_header(const struct http_reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->header_count; i++)
        if (strcmp(reply->headers[i].name, name) == 0)
            return reply->headers[i].value;
    return NULL;
}

bool received_body(struct received *received, struct str bytes)
{
    if (bytes.size > received->bytes_max - received->body.size) {
        received->too_long = true;
        return false;
    }
    buffer_append_str(&received->body, bytes);
    return true;
}

/* Appends the text and a NUL; where it begins. */
static size_t append(struct buffer *head, struct str text)
{
    size_t place = head->size;
    buffer_append_str(head, text);
    buffer_append(head, "", 1);
    return place;
}

bool received_header(struct received *received, struct str name, struct str value)
{
    if (received->header_count == REPLY_HEADERS_MAX ||
        received->head.size + name.size + value.size + 2 > REPLY_HEADER_BYTES_MAX) {
        received->too_long = true;
        return false;
    }
    struct header_place *place = &received->places[received->header_count++];
    place->name = append(&received->head, str_trim(name));
    for (char *c = received->head.data + place->name; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    place->value = append(&received->head, str_trim(value));
    return true;
}

bool received_header_line(struct received *received, struct str line)
{
    if (line.size >= 5 && memcmp(line.data, "HTTP/", 5) == 0) {
        received->header_count = 0;
        buffer_reset(&received->head);
        return true;
    }
    const char *colon = line.size ? memchr(line.data, ':', line.size) : NULL;
    if (!colon)
        return true;
    size_t name_size = (size_t)(colon - line.data);
    return received_header(received, (struct str){line.data, name_size},
                           (struct str){colon + 1, line.size - name_size - 1});
}

void received_show(struct received *received, struct http_reply *out)
{
    for (size_t i = 0; i < received->header_count; i++) {
        received->headers[i].name = received->head.data + received->places[i].name;
        received->headers[i].value = received->head.data + received->places[i].value;
    }
    out->headers = received->headers;
    out->header_count = received->header_count;
    out->body = buffer_str(&received->body);
}

void received_clear(struct received *received)
{
    buffer_clear(&received->head);
    buffer_clear(&received->body);
    *received = (struct received){0};
}
