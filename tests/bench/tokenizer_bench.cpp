// How many tokens a second a pretrained model's tokenizer makes of the lines of a file, on one
// thread: weft_bench_tokenizer FOLDER FILE.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <string_view>

#include "frontend/pretrained/tokenizer_files.h"
#include "ir/diagnostic.h"
#include "ir/file.h"
#include "runtime/text/tokenizers.h"

namespace weft {
namespace {

// Of this thread's work: others may have the machine too.
double seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

int run(const char* folder, const char* file) {
  TokenizerFiles files = read_tokenizer(folder);
  files.text.max_tokens = 1 << 20;
  const double before = seconds();
  const auto encoder = make_encoder(files.text, files.vocabulary());
  std::printf("made in %.1f ms\n", 1000 * (seconds() - before));
  const std::string text = read_text_file(file);
  TokenBuffer buffer;
  std::vector<std::int32_t> ids;
  std::vector<TextSpan> spans;
  for (const bool with_spans : {false, true}) {
    double best = 1e9;
    std::size_t tokens = 0;
    for (int round = 0; round < 20; ++round) {
      tokens = 0;
      const double start = seconds();
      for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        ids.clear();
        spans.clear();
        const TextInput line{std::string_view(text).substr(begin, end - begin)};
        tokens += encoder->encode(line, buffer, {ids, with_spans ? &spans : nullptr});
        begin = end + 1;
      }
      best = std::min(best, seconds() - start);
    }
    std::printf("%zu tokens, %s places: %.2f million a second, %.1f MB/s\n", tokens,
                with_spans ? "with" : "without", static_cast<double>(tokens) / best / 1e6,
                static_cast<double>(text.size()) / best / 1e6);
  }
  return 0;
}

}  // namespace
}  // namespace weft

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: weft_bench_tokenizer FOLDER FILE\n");
    return 2;
  }
  try {
    return weft::run(argv[1], argv[2]);
  } catch (const weft::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
