// One key beside the others of the settings, which stay as they are.
#include "frontend/train/held_out.h"

#include <nlohmann/json.hpp>

namespace weft {
namespace {

constexpr const char* kKey = "valid_fraction";

nlohmann::json settings_of(const Plan& plan) {
  auto json = nlohmann::json::parse(plan.settings, nullptr, /*allow_exceptions=*/false);
  return json.is_object() ? json : nlohmann::json::object();
}

}  // namespace

double held_out_share(const Plan& plan) {
  const nlohmann::json json = settings_of(plan);
  const auto at = json.find(kKey);
  if (at == json.end() || !at->is_number()) return 0;
  const auto share = at->get<double>();
  return share > 0 && share < 1 ? share : 0;
}

void set_held_out_share(Plan& plan, double share) {
  if (share == held_out_share(plan)) return;
  nlohmann::json json = settings_of(plan);
  json.erase(kKey);
  if (share > 0) json[kKey] = share;
  plan.settings = json.dump();
}

}  // namespace weft
