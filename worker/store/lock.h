/* lock: one process holds a file as long as it lives. */
#ifndef ASSAY_LOCK_H
#define ASSAY_LOCK_H

/* Locks PATH.lock, made when it is not there, without waiting. The descriptor that holds it, to be
 * closed; -1 with errno: EWOULDBLOCK when another process holds it. */
int lock_take(const char *path);

#endif
