// The C interface: a plan on labelled texts, measured and calibrated.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "frontend/c/labelled_texts.h"
#include "frontend/c/weft_frontend.h"
#include "frontend/train/calibrate.h"
#include "frontend/train/evaluate.h"
#include "runtime/weft_session.h"

using weft::c::fail;
using weft::c::guarded;

namespace {

using Labelled = weft::c::LabelledTexts<int32_t>;

// Error unless the plan has the labels, none of them twice.
void check_labels(std::span<const int32_t> labels, size_t text, size_t known) {
  for (size_t k = 0; k < labels.size(); ++k) {
    if (labels[k] < 0 || static_cast<size_t>(labels[k]) >= known) {
      throw weft::Error(
          fmt::format("there is no label {}: the plan has {}, numbered from 0", labels[k], known));
    }
    if (std::ranges::find(labels.first(k), labels[k]) == labels.first(k).end()) continue;
    throw weft::Error(fmt::format("texts[{}] has the label {} twice", text, labels[k]));
  }
}

// The texts `rows` of those given, as the plan reads them.
weft::Dataset encoded(const weft::Session& session, const Labelled& given,
                      std::span<const std::uint32_t> rows) {
  weft::Dataset data{weft::LabelSpace(session.labels())};
  weft::TokenBuffer buffer;
  std::vector<std::int32_t> ids, types;
  for (const size_t i : rows) {
    session.encode_text(given.input(i), buffer, ids, types);
    data.ids.insert(data.ids.end(), ids.begin(), ids.end());
    data.types.insert(data.types.end(), types.begin(), types.end());
    data.offsets.push_back(static_cast<std::int64_t>(data.ids.size()));
    const auto labels = given.labels_of(i);
    check_labels(labels, i, session.labels().size());
    data.labels.insert(data.labels.end(), labels.begin(), labels.end());
    data.label_offsets.push_back(static_cast<std::int64_t>(data.labels.size()));
  }
  return data;
}

std::vector<std::uint32_t> all_rows(size_t count) {
  std::vector<std::uint32_t> rows(count);
  for (size_t i = 0; i < count; ++i) rows[i] = static_cast<std::uint32_t>(i);
  return rows;
}

}  // namespace

weft_status weft_evaluate(weft_session* session, const char* const* texts, const size_t* lengths,
                          const char* const* pairs, const size_t* pair_lengths, size_t count,
                          const int32_t* labels, const int64_t* label_offsets, double* accuracy,
                          double* macro_f1, double* loss) {
  return guarded([&] {
    if (session == nullptr) return fail(WEFT_BAD_ARGUMENT, "there is no session");
    const Labelled given{{texts, lengths}, {pairs, pair_lengths}, count, labels, label_offsets};
    const weft_status status = given.check();
    if (status != WEFT_OK) return status;
    if (count == 0) throw weft::Error("there is no text to measure the plan by");
    const weft::Dataset data = encoded(session->session, given, all_rows(count));
    const weft::Evaluation found =
        weft::evaluate(session->session, data, session->session.plan().threshold);
    if (accuracy != nullptr) *accuracy = found.metrics.accuracy;
    if (macro_f1 != nullptr) *macro_f1 = found.metrics.macro.f1;
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    if (loss != nullptr) *loss = found.loss.value_or(kNone);
    return WEFT_OK;
  });
}

weft_status weft_calibrate(weft_session* session, const char* const* texts, const size_t* lengths,
                           const char* const* pairs, const size_t* pair_lengths, size_t count,
                           const int32_t* labels, const int64_t* label_offsets,
                           double* temperature) {
  return guarded([&] {
    if (session == nullptr) return fail(WEFT_BAD_ARGUMENT, "there is no session");
    const Labelled given{{texts, lengths}, {pairs, pair_lengths}, count, labels, label_offsets};
    const weft_status status = given.check();
    if (status != WEFT_OK) return status;
    if (count == 0) throw weft::Error("there is no text to calibrate the plan by");
    weft::Session& plan = session->session;
    const auto rows = weft::calibration_rows(count, plan.labels().size());
    const weft::AnsweredLogits answers = weft::answer(plan, encoded(plan, given, rows));
    const weft::Calibration found = weft::calibrate(answers, plan.plan().temperature);
    weft::expect_fit(answers, found);
    plan.set_temperature(found.temperature);
    if (temperature != nullptr) *temperature = found.temperature;
    return WEFT_OK;
  });
}
