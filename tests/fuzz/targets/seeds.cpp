// Writes what the fuzz targets begin with: files that weft reads, made from the tests' fixtures.
//   weft_fuzz_seeds FOLDER      FOLDER/TARGET/NAME for each target
#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/description/starters.h"
#include "frontend/pretrained/config.h"
#include "frontend/pretrained/safetensors.h"
#include "frontend/pretrained/tokenizer_files.h"
#include "frontend/train/checkpoint.h"
#include "ir/file.h"
#include "ir/print.h"
#include "tests/support/plan_fixture.h"
#include "tests/support/small_model.h"
#include "tests/support/subword_model.h"

namespace weft {
namespace {

namespace fs = std::filesystem;

class Seeds {
 public:
  explicit Seeds(fs::path folder) : folder_(std::move(folder)) {}

  fs::path path(const std::string& target, const std::string& name) const {
    fs::create_directories(folder_ / target);
    return folder_ / target / name;
  }
  void put(const std::string& target, const std::string& name, std::string_view content) const {
    std::ofstream(path(target, name), std::ios::binary) << content;
  }

 private:
  fs::path folder_;
};

// `small_model.h`, smaller: a change of any byte is then more often one of a field.
constexpr std::string_view kTinyModel =
    "model tiny\ntext tokenizer=whitespace max_tokens=6 vocabulary=8\n"
    "x = embedding(text, width=4)\n"
    "logits = concat(x | max_pool, x | mean_pool) | linear(labels)\noutput softmax(logits)\n"
    "train sgd(rate=0.01) batch=4 epochs=1\n";

void write_plans(const Seeds& seeds) {
  const auto put = [&](const std::string& name, const Plan& plan) {
    save_plan(plan, seeds.path("plan_fuzz", name));
    for (const Graph& graph : plan.programs) {
      seeds.put("ir_fuzz", fmt::format("{}-{}", name, graph.name), print(graph));
    }
    TrainState state;
    state.best_epoch = 1;
    state.best_score = 0.5;
    state.history = {{1, 2, 0.1, 0.2, {}, false}};
    state.step = 3;
    state.seen = 4;
    state.best = plan;
    save_checkpoint(seeds.path("checkpoint_fuzz", name), {"model", "data", "valid", "settings"}, 1,
                    plan, state);
  };
  put("example", example_plan());
  put("tiny", test::small_plan(kTinyModel));
  put("ngrams", test::small_plan(kTinyModel, {"text.tokenizer=ngrams", "text.buckets=9"}));
  put("windows", test::small_plan(kTinyModel, {"text.long=windows", "max_tokens=3", "max_windows=2",
                                               "overlap=1"}));
}

void write_texts(const Seeds& seeds) {
  const fs::path source(WEFT_SOURCE_DIR);
  for (const auto& entry : fs::directory_iterator(source / "tests/passes")) {
    seeds.put("ir_fuzz", entry.path().filename(), read_text_file(entry.path()));
  }
  for (const auto& entry : fs::directory_iterator(source / "tests/models")) {
    seeds.put("description_fuzz", entry.path().filename(), read_text_file(entry.path()));
  }
  seeds.put("description_fuzz", "tiny", kTinyModel);
  seeds.put("tokenizers_fuzz", "mixed",
            "The the 电影 films\t[SEP]a  aaaa<|end|>\xEF\xB7\xBA e\xCC\x81 \xFF\xE4\xB8 x’s 12,5");
}

void write_fasttext(const Seeds& seeds) {
  for (const auto& entry : fs::directory_iterator(fs::path(WEFT_SOURCE_DIR) / "tests/fasttext")) {
    const auto extension = entry.path().extension();
    if (extension != ".bin" && extension != ".ftz") continue;
    seeds.put("fasttext_model_fuzz", entry.path().filename(), read_text_file(entry.path()));
  }
}

void write_onnx(const Seeds& seeds) {
  for (const auto& entry : fs::directory_iterator(fs::path(WEFT_SOURCE_DIR) / "tests/onnx")) {
    if (entry.path().extension() != ".onnx") continue;
    seeds.put("onnx_fuzz", entry.path().filename(), read_text_file(entry.path()));
  }
}

void write_data(const Seeds& seeds) {
  const auto put = [&](const std::string& format, std::string_view content) {
    for (const int options : {0, 1, 8, 21}) {
      seeds.put("data_" + format + "_fuzz",
                std::to_string(options) + std::to_string(content.size()),
                static_cast<char>(options) + std::string(content));
    }
  };
  put("tsv", "label\ttext\npos\tgood, really\nneg\tbad\n");
  put("tsv", "a\tone\tx\r\nb\t\"two\n");
  put("csv", "\xEF\xBB\xBFtext,label\r\n\"good, \"\"really\",pos\r\nbad,neg\r\n");
  put("csv", "id;label;text\n1;a;'one\ntwo'\n2;b;x\\;y\n");
  put("jsonl",
      "{\"label\": \"pos\", \"text\": \"good \\u00e9\\ud83d\"}\n{\"text\": \"bad\", "
      "\"label\": [\"neg\", 3], \"n\": {\"m\": null}}\n");
  put("jsonl",
      "[{\"review\": {\"text\": \"a\"}, 'class': NaN},\n {\"label\": true, \"text\": 1e9}]");
  put("fasttext", "__label__pos __label__b good, really\r\n\r\n__label__neg  bad \r\n");
}

void write_vectors(const Seeds& seeds) {
  const std::string rows = "the 0.5 -1.25 3e-3\nParis 1 2 3\ncaf\xC3\xA9 4 5 6\n";
  seeds.put("vectors_fuzz", "text", rows);
  seeds.put("vectors_fuzz", "headed", "3 3\n" + rows);
  const std::vector<float> row{0.5F, -1.25F, 3e-3F};
  const std::string numbers(reinterpret_cast<const char*>(row.data()), row.size() * sizeof(float));
  seeds.put("vectors_fuzz", "binary", "2 3\nthe " + numbers + "\nParis " + numbers + "\n");
  seeds.put("vectors_fuzz", "fasttext",
            read_text_file(fs::path(WEFT_SOURCE_DIR) / "tests/vectors/fasttext.bin"));
}

// The files of the folder, one after another, as tokenizer_files_fuzz reads them.
void put_folder(const Seeds& seeds, const std::string& name, const fs::path& folder,
                bool with_json) {
  std::string all;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string file = entry.path().filename();
    if (file == "tokenizer.json" && !with_json) continue;
    all += "@ " + file + "\n" + read_text_file(entry.path());
    if (!all.ends_with('\n')) all += '\n';
  }
  seeds.put("tokenizer_files_fuzz", name, all);
}

void write_pretrained(const Seeds& seeds) {
  const fs::path folder = seeds.path("tokenizer_files_fuzz", "../folder");
  for (const auto& [name, model] :
       {std::pair{"wordpiece", test::small_wordpiece({"film", "##s", "中"})},
        std::pair{"byte_bpe", test::small_byte_bpe({{" ", "a"}, {"\xE4", "\xB8"}})}}) {
    fs::create_directories(folder);
    write_tokenizer(folder, model.text, model.view(), 99);
    put_folder(seeds, name, folder, true);
    put_folder(seeds, std::string(name) + "-plain", folder, false);
    fs::remove_all(folder);
  }
  for (const char* family : {"bert", "roberta", "distilbert", "gpt2"}) {
    PretrainedConfig config;
    config.family = family;
    config.layers = 1, config.width = 8, config.heads = 2, config.inner = 16;
    config.positions = 16, config.vocabulary = 50, config.epsilon = 1e-5;
    config.types = std::string_view(family) == "bert" ? 2 : 0;
    config.labels = {"a", "b"};
    seeds.put("config_fuzz", family, to_json(config));
  }
  write_safetensors(seeds.path("safetensors_fuzz", "two"),
                    {{"a", {2, 3}, [](std::span<float> into) { std::ranges::fill(into, 1.5F); }},
                     {"b.c", {1}, [](std::span<float> into) { into[0] = 0; }}});
  const std::string header =
      R"({"__metadata__":{"a":"b"},"h":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},)"
      R"("i":{"dtype":"BF16","shape":[1,1],"data_offsets":[4,6]}})";
  const std::uint64_t size = header.size();
  seeds.put("safetensors_fuzz", "halves",
            std::string(reinterpret_cast<const char*>(&size), sizeof size) + header + "abcdef");
}

}  // namespace
}  // namespace weft

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const weft::Seeds seeds(argv[1]);
  weft::write_plans(seeds);
  weft::write_texts(seeds);
  weft::write_fasttext(seeds);
  weft::write_onnx(seeds);
  weft::write_data(seeds);
  weft::write_vectors(seeds);
  weft::write_pretrained(seeds);
}
