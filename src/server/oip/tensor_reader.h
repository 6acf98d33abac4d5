#pragma once
// The values of one tensor, from JSON or from packed bytes, into the arena. Internal to oip/.
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/result.h"
#include "model/tensor.h"
#include "server/http/json_cursor.h"

namespace quern::server::oip {

/// Elements of one tensor; more is refused before anything is allocated for them.
inline constexpr size_t kMaxElements = size_t{1} << 28;

/// A tensor of which everything but the values is known.
struct TensorHead {
  std::string_view name;
  model::DataType type = model::DataType::kFp64;
  std::span<const int64_t> shape;
  size_t elements = 0;
};

/// Checks the dimensions and sets `elements`. kInvalidArgument: none, negative, too many elements.
Status CheckShape(std::string_view name, std::span<const int64_t> shape, size_t* elements);

/// Reads the list at the cursor, nested as the shape says or flat. NaN, Infinity and null are
/// values of floating point; null in a tensor of integers makes it one of FP64, with NaN there;
/// null is the empty text. true and false are 1 and 0. kInvalidArgument naming the element.
Result<model::TensorView> ReadJsonData(const TensorHead& head, JsonCursor& cursor, Arena& arena);

/// Reads packed little-endian values: all of `bytes`. They are used where they lie if they are
/// aligned. kInvalidArgument if there are more or fewer than the shape says.
Result<model::TensorView> ReadBinaryData(const TensorHead& head, std::string_view bytes,
                                         Arena& arena);

/// The texts of a tensor of BYTES, decoded. kInvalidArgument naming the element.
Status DecodeBase64(std::string_view name, model::TensorView& tensor, Arena& arena);

/// kInvalidArgument "input 'x': what".
std::unexpected<Error> BadTensor(std::string_view name, std::string what);

}  // namespace quern::server::oip
