// Rows of a frozen encoder: made by program @encode, read by @train and @head in the place of
// texts.
#include <fmt/format.h>

#include <algorithm>

#include "runtime/batch_program.h"
#include "runtime/session_model.h"

namespace weft {

void Session::bind_rows() {
  const auto bind = [&](const Graph& graph) {
    return std::make_unique<BatchProgram>(graph, model_->memory, plan(), threads());
  };
  encode_ = bind(*plan().program(programs::kEncode));
  const Graph* const head = plan().program(programs::kHead);
  const bool reads_rows = head != nullptr && has_input(*head, programs::kRows);
  if (reads_rows) head_ = bind(*head);
}

Session::RowSize Session::row_size() const {
  if (encode_ == nullptr) return {};
  const TensorType& type = encode_->executor().graph().find_value(programs::kRows)->type;
  const std::int64_t width = type.shape[1].value;
  const bool of_tokens = type.shape[0].symbol == programs::kTokens;
  return of_tokens ? RowSize{0, width} : RowSize{width, 0};
}

// Appends the rows of the texts that have been put into the encoder.
void Session::run_encoder(std::vector<float>& rows) {
  if (encode_->examples() == 0) return;
  encode_->run();
  const std::span<const float> made = encode_->executor().result(programs::kRows).f32();
  rows.insert(rows.end(), made.begin(), made.end());
  encode_->clear();
}

void Session::encode(const PackedIds& texts, std::vector<float>& rows) {
  if (encode_ == nullptr) {
    throw Error("the plan has no frozen encoder whose rows could be stored",
                "ask row_size() first, of a session that trains");
  }
  rows.clear();
  encode_->clear();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const TextIds text = text_ids(texts, i);
    if (!encode_->fits(text.ids.size())) run_encoder(rows);
    encode_->add_checked(text);
  }
  run_encoder(rows);
}

// Puts the rows where a program reads them that has been given the texts.
void Session::put_rows(BatchProgram& reader, std::span<const float> rows) const {
  const std::int64_t expected = row_size().of(reader.examples(), reader.tokens());
  if (expected != static_cast<std::int64_t>(rows.size())) {
    throw Error(fmt::format("the rows are {} numbers, but those of {} texts with {} words are {}",
                            rows.size(), reader.examples(), reader.tokens(), expected),
                "give what encode() gave for the same texts");
  }
  std::ranges::copy(rows, reader.rows().begin());
}

void Session::predict_rows(const PackedIds& texts, std::span<const float> rows, Predictions& out) {
  if (head_ == nullptr) throw Error("the plan has no program that predicts from rows");
  flush();
  out.clear();
  head_->clear();
  std::size_t done = 0;
  const auto run = [&] {
    const auto count = static_cast<std::size_t>(row_size().of(head_->examples(), head_->tokens()));
    put_rows(*head_, rows.subspan(done, std::min(count, rows.size() - done)));
    done += count;
    run_chunk(*head_, out);
  };
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const TextIds text = text_ids(texts, i);
    if (!head_->fits(text.ids.size())) run();
    head_->add_checked(text);
  }
  run();
}

}  // namespace weft
