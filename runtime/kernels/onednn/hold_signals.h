// Holds back signals while oneDNN's products run.
//
// Up to version 3.11 oneDNN's code of products (its `gemm`, of AVX2 and AVX-512) points the stack
// at a work space in the heap. A signal handler that runs meanwhile writes its frame over the heap
// below it: Ctrl-C, a timer or a profiler would damage the application's memory (oneDNN's issue
// 4845).
#pragma once

#include <pthread.h>

#include <csignal>
#include <initializer_list>

namespace weft {

// Blocks the signals of this thread until it goes out of scope; then they are delivered. Faults of
// the program itself cannot wait and are not blocked. It takes a fraction of a microsecond.
class HoldSignals {
 public:
  HoldSignals() { ::pthread_sigmask(SIG_BLOCK, &all_but_faults(), &before_); }
  ~HoldSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  HoldSignals(const HoldSignals&) = delete;
  HoldSignals& operator=(const HoldSignals&) = delete;

 private:
  static const sigset_t& all_but_faults() {
    static const sigset_t kSet = [] {
      sigset_t set;
      ::sigfillset(&set);
      for (const int fault : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS}) {
        ::sigdelset(&set, fault);
      }
      return set;
    }();
    return kSet;
  }

  sigset_t before_{};
};

}  // namespace weft
