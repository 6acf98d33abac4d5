#pragma once
// The numbered SQL files of store/migrations/, embedded in the program in their order. Forward
// only: a released file never changes, a change of schema is a new file.
#include <span>
#include <string_view>

namespace quern::store {

struct Migration {
  std::string_view name;  // "0001_life_cycle"
  std::string_view sql;
};
std::span<const Migration> Migrations();

}  // namespace quern::store
