/* lock: one process holds a file as long as it lives. */
#include "worker/store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

int lock_take(const char *path)
{
    char name[PATH_BYTES + 8];
    snprintf(name, sizeof name, "%s.lock", path);
    int lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) != 0) {
        int why = errno;
        close(lock);
        errno = why;
        return -1;
    }
    return lock;
}
