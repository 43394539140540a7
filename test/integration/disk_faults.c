/* Preloaded into a server (LD_PRELOAD): its disk fails when a test says so.
 *
 * CONCLAVE_DISK_FAULTS names a folder. While it has one of these files, calls for paths that
 * contain the text in the file behave as told; a call for any other path goes through.
 *
 *   fsync_fails      fdatasync answers EIO
 *   fsync_is_slow    fdatasync takes half a second longer
 *   fsync_hangs      fdatasync does not return before this file is gone; "hanging" tells that it
 *                    has begun
 *   disk_is_full     what would take more room answers ENOSPC
 *   reserving_is_slow  fallocate takes half a second longer
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The path behind a descriptor; empty if there is none. */
static void path_of(int descriptor, char* path, size_t size) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    const ssize_t length = readlink(link, path, size - 1);
    path[length < 0 ? 0 : length] = '\0';
}

static int is_wanted(const char* fault, int descriptor) {
    const char* folder = getenv("CONCLAVE_DISK_FAULTS");
    char name[4096];
    char part[4096];
    char path[4096];
    if (folder == NULL) {
        return 0;
    }
    snprintf(name, sizeof name, "%s/%s", folder, fault);
    const int order = open(name, O_RDONLY | O_CLOEXEC);
    if (order < 0) {
        return 0;
    }
    const ssize_t length = read(order, part, sizeof part - 1);
    close(order);
    part[length < 0 ? 0 : length] = '\0';
    path_of(descriptor, path, sizeof path);
    return strstr(path, part) != NULL;
}

/* Stays here as long as fdatasync is to hang. */
static void hang(int descriptor) {
    const struct timespec a_moment = {0, 5000000};
    char name[4096];
    while (is_wanted("fsync_hangs", descriptor)) {
        snprintf(name, sizeof name, "%s/hanging", getenv("CONCLAVE_DISK_FAULTS"));
        close(open(name, O_CREAT | O_CLOEXEC, 0600));
        nanosleep(&a_moment, NULL);
    }
}

static int is_beyond_end(int descriptor, off_t end) {
    struct stat status;
    return fstat(descriptor, &status) == 0 && end > status.st_size;
}

static void be_slow(void) {
    const struct timespec half_a_second = {0, 500000000};
    nanosleep(&half_a_second, NULL);
}

int fdatasync(int descriptor) {
    if (is_wanted("fsync_is_slow", descriptor)) {
        be_slow();
    }
    hang(descriptor);
    if (is_wanted("fsync_fails", descriptor)) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, descriptor);
}

int fallocate(int descriptor, int mode, off_t offset, off_t length) {
    if (is_wanted("reserving_is_slow", descriptor)) {
        be_slow();
    }
    if (is_beyond_end(descriptor, offset + length) && is_wanted("disk_is_full", descriptor)) {
        errno = ENOSPC;
        return -1;
    }
    return (int)syscall(SYS_fallocate, descriptor, mode, offset, length);
}

ssize_t pwrite(int descriptor, const void* data, size_t size, off_t offset) {
    if (is_beyond_end(descriptor, offset + (off_t)size) && is_wanted("disk_is_full", descriptor)) {
        errno = ENOSPC;
        return -1;
    }
    return syscall(SYS_pwrite64, descriptor, data, size, offset);
}

int fallocate64(int descriptor, int mode, off64_t offset, off64_t length) {
    return fallocate(descriptor, mode, offset, length);
}

ssize_t pwrite64(int descriptor, const void* data, size_t size, off64_t offset) {
    return pwrite(descriptor, data, size, offset);
}
