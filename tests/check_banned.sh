#!/usr/bin/env bash
# check_banned: functions that have a better one, and heap allocation outside its one file.
# Prints one line a violation; exit status 1 when there is any. Run it from anywhere.
#   tests/check_banned.sh [ROOT]
set -euo pipefail
root=${1:-$(cd "$(dirname "$0")/.." && pwd)}
cd "$root"

sources() { find schema evaluators rubrics worker -name '*.[ch]' -print0 | sort -z; }

# look REASON PATTERN [FILE...]: every use of the functions in PATTERN, except in FILEs. Comments and
# texts that only name one are left alone.
bad=0
look() {
    local reason=$1 pattern=$2 hits
    shift 2
    # shellcheck disable=SC2016 # awk's own $0
    hits=$(sources | xargs -0 awk -v pattern="(^|[^A-Za-z0-9_.>])($pattern)[ \t]*\\\\(" -v but=" $* " '
        FNR == 1 { in_comment = 0 }
        index(but, " " FILENAME " ") { next }
        {
            line = $0
            gsub(/\\./, "", line)
            gsub(/\047"\047/, "", line) # a quote as a character
            gsub(/"[^"]*"/, "\"\"", line)
            gsub(/\/\*[^*]*\*\//, "", line)
            if (in_comment && !sub(/^.*\*\//, "", line)) next
            in_comment = sub(/\/\*.*$/, "", line)
            sub(/\/\/.*$/, "", line)
            if (match(line, pattern)) {
                name = substr(line, RSTART, RLENGTH)
                gsub(/[^A-Za-z0-9_]/, "", name)
                print FILENAME ":" FNR ": " name
            }
        }')
    if [ -n "$hits" ]; then
        while IFS= read -r hit; do echo "$hit: $reason"; done <<< "$hits"
        bad=1
    fi
}

look "no bound: use buffer_* or snprintf" 'strcpy|strcat|sprintf|vsprintf|gets|stpcpy'
look "hides errors: use strtol or json_read" 'atoi|atol|atoll|atof'
look "keeps state between calls: walk the text" 'strtok|strtok_r'
look "the stack has no limit that one could test: use the arena" 'alloca'
look "heap goes through schema/base/memory.h, which cannot fail" \
    'malloc|calloc|realloc|reallocarray|strdup|strndup|asprintf|vasprintf' schema/base/memory.c
exit "$bad"
