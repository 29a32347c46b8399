/* Preloaded before libc: writes and syncs to the files of one folder fail, or end the process, when they are told to.
   Build: cc -shared -fPIC -O1 -o failing_disk.so failing_disk.c -ldl */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static char folder[4096];
static long left = -1, times, hits; /* calls that still succeed, -1 for all; calls that fail then; calls that failed */
static int error, torn;             /* errno of a failing call, 0 to kill the process; whether half is written first */

void disk_fail(const char *where, long after, int number, int half, long count) {
    snprintf(folder, sizeof folder, "%s/", where);
    left = after, error = number, torn = half, times = count, hits = 0;
}

long disk_hits(void) {
    left = -1;
    return hits;
}

static int strikes(int fd) {
    char link[64], path[4096];
    if (left < 0)
        return 0;
    int kept = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    errno = kept;
    if (length < 0)
        return 0;
    path[length] = 0;
    if (strncmp(path, folder, strlen(folder)) != 0 || left-- > 0)
        return 0;
    hits++;
    left = --times > 0 ? 0 : -1;
    return 1;
}

static ssize_t fails(void) {
    if (!error)
        kill(getpid(), SIGKILL);
    errno = error;
    return -1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define WRITE(name, rest, values)                                                                                      \
    ssize_t name(int fd, const void *data, size_t size rest) {                                                         \
        if (!strikes(fd))                                                                                              \
            return REAL(name)(fd, data, size values);                                                                  \
        if (torn)                                                                                                      \
            (void)!REAL(name)(fd, data, size / 2 values);                                                              \
        return fails();                                                                                                \
    }
#define PLACE , off_t at
#define AT , at
#define NONE
WRITE(write, NONE, NONE)
WRITE(pwrite, PLACE, AT)
WRITE(pwrite64, PLACE, AT)

int fsync(int fd) { return strikes(fd) ? (int)fails() : REAL(fsync)(fd); }
int fdatasync(int fd) { return strikes(fd) ? (int)fails() : REAL(fdatasync)(fd); }
int ftruncate(int fd, off_t size) { return strikes(fd) ? (int)fails() : REAL(ftruncate)(fd, size); }
int ftruncate64(int fd, off_t size) { return strikes(fd) ? (int)fails() : REAL(ftruncate64)(fd, size); }
