#!/usr/bin/env bash
# check_layers: includes go down the floors only, and an outside library is included by one file.
# Prints one line a violation; exit status 1 when there is any. Run it from anywhere.
#   tests/check_layers.sh [ROOT]
set -euo pipefail
root=${1:-$(cd "$(dirname "$0")/.." && pwd)}
cd "$root"

# The rooms and their ranks. A file includes from its own room and from lower ranks: rooms of one rank
# do not know each other.
ranks() {
    cat <<'TABLE'
schema/base 0
schema 1
evaluators/answers 2
evaluators/judging 3
evaluators 4
rubrics 5
worker/net 6
worker/store 6
worker/stats 6
worker/aws 7
worker/intake 8
worker/answer 8
worker/publish 8
worker/lane 9
worker/report/reading 9
worker/console 9
worker/demo 9
worker/feed 9
worker/report/pages 10
worker/alarm 10
worker/report/drift 11
worker/report/quality 11
worker/report/compare 11
worker/options 12
worker/eval 13
worker/label 13
worker/doctor 13
worker/rerun 14
worker/rubric 14
worker/commands 15
worker 16
TABLE
}

# Outside libraries by the beginning of their headers' names. jansson is our data language: free.
libraries() {
    cat <<'TABLE'
librdkafka librdkafka/rdkafka.h
librdkafka-mock librdkafka/rdkafka_mock.h
libcurl curl/
sqlite sqlite3.h
pcre2 pcre2.h
vectorscan hs
libmicrohttpd microhttpd.h
zlib zlib.h
zstd zstd.h
libyaml yaml.h
openssl openssl/
utf8proc utf8proc.h
dl dlfcn.h
TABLE
}

# FILE LIBRARY: a second file that may include a library, each with its reason.
# zlib: schema/base/gzip.c packs bytes for the wire; worker/intake/unpack_gzip.c reads files through gzread, plain ones too.
# librdkafka: the consumer, a range of a topic that is read again, what `assay doctor` asks a cluster once, a topic read
# without a group, and the configuration all share.
# worker/doctor/versions.c asks every library for its version and nothing else.
# librdkafka: worker/demo/demo_broker.c produces to show things; worker/feed/producer.c in transactions, whose
# positions producer_positions.c reads back.
# libmicrohttpd: worker/demo/demo_aws.c plays AWS for the demo; worker/console tells of the worker and nothing else.
exceptions() {
    cat <<'TABLE'
worker/intake/history_topic.c librdkafka
worker/intake/kafka_check.c librdkafka
worker/intake/kafka_conf.c librdkafka
worker/intake/topic_reader.c librdkafka
worker/doctor/versions.c librdkafka
worker/doctor/versions.c libcurl
worker/doctor/versions.c libmicrohttpd
worker/doctor/versions.c openssl
worker/doctor/versions.c pcre2
worker/doctor/versions.c sqlite
worker/doctor/versions.c utf8proc
worker/doctor/versions.c zlib
worker/doctor/versions.c zstd
worker/demo/demo_aws.c libmicrohttpd
worker/demo/demo_broker.c librdkafka
worker/feed/producer.c librdkafka
worker/feed/producer_positions.c librdkafka
worker/intake/unpack_gzip.c zlib
TABLE
}

found=$(mktemp)
trap 'rm -f "$found"' EXIT
find schema evaluators rubrics worker -name '*.[ch]' -print0 | sort -z |
    xargs -0 grep -nH '^[[:space:]]*#[[:space:]]*include' > "$found" || true

awk -v ranks="$(ranks)" -v libraries="$(libraries)" -v exceptions="$(exceptions)" '
function room_of(path,   room) {
    room = path
    while (sub(/\/[^\/]*$/, "", room))
        if (room in rank) return room
    return ""
}
function library_of(header,   i) {
    for (i = 1; i <= library_count; i++)
        if (index(header, prefix[i]) == 1) return library[i]
    return ""
}
function say(text) { print place ": " text; bad = 1 }
BEGIN {
    count = split(ranks, lines, "\n")
    for (i = 1; i <= count; i++) { split(lines[i], part, " "); rank[part[1]] = part[2] }
    library_count = split(libraries, lines, "\n")
    for (i = 1; i <= library_count; i++) { split(lines[i], part, " "); library[i] = part[1]; prefix[i] = part[2] }
    count = split(exceptions, lines, "\n")
    for (i = 1; i <= count; i++) if (lines[i] != "") excepted[lines[i]] = 1
}
{
    split($0, part, ":")
    file = part[1]; place = file ":" part[2]
    room = room_of(file)
    if (match($0, /"[^"]+"/)) {
        header = substr($0, RSTART + 1, RLENGTH - 2)
        other = room_of(header)
        if (header ~ /^\./ || other == "")
            say("\"" header "\" is not a path from the root of the project")
        else if (other != room && rank[other] >= rank[room])
            say("\"" header "\" is not below: " room " may not include " other)
    } else if (match($0, /<[^>]+>/)) {
        name = library_of(substr($0, RSTART + 1, RLENGTH - 2))
        if (name == "" || (file " " name) in excepted) next
        if (file ~ /\.h$/)
            say("a header shows <" substr($0, RSTART + 1, RLENGTH - 2) "> to everybody who includes it")
        else if (name in owner && owner[name] != file)
            say(name " is included by " owner[name] " already: ask that file")
        else
            owner[name] = file
    }
}
END { exit bad }
' "$found"
