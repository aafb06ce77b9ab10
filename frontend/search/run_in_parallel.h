// Independent jobs, some at a time.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

namespace weft {

// Calls f(i) for i = 0 .. n-1 in that order, at most `threads` calls at a time. After an exception
// no further call begins; it is thrown again when those under way have ended.
template <typename F>
void run_in_parallel(std::size_t n, int threads, const F& f) {
  std::atomic<std::size_t> next{0};
  std::exception_ptr failure;
  std::mutex mutex;
  const auto work = [&] {
    for (std::size_t i = 0; (i = next.fetch_add(1)) < n;) {
      try {
        f(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
        next = n;
      }
    }
  };
  std::vector<std::thread> others;
  const std::size_t workers = std::min(n, static_cast<std::size_t>(std::max(threads, 1)));
  try {
    others.reserve(workers);
    for (std::size_t i = 1; i < workers; ++i) others.emplace_back(work);
  } catch (const std::system_error&) {  // no more threads: those that there are do it all
  } catch (const std::bad_alloc&) {
  }
  work();
  for (std::thread& other : others) other.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace weft
