// SPDX-License-Identifier: Apache-2.0
//
// launch FIGURES OUTPUT COMMAND [ARGUMENT ...]
//
// Runs COMMAND once, with its standard output going to OUTPUT (through a pipe where OUTPUT begins
// with '|', so that the time of the first byte can be told), and writes one line to FIGURES:
//
//   wall-ns user-us system-us peak-kB exit-status first-byte-ns
//
// user, system and peak are what wait4 says of the command and of the children it waited for. It is a
// small static program, since a process's peak memory begins with that of the one that started it.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void fail(const char *what) {
    fprintf(stderr, "launch: %s: %s\n", what, strerror(errno));
    exit(126);
}

static char buffer[65536];

// Copies all of `from` to `to`; returns when the first byte came, or 0 if none did.
static long long drain(int from, int to) {
    long long first = 0;
    for (;;) {
        ssize_t got = read(from, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return first;
        if (first == 0) first = now_ns();
        for (ssize_t done = 0; done < got;) {
            ssize_t put = write(to, buffer + done, (size_t)(got - done));
            if (put < 0) fail("write");
            done += put;
        }
    }
}

int main(int argc, char **argv) {
    if (argc < 4) {
        fprintf(stderr, "usage: launch FIGURES [|]OUTPUT COMMAND [ARGUMENT ...]\n");
        return 126;
    }
    int piped = argv[2][0] == '|';
    const char *path = argv[2] + piped;
    int output = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (output < 0) fail(path);
    int ends[2] = {-1, output};
    if (piped && pipe2(ends, O_CLOEXEC) != 0) fail("pipe");

    long long start = now_ns();
    pid_t child = vfork();
    if (child < 0) fail("vfork");
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        execvp(argv[3], argv + 3);
        _exit(127);
    }
    long long first = 0;
    if (piped) {
        close(ends[1]);
        first = drain(ends[0], output);
    }
    int status = 0;
    struct rusage used;
    while (wait4(child, &status, 0, &used) < 0)
        if (errno != EINTR) fail("wait4");
    long long end = now_ns();

    FILE *figures = fopen(argv[1], "w");
    if (!figures) fail(argv[1]);
    fprintf(figures, "%lld %lld %lld %ld %d %lld\n", end - start,
            used.ru_utime.tv_sec * 1000000LL + used.ru_utime.tv_usec,
            used.ru_stime.tv_sec * 1000000LL + used.ru_stime.tv_usec, used.ru_maxrss,
            WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
            first ? first - start : -1);
    return fclose(figures) == 0 ? 0 : 126;
}
