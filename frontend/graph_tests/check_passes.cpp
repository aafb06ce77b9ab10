// One comparison for each pass: by the general rule, or by that of the pass.
#include "frontend/graph_tests/check_passes.h"

#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <optional>
#include <utility>

#include "frontend/graph_tests/gradient_form.h"
#include "frontend/graph_tests/pass_rules.h"
#include "frontend/graph_tests/random_values.h"
#include "frontend/graph_tests/tensor_difference.h"
#include "ir/plan/program_interface.h"
#include "ir/print.h"
#include "passes/load_program.h"

namespace weft {
namespace {

using Clock = std::chrono::steady_clock;

// Exact but for dropout, it says.
constexpr std::string_view kDrawsAnew = "sink-pick";

class Checker {
 public:
  Checker(const Graph& graph, const Bindings& given, const PassCheckLimits& limits)
      : limits_(limits) {
    check_.graph = graph;
    check_.given = complete(graph, given);
  }

  PassCheck run(std::span<const Pass* const> passes) && {
    for (const Pass* pass : passes) {
      Graph after;
      try {
        PassContext context{nullptr, limits_.tables};
        after = run_passes(check_.graph, {&pass, 1}, context);
      } catch (const Error& error) {
        check_.refused = error.what();
        break;
      }
      check_.failure = failure_of(*pass, after);
      check_.graph = std::move(after);
      if (!check_.failure.empty()) return std::move(check_);
      check_.given = complete(check_.graph, check_.given);
    }
    if (!late_.empty()) {
      check_.notes.push_back(fmt::format("for time, these passes were not compared: {}", late_));
    }
    return std::move(check_);
  }

 private:
  bool in_time() const {
    return std::chrono::duration<double>(Clock::now() - start_).count() < limits_.seconds;
  }

  std::string failure_of(const Pass& pass, const Graph& after) {
    if (print(after) == print(check_.graph)) return {};
    if (!in_time()) {
      late_ += fmt::format("{}{}", late_.empty() ? "" : ", ", pass.name);
      forget();
      return {};
    }
    check_.compared.push_back(pass.name);
    if (!values_) values_ = observe(check_.graph, check_.given);
    const auto named = [&](const std::string& what) {
      if (what.empty()) return what;
      return fmt::format("pass `{}` changed program @{}: {}", pass.name, check_.graph.name, what);
    };
    const PassRule* const rule = pass.rewrites ? nullptr : find_pass_rule(pass.name);
    if (rule != nullptr) {
      const std::function<bool()> in_time = [this] { return this->in_time(); };
      const PassChange change{check_.graph, after, check_.given, *values_, in_time, check_.notes};
      const std::string differs = rule->check(change);
      forget();
      return named(differs);
    }
    if (pass.name == kDrawsAnew) return named(difference_without_dropout(after));
    Bindings values = observe(after, check_.given);
    const std::string differs =
        pass.rewrites ? any_difference(values, *values_) : first_difference(values, *values_);
    if (!differs.empty()) return named(differs);
    values_ = std::move(values);
    return named(gradient_difference(check_.graph, after));
  }

  // For a pass that moves dropout to other elements, which draw other numbers.
  std::string difference_without_dropout(const Graph& moved) {
    const Graph before = without_dropout(check_.graph), after = without_dropout(moved);
    forget();
    std::string differs =
        any_difference(observe(after, check_.given), observe(before, check_.given));
    if (differs.empty()) differs = gradient_difference(before, after);
    forget();
    return differs;
  }

  void forget() {
    values_.reset();
    gradients_.reset();
  }

  // Both graphs differentiated, by the results of which both have gradients.
  std::string gradient_difference(const Graph& before, const Graph& after) {
    const ResultNames names = differentiable_results(after);
    ResultNames both = differentiable_results(before);
    std::erase_if(both, [&](const std::string& name) { return !names.contains(name); });
    if (both.empty() || !in_time()) return {};
    if (!gradients_ || gradients_->results != both) gradients_ = gradients(before, both);
    Gradients found = gradients(after, both);
    std::string differs;
    for (const auto& [name, tensor] : gradients_->values) {  // what is gone is 0
      if (!differs.empty()) break;
      differs = difference_text(name, found.values.try_emplace(name, tensor.shape).first->second,
                                tensor, kPassTolerance);
    }
    gradients_ = std::move(found);
    return differs;
  }

  struct Gradients {
    ResultNames results;  // that take part
    Bindings values;
  };

  Gradients gradients(const Graph& graph, const ResultNames& results) const {
    const std::optional<Graph> form = gradient_form(graph, results);
    if (!form) return {results, {}};
    Bindings all = observe(*form, check_.given);
    std::erase_if(all,
                  [](const auto& entry) { return !entry.first.ends_with(programs::kGradient); });
    return {results, std::move(all)};
  }

  PassCheckLimits limits_;
  Clock::time_point start_ = Clock::now();
  PassCheck check_;
  std::string late_;                    // passes that were not compared
  std::optional<Bindings> values_;      // of check_.graph
  std::optional<Gradients> gradients_;  // the same
};

}  // namespace

bool has_check(const Pass& pass) { return pass.rewrites || find_pass_rule(pass.name) != nullptr; }

PassCheck check_passes(const Graph& graph, std::span<const Pass* const> passes,
                       const Bindings& given, const PassCheckLimits& limits) {
  return Checker(graph, given, limits).run(passes);
}

PassCheck check_load_split(const Graph& predict, const Bindings& given) {
  PassCheck check;
  LoadSplit split = split_load_program(predict);
  check.graph = std::move(split.predict);
  check.given = given;
  if (split.load) {
    Bindings room = given;
    for (const Write& write : split.load->writes) {
      const Value& state = (*split.load)[write.target];
      room[state.name] = Tensor(bound_shape(state, {}));
    }
    overlay(check.given, observe(*split.load, room));
  }
  const std::string differs =
      any_difference(observe(check.graph, check.given), observe(predict, given));
  if (!differs.empty()) {
    check.failure = fmt::format("the cut into @load and @{} changed {}", predict.name, differs);
  }
  return check;
}

}  // namespace weft
