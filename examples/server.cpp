// A server's threads: the plan is loaded once, and each thread has a session of its own on it. The
// requests are lines here; a server takes them from its sockets.
//
//   server PLAN THREADS < lines.txt
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "runtime/session.h"

namespace {

struct Request {
  std::string text, answer = {};
};

// One thread: answers requests until none is left that nobody has taken.
void serve(weft::Session session, std::vector<Request>& requests, std::atomic<std::size_t>& next) {
  weft::Predictions predictions;  // its memory is used again
  for (std::size_t i = next++; i < requests.size(); i = next++) {
    try {
      session.predict(std::array<std::string_view, 1>{requests[i].text}, predictions);
      requests[i].answer = session.labels()[predictions.label(0)];
    } catch (const weft::Error& error) {  // is told to who asked; the thread goes on
      requests[i].answer = std::string("error: ") + error.what();
    }
  }
}

void run(const char* plan, int thread_count) {
  std::vector<Request> requests;
  for (std::string line; std::getline(std::cin, line);) requests.push_back({line});

  // One thread a session: requests are side by side already.
  const weft::Session first = weft::Session::load(plan, {.threads = 1});
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < thread_count; ++i) {
    threads.emplace_back(serve, first.sibling(), std::ref(requests), std::ref(next));
  }
  for (std::thread& thread : threads) thread.join();
  for (const Request& request : requests) std::printf("%s\n", request.answer.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 || std::atoi(argv[2]) < 1) {
    std::fprintf(stderr, "usage: server PLAN THREADS < lines.txt\n");
    return 2;
  }
  try {
    run(argv[1], std::atoi(argv[2]));
    return 0;
  } catch (const weft::Error& error) {
    std::fprintf(stderr, "server: %s\n", error.what());
    return 1;
  }
}
