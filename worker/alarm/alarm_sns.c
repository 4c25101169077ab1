/* alarm_sns: an event as a message of an SNS topic (Publish, Query protocol).
 *
 * Programs (SQS, Lambda, HTTPS) get the event's JSON, people (e-mail, SMS) its sentence. A FIFO
 * topic drops what it was told before by the event's id; others may deliver twice. */
#include <stdio.h>

#include "worker/alarm/alarm_target.h"

enum { SUBJECT_BYTES = 100 }; /* with the NUL: the service takes fewer than 100 characters */

static bool check(const char *place, struct error *error)
{
    const char *colon = place;
    int colons = 0;
    while ((colon = strchr(colon, ':'))) {
        colons++;
        colon++;
    }
    if (strncmp(place, "arn:", 4) == 0 && colons == 5 && place[strlen(place) - 1] != ':')
        return true;
    return error_set(error, ERROR_INPUT,
                     "is no topic's ARN, such as arn:aws:sns:eu-west-1:123456789012:alarms");
}

static void add_pair(struct buffer *body, const char *key, struct str value)
{
    buffer_printf(body, "&%s=", key);
    sigv4_encode(body, value, "");
}

/* ASCII without line breaks, as the service wants it. */
static void add_subject(struct buffer *body, const char *text)
{
    char subject[SUBJECT_BYTES];
    size_t size = 0;
    for (; text[size] && size + 1 < sizeof subject; size++)
        subject[size] = text[size] >= ' ' && text[size] <= '~' ? text[size] : '?';
    subject[size] = '\0';
    add_pair(body, "Subject", str_of(subject));
}

static void add_message(struct buffer *body, const struct alarm_sending *sending)
{
    static const char *const for_people[] = {"email", "sms"};
    struct buffer message = {0};
    buffer_append_str(&message, STR("{\"default\":"));
    buffer_append_json(&message, str_of(sending->delivery->json));
    for (size_t i = 0; i < sizeof for_people / sizeof *for_people; i++) {
        buffer_printf(&message, ",\"%s\":", for_people[i]);
        buffer_append_json(&message, str_of(sending->text));
    }
    buffer_append(&message, "}", 1);
    add_pair(body, "MessageStructure", STR("json"));
    add_pair(body, "Message", buffer_str(&message));
    buffer_clear(&message);
}

static void compose(const struct alarm_sending *sending, struct alarm_request *request)
{
    static const char FIFO[] = ".fifo";
    struct buffer *body = &request->body;
    size_t size = strlen(sending->place), tail = strlen(FIFO);
    buffer_append_str(body, STR("Action=Publish&Version=2010-03-31"));
    add_pair(body, "TopicArn", str_of(sending->place));
    add_subject(body, sending->text);
    add_message(body, sending);
    add_pair(body, "MessageAttributes.entry.1.Name", STR("event_id"));
    add_pair(body, "MessageAttributes.entry.1.Value.DataType", STR("String"));
    add_pair(body, "MessageAttributes.entry.1.Value.StringValue",
             str_of(sending->delivery->event_id));
    if (size > tail && strcmp(sending->place + size - tail, FIFO) == 0) {
        add_pair(body, "MessageGroupId", str_of(sending->delivery->alarm));
        add_pair(body, "MessageDeduplicationId", str_of(sending->delivery->event_id));
    }
    alarm_request_header(request, "Content-Type",
                         "application/x-www-form-urlencoded; charset=utf-8");
    alarm_request_sign(sending, ALARM_SNS.service, request);
}

const struct alarm_target ALARM_SNS = {
    .prefix = "sns",
    .service = "sns",
    .variable = "SNS",
    .host = "sns",
    .check = check,
    .compose = compose,
};
