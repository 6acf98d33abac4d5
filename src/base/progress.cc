#include "base/progress.h"

namespace quern {

void Progress::Update(size_t, size_t, std::string_view) {}
void Progress::Note(std::string_view) {}

Progress& NoProgress() {
  static Progress none;
  return none;
}

}  // namespace quern
