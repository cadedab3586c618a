/*
 * Makes one system call of the addon fail. Preloaded (LD_PRELOAD) into the runtime by failure.spec.ts.
 *
 * A call counts when its return address lies in an object whose file ends in ".node", so what the runtime
 * itself does goes through untouched. The test and this file share a page of memory, which is a file.
 * The mappings that the addon has made and not given back are counted as well.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NAMES 250

struct control {
  _Atomic int armed;    /* whether calls are counted */
  _Atomic int fail_at;  /* the number of the call that fails, from 1; 0 is none */
  _Atomic int error;    /* what it fails with */
  _Atomic int seen;     /* calls so far */
  _Atomic int failed;   /* calls that were made to fail */
  _Atomic int mappings; /* that the addon holds now */
  char lacking[16];     /* a call that the system lacks: EOPNOTSUPP, and not counted */
  char names[NAMES][16];
};

static struct control nothing;
static struct control *control = &nothing;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("FMMAP_TEST_CONTROL");
  int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void *page = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (page != MAP_FAILED) control = page;
}

/* Where the addon lies in memory, once it is loaded. */
static _Atomic uintptr_t first, last;

static int find(struct dl_phdr_info *object, size_t size, void *unused) {
  (void)size, (void)unused;
  size_t length = strlen(object->dlpi_name);
  if (length <= 5 || strcmp(object->dlpi_name + length - 5, ".node") != 0) return 0;
  for (int at = 0; at < object->dlpi_phnum; at++) {
    const ElfW(Phdr) *part = &object->dlpi_phdr[at];
    if (part->p_type != PT_LOAD || !(part->p_flags & PF_X)) continue;
    atomic_store(&last, object->dlpi_addr + part->p_vaddr + part->p_memsz);
    atomic_store(&first, object->dlpi_addr + part->p_vaddr);
  }
  return 1;
}

static int ours(void *from) {
  if (!atomic_load(&first)) dl_iterate_phdr(find, NULL);
  return (uintptr_t)from - atomic_load(&first) < atomic_load(&last) - atomic_load(&first);
}

/* Whether this call fails; sets errno. */
static int fails(const char *name) {
  if (!atomic_load(&control->armed)) return 0;
  if (strcmp(name, control->lacking) == 0) {
    errno = EOPNOTSUPP;
    return 1;
  }
  int number = atomic_fetch_add(&control->seen, 1) + 1;
  if (number <= NAMES) strncpy(control->names[number - 1], name, 15);
  if (number != atomic_load(&control->fail_at)) return 0;
  atomic_fetch_add(&control->failed, 1);
  errno = atomic_load(&control->error);
  return 1;
}

#define FROM __builtin_return_address(0)
#define FAILS(name) (ours(FROM) && fails(name))

/* A function `symbol` that calls the next one of that name, or fails. */
#define WRAP(type, symbol, name, parameters, ...)                         \
  type symbol parameters {                                                \
    static type(*next) parameters;                                        \
    if (next == NULL) next = (type(*) parameters)dlsym(RTLD_NEXT, #symbol); \
    if (FAILS(name)) return (type)-1;                                     \
    return next(__VA_ARGS__);                                             \
  }

WRAP(int, fstat, "fstat", (int fd, struct stat *out), fd, out)
WRAP(int, fstat64, "fstat", (int fd, struct stat64 *out), fd, out)
WRAP(int, statx, "stat", (int fd, const char *path, int flags, unsigned mask, struct statx *out), fd, path, flags, mask, out)
WRAP(int, fstatfs, "fstatfs", (int fd, struct statfs *out), fd, out)
WRAP(int, ftruncate, "ftruncate", (int fd, off_t size), fd, size)
WRAP(int, ftruncate64, "ftruncate", (int fd, off64_t size), fd, size)
WRAP(int, fallocate, "fallocate", (int fd, int mode, off_t at, off_t size), fd, mode, at, size)
WRAP(int, fallocate64, "fallocate", (int fd, int mode, off64_t at, off64_t size), fd, mode, at, size)
WRAP(int, msync, "msync", (void *at, size_t size, int flags), at, size, flags)
WRAP(int, madvise, "madvise", (void *at, size_t size, int advice), at, size, advice)
WRAP(int, mlock, "mlock", (const void *at, size_t size), at, size)
WRAP(int, munlock, "munlock", (const void *at, size_t size), at, size)
WRAP(int, flock, "flock", (int fd, int operation), fd, operation)
WRAP(int, dup, "dup", (int fd), fd)
WRAP(int, linkat, "link", (int a, const char *from, int b, const char *to, int flags), a, from, b, to, flags)
WRAP(int, unlink, "unlink", (const char *path), path)
WRAP(int, shm_open, "shm_open", (const char *name, int flags, mode_t mode), name, flags, mode)
WRAP(int, shm_unlink, "shm_unlink", (const char *name), name)

static int opened(int (*next)(const char *, int, ...), void *from, const char *path, int flags, mode_t mode) {
  if (ours(from) && fails((flags & O_TMPFILE) == O_TMPFILE ? "tmpfile" : "open")) return -1;
  return next(path, flags, mode);
}

#define OPEN(symbol)                                                                          \
  int symbol(const char *path, int flags, ...) {                                              \
    static int (*next)(const char *, int, ...);                                               \
    if (next == NULL) next = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #symbol);      \
    va_list arguments;                                                                        \
    va_start(arguments, flags);                                                               \
    mode_t mode = va_arg(arguments, mode_t);                                                  \
    va_end(arguments);                                                                        \
    return opened(next, FROM, path, flags, mode);                                             \
  }
OPEN(open)
OPEN(open64)

#define FCNTL(symbol)                                                                         \
  int symbol(int fd, int command, ...) {                                                      \
    static int (*next)(int, int, ...);                                                        \
    if (next == NULL) next = (int (*)(int, int, ...))dlsym(RTLD_NEXT, #symbol);               \
    va_list arguments;                                                                        \
    va_start(arguments, command);                                                             \
    void *argument = va_arg(arguments, void *);                                               \
    va_end(arguments);                                                                        \
    if (FAILS(command == F_DUPFD_CLOEXEC || command == F_DUPFD ? "dup" : "fcntl")) return -1; \
    return next(fd, command, argument);                                                       \
  }
FCNTL(fcntl)
FCNTL(fcntl64)

int prctl(int option, ...) {
  static int (*next)(int, unsigned long, unsigned long, unsigned long, unsigned long);
  if (next == NULL) next = (int (*)(int, unsigned long, unsigned long, unsigned long, unsigned long))dlsym(RTLD_NEXT, "prctl");
  va_list arguments;
  va_start(arguments, option);
  unsigned long a = va_arg(arguments, unsigned long), b = va_arg(arguments, unsigned long);
  unsigned long c = va_arg(arguments, unsigned long), d = va_arg(arguments, unsigned long);
  va_end(arguments);
  if (FAILS("prctl")) return -1;
  return next(option, a, b, c, d);
}

/* What is called by its number: reads that wait for no disk. */
long syscall(long number, ...) {
  static long (*next)(long, long, long, long, long, long, long);
  if (next == NULL) next = (long (*)(long, long, long, long, long, long, long))dlsym(RTLD_NEXT, "syscall");
  va_list arguments;
  va_start(arguments, number);
  long a = va_arg(arguments, long), b = va_arg(arguments, long), c = va_arg(arguments, long);
  long d = va_arg(arguments, long), e = va_arg(arguments, long), f = va_arg(arguments, long);
  va_end(arguments);
  if (number == SYS_preadv2 && FAILS("preadv2")) return -1;
  return next(number, a, b, c, d, e, f);
}

/* A close that reports an error has closed the descriptor all the same. */
int close(int fd) {
  static int (*next)(int);
  if (next == NULL) next = (int (*)(int))dlsym(RTLD_NEXT, "close");
  int status = next(fd);
  return FAILS("close") ? -1 : status;
}

/* The addon's mappings, by address. */
#define MOST 65536
static struct {
  void *start;
} held[MOST];
static int held_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void hold(void *start, void *before) {
  pthread_mutex_lock(&lock);
  if (before != NULL) {
    for (int at = 0; at < held_count; at++) {
      if (held[at].start == before) {
        held[at] = held[--held_count];
        break;
      }
    }
  }
  if (start != NULL && held_count < MOST) held[held_count++].start = start;
  atomic_store(&control->mappings, held_count);
  pthread_mutex_unlock(&lock);
}

/* What is mapped over other memory is the fault guard's, in its signal handler: counted, not held. */
#define MMAP(symbol, offset_type)                                                                  \
  void *symbol(void *at, size_t size, int prot, int flags, int fd, offset_type offset) {           \
    static void *(*next)(void *, size_t, int, int, int, offset_type);                              \
    if (next == NULL) next = (void *(*)(void *, size_t, int, int, int, offset_type))dlsym(RTLD_NEXT, #symbol); \
    int counted = ours(FROM);                                                                      \
    if (counted && fails("mmap")) return MAP_FAILED;                                               \
    void *start = next(at, size, prot, flags, fd, offset);                                         \
    if (counted && start != MAP_FAILED && !(flags & MAP_FIXED)) hold(start, NULL);                 \
    return start;                                                                                  \
  }
MMAP(mmap, off_t)
MMAP(mmap64, off64_t)

void *mremap(void *old, size_t size, size_t new_size, int flags, ...) {
  static void *(*next)(void *, size_t, size_t, int, ...);
  if (next == NULL) next = (void *(*)(void *, size_t, size_t, int, ...))dlsym(RTLD_NEXT, "mremap");
  va_list arguments;
  va_start(arguments, flags);
  void *target = va_arg(arguments, void *);
  va_end(arguments);
  int counted = ours(FROM);
  if (counted && fails("mremap")) return MAP_FAILED;
  void *start = next(old, size, new_size, flags, target);
  if (counted && start != MAP_FAILED) hold(start, old);
  return start;
}

int munmap(void *at, size_t size) {
  static int (*next)(void *, size_t);
  if (next == NULL) next = (int (*)(void *, size_t))dlsym(RTLD_NEXT, "munmap");
  int counted = ours(FROM);
  if (counted && fails("munmap")) return -1;
  int status = next(at, size);
  if (counted && status == 0) hold(NULL, at);
  return status;
}
