// Load generator for mounted files. Each line of standard input is `OPERATION COUNT PATH`; the answer is one line with
// the mean, the median and the 99th percentile of one operation in nanoseconds, or `error ERRNO OPERATION`.
//   write: 8 bytes to an open file    read: 8 bytes of an open file    stat: stat(2) by path
//   cycle: open, read, close          put: open and truncate, write 8 bytes, close
//   sync: the same with fsync(2)      block: starts COUNT threads that read and do not come back; answers `0 0 0`
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int ascending(const void *a, const void *b) {
  long long x = *(const long long *)a, y = *(const long long *)b;
  return (x > y) - (x < y);
}

static int cycle(const char *path) {
  char data[64];
  int fd = open(path, O_RDONLY);
  ssize_t got;
  if (fd < 0) return -1;
  got = read(fd, data, sizeof data);
  if (close(fd) < 0) return -1;
  return got < 0 ? -1 : 0;
}

static int put(const char *path, int durable) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0 || write(fd, "0123456\n", 8) != 8) return -1;
  if (durable && fsync(fd) < 0) return -1;
  return close(fd);
}

static int once(const char *operation, const char *path, int fd) {
  char data[8];
  struct stat st;
  switch (operation[0]) {
  case 'w': return pwrite(fd, "01234567", 8, 0) == 8 ? 0 : -1;
  case 'r': return pread(fd, data, 8, 0) < 0 ? -1 : 0;
  case 's': return operation[1] == 'y' ? put(path, 1) : stat(path, &st);
  case 'p': return put(path, 0);
  default: return cycle(path);
  }
}

static void *reader(void *path) {
  char byte;
  int fd = open(path, O_RDONLY);
  if (fd < 0 || read(fd, &byte, 1) < 0) fprintf(stderr, "blocked reader: %s\n", strerror(errno));
  return NULL;
}

static int block(char *path, int count) {
  pthread_attr_t small;
  pthread_t thread;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 32768);
  while (count-- > 0) {
    errno = pthread_create(&thread, &small, reader, path);
    if (errno) return -1;
  }
  return 0;
}

static int measure(const char *operation, char *path, int count) {
  long long *times = malloc(sizeof *times * count);
  long long sum = 0, last, start;
  int fd = -1;
  if (!times) return -1;
  if (operation[0] == 'w' || operation[0] == 'r') {
    fd = open(path, operation[0] == 'w' ? O_WRONLY : O_RDONLY);
    if (fd < 0) return -1;
  }
  start = last = now();
  for (int i = 0; i < count; i++) {
    long long next;
    if (once(operation, path, fd) < 0) return -1;
    next = now();
    times[i] = next - last;
    last = next;
  }
  sum = last - start;
  if (fd >= 0) close(fd);
  qsort(times, count, sizeof *times, ascending);
  printf("%lld %lld %lld\n", sum / count, times[count / 2], times[count * 99LL / 100]);
  free(times);
  return 0;
}

int main(void) {
  static char operation[16], path[4096];
  int count;
  while (scanf("%15s %d %4095s", operation, &count, path) == 3) {
    if (strcmp(operation, "block") == 0) {
      char *kept = strdup(path);
      if (!kept || block(kept, count) < 0) printf("error %d %s\n", errno, operation);
      else puts("0 0 0");
    } else if (measure(operation, path, count) < 0) {
      printf("error %d %s\n", errno, operation);
    }
    fflush(stdout);
  }
  return 0;
}
