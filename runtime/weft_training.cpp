// The C interface: steps of training on texts, pairs of texts and ids.
#include <cmath>

#include "runtime/session.h"
#include "runtime/weft.h"
#include "runtime/weft_session.h"

using weft::c::fail;
using weft::c::guarded;
using weft::c::Request;

namespace {

// `offsets`: of the labels; null: each text has one.
weft_status train_step(weft_session* session, const Request& request, const int32_t* labels,
                       const int64_t* offsets, double learning_rate, double* loss) {
  return guarded([&] {
    if (request.count() == 0) {
      return fail(WEFT_BAD_ARGUMENT, "a training step needs at least one text");
    }
    weft::PackedLabels packed{{labels, request.count()}};
    if (offsets != nullptr) {
      const weft_status status = weft::c::check_offsets(offsets, request.count(), "labels");
      if (status != WEFT_OK) return status;
      packed.offsets = {offsets, request.count() + 1};
      packed.labels = {labels, static_cast<size_t>(packed.offsets.back())};
    }
    const bool labelled = labels != nullptr || (offsets != nullptr && packed.labels.empty());
    if (!labelled) return fail(WEFT_BAD_ARGUMENT, "there are no labels");
    double before = 0;
    const weft_status status = request.give(session, [&](const auto& texts) {
      before = session->session.train_step(texts, packed, learning_rate);
    });
    if (status != WEFT_OK) return status;
    if (loss != nullptr) *loss = before;
    if (std::isfinite(before)) return WEFT_OK;
    return fail(
        WEFT_FAILED,
        "training diverged: the loss is no finite number; load the last plan that was saved "
        "and train it at a lower learning rate");
  });
}

// Where the caller must give offsets.
weft_status train_step_labels(weft_session* session, const Request& request, const int32_t* labels,
                              const int64_t* offsets, double learning_rate, double* loss) {
  if (offsets == nullptr) return fail(WEFT_BAD_ARGUMENT, "there are no offsets of labels");
  return train_step(session, request, labels, offsets, learning_rate, loss);
}

}  // namespace

weft_status weft_train_step(weft_session* session, const char* const* texts, const size_t* lengths,
                            size_t count, const int32_t* labels, double learning_rate,
                            double* loss) {
  return train_step(session, {{texts, lengths}, count}, labels, nullptr, learning_rate, loss);
}

weft_status weft_train_step_pairs(weft_session* session, const char* const* texts,
                                  const size_t* lengths, const char* const* pairs,
                                  const size_t* pair_lengths, size_t count, const int32_t* labels,
                                  double learning_rate, double* loss) {
  return train_step(session, {{texts, lengths}, {pairs, pair_lengths}, count}, labels, nullptr,
                    learning_rate, loss);
}

weft_status weft_train_step_ids(weft_session* session, const int32_t* ids, const int32_t* types,
                                const int64_t* offsets, size_t count, const int32_t* labels,
                                double learning_rate, double* loss) {
  return train_step(session, {ids, types, offsets, count}, labels, nullptr, learning_rate, loss);
}

weft_status weft_train_step_labels(weft_session* session, const char* const* texts,
                                   const size_t* lengths, size_t count, const int32_t* labels,
                                   const int64_t* label_offsets, double learning_rate,
                                   double* loss) {
  return train_step_labels(session, {{texts, lengths}, count}, labels, label_offsets, learning_rate,
                           loss);
}

weft_status weft_train_step_labels_pairs(weft_session* session, const char* const* texts,
                                         const size_t* lengths, const char* const* pairs,
                                         const size_t* pair_lengths, size_t count,
                                         const int32_t* labels, const int64_t* label_offsets,
                                         double learning_rate, double* loss) {
  return train_step_labels(session, {{texts, lengths}, {pairs, pair_lengths}, count}, labels,
                           label_offsets, learning_rate, loss);
}

weft_status weft_train_step_labels_ids(weft_session* session, const int32_t* ids,
                                       const int32_t* types, const int64_t* offsets, size_t count,
                                       const int32_t* labels, const int64_t* label_offsets,
                                       double learning_rate, double* loss) {
  return train_step_labels(session, {ids, types, offsets, count}, labels, label_offsets,
                           learning_rate, loss);
}
