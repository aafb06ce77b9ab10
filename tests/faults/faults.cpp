// A library for LD_PRELOAD that makes the n-th call of a kind fail, once or from then on, while
// `main` runs; tests/faults/faults.sh drives it.
//   WEFT_FAULT        malloc, write, short_write, interrupt, fsync, rename, mmap, pthread_create,
//                     nameless (no file without a name can be had), killed (at a rename) or
//                     killed_after (a rename, before the folder is synced)
//   WEFT_FAULT_EARLY  set: from the program's own initialisers on, which run before `main`
//   WEFT_FAULT_AT     n, from 1; 0 or none: nothing fails
//   WEFT_FAULT_LAST   the last call that fails; none: that one only
//   WEFT_FAULT_COUNT  a file for the number of calls, at the end
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>

// The C library's own allocator, which is there before any symbol can be looked up.
extern "C" void* __libc_malloc(std::size_t);
extern "C" void* __libc_calloc(std::size_t, std::size_t);
extern "C" void* __libc_realloc(void*, std::size_t);
extern "C" void* __libc_memalign(std::size_t, std::size_t);

namespace {

enum class Call {
  none,
  malloc,
  write,
  short_write,
  interrupt,
  fsync,
  rename,
  mmap,
  pthread_create,
  nameless,
  killed,
  killed_after
};
constexpr const char* kNames[] = {"",       "malloc",      "write", "short_write",    "interrupt",
                                  "fsync",  "rename",      "mmap",  "pthread_create", "nameless",
                                  "killed", "killed_after"};

std::atomic<Call> wanted = Call::none;  // none before and after main
std::atomic<long> count = 0;
long first = 0;
long last = 0;

long number(const char* variable, long otherwise) {
  const char* const value = std::getenv(variable);
  return value == nullptr ? otherwise : std::strtol(value, nullptr, 10);
}

void begin() {
  const char* const name = std::getenv("WEFT_FAULT");
  if (name == nullptr) return;
  first = number("WEFT_FAULT_AT", 0);
  last = number("WEFT_FAULT_LAST", first);
  for (int i = 1; i < static_cast<int>(std::size(kNames)); ++i) {
    if (std::strcmp(name, kNames[i]) == 0) wanted = static_cast<Call>(i);
  }
}

void end() {
  if (wanted.exchange(Call::none) == Call::none) return;
  const char* const path = std::getenv("WEFT_FAULT_COUNT");
  if (path == nullptr) return;
  if (FILE* const file = std::fopen(path, "w")) {
    std::fprintf(file, "%ld\n", count.load());
    std::fclose(file);
  }
}

// Counts a call; true if it is to fail.
bool fails(Call call) {
  if (wanted != call) return false;
  const long n = ++count;
  return n >= first && n <= last;
}

template <class Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

// oneDNN crashes where it is given no memory for code, so weft asks for as much before it calls it:
// that question fails in its place.
bool is_of_onednn(const void* code) {
  Dl_info found{};
  return dladdr(code, &found) != 0 && std::strstr(found.dli_fname, "libdnnl") != nullptr;
}

int (*real_main)(int, char**, char**);

bool early() { return std::getenv("WEFT_FAULT_EARLY") != nullptr; }

int counted_main(int argc, char** argv, char** environment) {
  if (!early()) begin();
  std::atexit(end);
  const int status = real_main(argc, argv, environment);
  end();
  return status;
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

int __libc_start_main(int (*main)(int, char**, char**), int argc, char** argv, void (*init)(),
                      void (*fini)(), void (*loader_fini)(), void* stack) {
  real_main = main;
  if (early()) begin();
  return real<decltype(__libc_start_main)>("__libc_start_main")(counted_main, argc, argv, init,
                                                                fini, loader_fini, stack);
}

void* malloc(std::size_t size) {
  if (!fails(Call::malloc)) return __libc_malloc(size);
  errno = ENOMEM;
  return nullptr;
}

void* calloc(std::size_t n, std::size_t size) {
  if (!fails(Call::malloc)) return __libc_calloc(n, size);
  errno = ENOMEM;
  return nullptr;
}

void* realloc(void* at, std::size_t size) {
  if (!fails(Call::malloc)) return __libc_realloc(at, size);
  errno = ENOMEM;
  return nullptr;
}

void* aligned_alloc(std::size_t alignment, std::size_t size) {
  if (!fails(Call::malloc)) return __libc_memalign(alignment, size);
  errno = ENOMEM;
  return nullptr;
}

int posix_memalign(void** at, std::size_t alignment, std::size_t size) {
  void* const found = fails(Call::malloc) ? nullptr : __libc_memalign(alignment, size);
  if (found == nullptr) return ENOMEM;
  *at = found;
  return 0;
}

ssize_t write(int file, const void* bytes, std::size_t size) {
  static auto* const call = real<decltype(write)>("write");
  if (fails(Call::short_write) && size > 1) size /= 2;
  if (fails(Call::write)) {
    errno = ENOSPC;
    return -1;
  }
  if (fails(Call::interrupt)) {
    errno = EINTR;
    return -1;
  }
  return call(file, bytes, size);
}

int fsync(int file) {
  static auto* const call = real<decltype(fsync)>("fsync");
  if (!fails(Call::fsync)) return call(file);
  errno = EIO;
  return -1;
}

int open(const char* path, int flags, ...) {
  static auto* const call = real<decltype(open)>("open");
  va_list more;
  va_start(more, flags);
  const bool makes = (flags & (O_CREAT | O_TMPFILE)) != 0;
  const mode_t mode = makes ? va_arg(more, mode_t) : 0;
  va_end(more);
  if ((flags & O_TMPFILE) != O_TMPFILE || !fails(Call::nameless)) return call(path, flags, mode);
  errno = EOPNOTSUPP;
  return -1;
}

int rename(const char* from, const char* to) {
  static auto* const call = real<decltype(rename)>("rename");
  if (fails(Call::killed)) ::raise(SIGKILL);
  if (fails(Call::rename)) {
    errno = EACCES;
    return -1;
  }
  const int result = call(from, to);
  if (fails(Call::killed_after)) ::raise(SIGKILL);
  return result;
}

void* mmap(void* at, std::size_t size, int protection, int flags, int file, off_t offset) {
  static auto* const call = real<decltype(mmap)>("mmap");
  if (is_of_onednn(__builtin_return_address(0)) || !fails(Call::mmap))
    return call(at, size, protection, flags, file, offset);
  errno = ENOMEM;
  return MAP_FAILED;
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*),
                   void* with) {
  static auto* const call = real<decltype(pthread_create)>("pthread_create");
  return fails(Call::pthread_create) ? EAGAIN : call(thread, attributes, run, with);
}

}  // extern "C"
#pragma GCC visibility pop
