/* clock: what time it is, how long it took, and times as text. */
#include "schema/base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t read_clock_us(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_wall_ms(void)
{
    return read_clock_us(CLOCK_REALTIME) / 1000;
}

int64_t clock_steady_ms(void)
{
    return read_clock_us(CLOCK_BOOTTIME) / 1000;
}

int64_t clock_steady_us(void)
{
    return read_clock_us(CLOCK_BOOTTIME);
}

/* Days since 1970-01-01 of a proleptic Gregorian date. */
static int64_t days_from_date(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = y / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

/* Reads exactly `digits` digits at *at and moves on. */
static bool read_digits(struct str text, size_t *at, int digits, int *out)
{
    int value = 0;
    for (int i = 0; i < digits; i++, (*at)++) {
        if (*at >= text.size || text.data[*at] < '0' || text.data[*at] > '9')
            return false;
        value = value * 10 + (text.data[*at] - '0');
    }
    *out = value;
    return true;
}

static bool read_char(struct str text, size_t *at, char a, char b)
{
    if (*at >= text.size || (text.data[*at] != a && text.data[*at] != b))
        return false;
    (*at)++;
    return true;
}

/* ".123456": any number of digits, the first three count. */
static bool read_fraction(struct str text, size_t *at, int *out_ms)
{
    *out_ms = 0;
    if (!read_char(text, at, '.', ','))
        return true;
    int scale = 100, digit;
    size_t start = *at;
    while (read_digits(text, at, 1, &digit)) {
        *out_ms += digit * scale;
        scale /= 10;
    }
    return *at > start;
}

static bool read_offset(struct str text, size_t *at, int *out_minutes)
{
    *out_minutes = 0;
    if (read_char(text, at, 'Z', 'z'))
        return true;
    int sign = *at < text.size && text.data[*at] == '-' ? -1 : 1, hours, minutes;
    if (!read_char(text, at, '+', '-') || !read_digits(text, at, 2, &hours) ||
        !read_char(text, at, ':', ':') || !read_digits(text, at, 2, &minutes) || hours > 23 ||
        minutes > 59)
        return false;
    *out_minutes = sign * (hours * 60 + minutes);
    return true;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

bool clock_parse_rfc3339(struct str text, int64_t *out_ms)
{
    int year, month, day, hour, minute, second, ms, offset;
    size_t at = 0;
    if (!read_digits(text, &at, 4, &year) || !read_char(text, &at, '-', '-') ||
        !read_digits(text, &at, 2, &month) || !read_char(text, &at, '-', '-') ||
        !read_digits(text, &at, 2, &day) || !(read_char(text, &at, 'T', 't') ||
                                              read_char(text, &at, ' ', ' ')) ||
        !read_digits(text, &at, 2, &hour) || !read_char(text, &at, ':', ':') ||
        !read_digits(text, &at, 2, &minute) || !read_char(text, &at, ':', ':') ||
        !read_digits(text, &at, 2, &second) || !read_fraction(text, &at, &ms) ||
        !read_offset(text, &at, &offset) || at != text.size)
        return false;
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) ||
        hour > 23 || minute > 59 || second > 60)
        return false;
    int64_t seconds = days_from_date(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    *out_ms = (seconds - (int64_t)offset * 60) * 1000 + ms;
    return *out_ms >= 0;
}

void clock_format_rfc3339(int64_t ms, char out[CLOCK_TEXT_BYTES])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    size_t used = strftime(out, CLOCK_TEXT_BYTES, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(out + used, CLOCK_TEXT_BYTES - used, ".%03dZ", (int)(ms % 1000));
}
