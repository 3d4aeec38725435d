#include "runtime/plan/place.h"

namespace omap {

std::string Place::text() const {
  if (!around_) return "the plan";
  std::string path = "`";
  append_to(path);
  return path + "`";
}

void Place::append_to(std::string& path) const {
  if (!around_) return;
  around_->append_to(path);
  if (name_.empty()) {
    path += "[" + std::to_string(number_) + "]";
  } else {
    if (around_->around_) path += ".";
    path += name_;
  }
}

}  // namespace omap
