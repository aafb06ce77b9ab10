// A profile as a page: bars of what takes the time, and of how near it is to the limit.
#pragma once

#include <string>

#include "frontend/report/page.h"
#include "frontend/report/profile.h"

namespace weft {

// `title`: of the plan.
std::string profile_page(const Profile&, const std::string& title, const Origin&);

}  // namespace weft
