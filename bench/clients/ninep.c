// Load generator for 9P2000.L over TCP or a unix socket. Usage: ninep unix PATH|tcp PORT ANAME. It attaches as
// root, opens `noop` and `bulk` and prints `ready`; then each line of standard input is `OPERATION COUNT WINDOW`: `read`
// is a Tread of 8 bytes at 0 of noop, `bulk` one of 65,000 bytes of the other, `getattr` a Tgetattr, WINDOW the requests
// in flight. Answers as clients/files.c does; with more than
// one in flight there is only a mean.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { TVERSION = 100, TATTACH = 104, TWALK = 110, TREAD = 116, TLOPEN = 12, TGETATTR = 24, RLERROR = 7 };

static int fd;
static unsigned char out[65536], in[1 << 20];
static size_t have, start;
static uint32_t expected;

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int ascending(const void *a, const void *b) {
  long long x = *(const long long *)a, y = *(const long long *)b;
  return (x > y) - (x < y);
}

static void die(const char *what) {
  perror(what);
  exit(1);
}

// Machines this runs on are little-endian, as 9P is.
static size_t put(size_t at, uint64_t value, size_t size) {
  memcpy(out + at, &value, size);
  return at + size;
}

static size_t text(size_t at, const char *string) {
  size_t length = strlen(string);
  at = put(at, length, 2);
  memcpy(out + at, string, length);
  return at + length;
}

static size_t head(size_t at, int type, int tag) {
  at = put(at, 0, 4);
  at = put(at, type, 1);
  return put(at, tag, 2);
}

static size_t end(size_t begin, size_t at) {
  put(begin, at - begin, 4);
  return at;
}

static void send_(size_t size) {
  size_t done = 0;
  while (done < size) {
    ssize_t n = write(fd, out + done, size - done);
    if (n <= 0) die("write");
    done += n;
  }
}

// The next whole frame; it stays valid until the next call. What is measured must be what was asked for: a Tread
// answers with all its bytes.
static unsigned char *next(void) {
  for (;;) {
    uint32_t size;
    if (have - start >= 4) {
      memcpy(&size, in + start, 4);
      if (have - start >= size) {
        unsigned char *frame = in + start;
        start += size;
        if (frame[4] == RLERROR) {
          memcpy(&size, frame + 7, 4);
          fprintf(stderr, "ninep: Rlerror %u\n", size);
          exit(1);
        }
        if (frame[4] == TREAD + 1 && size != 7 + 4 + expected) {
          fprintf(stderr, "ninep: an Rread of %u bytes\n", size);
          exit(1);
        }
        return frame;
      }
    }
    memmove(in, in + start, have - start);
    have -= start;
    start = 0;
    ssize_t n = read(fd, in + have, sizeof in - have);
    if (n <= 0) die("read");
    have += n;
  }
}

static size_t request(size_t begin, char operation, int tag) {
  size_t at;
  if (operation == 'r' || operation == 'b') {
    at = head(begin, TREAD, tag);
    at = put(at, operation == 'r' ? 1 : 2, 4);
    at = put(at, 0, 8);
    at = put(at, expected = operation == 'r' ? 8 : 65000, 4);
  } else {
    at = head(begin, TGETATTR, tag);
    at = put(at, 1, 4);
    at = put(at, 0x7ff, 8);
  }
  return end(begin, at);
}

static void one_by_one(char operation, int count) {
  long long *times = malloc(sizeof *times * count);
  long long begin, last;
  if (!times) die("malloc");
  begin = last = now();
  for (int i = 0; i < count; i++) {
    long long then;
    send_(request(0, operation, 1));
    next();
    then = now();
    times[i] = then - last;
    last = then;
  }
  qsort(times, count, sizeof *times, ascending);
  printf("%lld %lld %lld\n", (last - begin) / count, times[count / 2], times[count * 99LL / 100]);
  free(times);
}

// A reply frees its tag, and every tag that one read(2) freed is used again in one write(2).
static void pipelined(char operation, int count, int window) {
  int sent = 0, got = 0;
  long long begin = now();
  size_t size = 0;
  while (sent < window && sent < count) size = request(size, operation, ++sent);
  send_(size);
  while (got < count) {
    size = 0;
    do {
      unsigned char *frame = next();
      uint16_t tag;
      uint32_t more = 0;
      memcpy(&tag, frame + 5, 2);
      got++;
      if (sent < count) {
        size = request(size, operation, tag);
        sent++;
      }
      if (have - start >= 4) memcpy(&more, in + start, 4);
      if (!more || have - start < more) break;
    } while (got < count);
    if (size) send_(size);
  }
  printf("%lld 0 0\n", (now() - begin) / count);
}

static void dial(const char *kind, const char *where) {
  if (strcmp(kind, "unix") == 0) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    snprintf(to.sun_path, sizeof to.sun_path, "%s", where);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0) die(where);
  } else {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(where))};
    int yes = 1;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0) die(where);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  }
}

static void open_(int fid, const char *name) {
  size_t at = head(0, TWALK, 1);
  at = put(at, 0, 4);
  at = put(at, fid, 4);
  at = put(at, 1, 2);
  send_(end(0, text(at, name)));
  next();
  at = head(0, TLOPEN, 1);
  at = put(at, fid, 4);
  send_(end(0, put(at, 0, 4)));
  next();
}

int main(int argc, char **argv) {
  char operation[16];
  int count, window;
  size_t at;
  if (argc != 4) return 2;
  dial(argv[1], argv[2]);

  at = head(0, TVERSION, 0xffff);
  at = put(at, 65536, 4);
  send_(end(0, text(at, "9P2000.L")));
  next();
  at = head(0, TATTACH, 1);
  at = put(at, 0, 4);
  at = put(at, 0xffffffff, 4);
  at = text(at, "root");
  at = text(at, argv[3]);
  send_(end(0, put(at, 0, 4)));
  next();
  open_(1, "noop");
  open_(2, "bulk");
  puts("ready");
  fflush(stdout);

  while (scanf("%15s %d %d", operation, &count, &window) == 3) {
    if (window == 1) one_by_one(operation[0], count);
    else pipelined(operation[0], count, window);
    fflush(stdout);
  }
  return 0;
}
