// The floor for a file server on FUSE: libfuse 3's low-level interface, one thread, one file that takes every write
// and reads as eight bytes. Nothing is cached (timeouts 0, direct I/O), so every call of the client arrives here.
// Usage: noop MOUNTPOINT [flush]; with `flush` it also answers FLUSH, which every close(2) then waits for.
#define FUSE_USE_VERSION 35
#include <errno.h>
#include <fuse_lowlevel.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int attributes(fuse_ino_t ino, struct stat *st) {
  memset(st, 0, sizeof *st);
  st->st_ino = ino;
  if (ino == FUSE_ROOT_ID) {
    st->st_mode = S_IFDIR | 0755;
    st->st_nlink = 2;
  } else if (ino == 2) {
    st->st_mode = S_IFREG | 0644;
    st->st_nlink = 1;
    st->st_size = 8;
  } else {
    return -1;
  }
  return 0;
}

static void lookup(fuse_req_t req, fuse_ino_t parent, const char *name) {
  struct fuse_entry_param entry;
  if (parent != FUSE_ROOT_ID || strcmp(name, "noop") != 0) {
    fuse_reply_err(req, ENOENT);
    return;
  }
  memset(&entry, 0, sizeof entry);
  entry.ino = 2;
  attributes(2, &entry.attr);
  fuse_reply_entry(req, &entry);
}

static void get(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file) {
  struct stat st;
  (void)file;
  if (attributes(ino, &st) < 0)
    fuse_reply_err(req, ENOENT);
  else
    fuse_reply_attr(req, &st, 0);
}

static void set(fuse_req_t req, fuse_ino_t ino, struct stat *st, int which, struct fuse_file_info *file) {
  (void)st;
  (void)which;
  get(req, ino, file);
}

static void open_(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file) {
  if (ino != 2) {
    fuse_reply_err(req, EISDIR);
    return;
  }
  file->direct_io = 1;
  fuse_reply_open(req, file);
}

static void read_(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *file) {
  (void)ino;
  (void)offset;
  (void)file;
  fuse_reply_buf(req, "01234567", size < 8 ? size : 8);
}

static void write_(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t offset,
                   struct fuse_file_info *file) {
  (void)ino;
  (void)data;
  (void)offset;
  (void)file;
  fuse_reply_write(req, size);
}

static void ok(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file) {
  (void)ino;
  (void)file;
  fuse_reply_err(req, 0);
}

int main(int argc, char **argv) {
  struct fuse_lowlevel_ops operations = {
      .lookup = lookup, .getattr = get, .setattr = set, .open = open_, .read = read_, .write = write_, .release = ok};
  char *arguments[] = {argv[0], "-o", "fsname=noop"};
  struct fuse_args args = FUSE_ARGS_INIT(3, arguments);
  struct fuse_session *session;
  int status = 1;
  if (argc < 2) return 2;
  if (argc > 2 && strcmp(argv[2], "flush") == 0) operations.flush = ok;
  session = fuse_session_new(&args, &operations, sizeof operations, NULL);
  if (session && fuse_set_signal_handlers(session) == 0 && fuse_session_mount(session, argv[1]) == 0) {
    puts("ready");
    fflush(stdout);
    status = fuse_session_loop(session) < 0;
    fuse_session_unmount(session);
  }
  if (session) fuse_session_destroy(session);
  return status;
}
