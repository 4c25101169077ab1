/* versions: which libraries this program runs with: those that are loaded, not those of the build.
 * The one file that includes every outside library, for this alone. */
#include "worker/doctor/versions.h"

#include <curl/curl.h>
#include <jansson.h>
#include <librdkafka/rdkafka.h>
#include <microhttpd.h>
#include <openssl/crypto.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <sqlite3.h>
#include <utf8proc.h>
#include <zlib.h>
#include <zstd.h>

static const char *curl_number(void)
{
    return curl_version_info(CURLVERSION_NOW)->version;
}

static const char *openssl_number(void)
{
    return OpenSSL_version(OPENSSL_VERSION_STRING);
}

static const char *pcre2_number(void)
{
    static char text[64]; /* as long as PCRE2 says it may be; one thread asks */
    pcre2_config(PCRE2_CONFIG_VERSION, text);
    return text;
}

static const struct {
    const char *library;
    const char *(*version)(void);
} LIBRARIES[] = {
    {"librdkafka", rd_kafka_version_str},
    {"sqlite", sqlite3_libversion},
    {"libcurl", curl_number},
    {"openssl", openssl_number},
    {"pcre2", pcre2_number},
    {"jansson", jansson_version_str},
    {"libmicrohttpd", MHD_get_version},
    {"utf8proc", utf8proc_version},
    {"zlib", zlibVersion},
    {"zstd", ZSTD_versionString},
};

void versions_append(struct buffer *out)
{
    for (size_t i = 0; i < sizeof LIBRARIES / sizeof *LIBRARIES; i++)
        buffer_printf(out, "%s%s %s", i ? ", " : "", LIBRARIES[i].library, LIBRARIES[i].version());
}
