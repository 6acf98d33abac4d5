#pragma once
// One tensor of a JSON request: shape checked against data, values by datatype. Internal to oip/.
#include <boost/json.hpp>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace quern::server::oip {

struct Tensor {
  std::string name;
  std::string datatype;
  std::vector<size_t> shape;
  /// Row-major; borrowed from the document.
  std::vector<const json::value*> values;
};

/// Elements of one tensor; more is refused before anything is allocated for them.
inline constexpr size_t kMaxElements = size_t{1} << 28;

/// Reads `{"name", "shape", "datatype", "data"}`; further keys are ignored, as the protocol lets
/// clients add them, except those that announce binary data.
Result<Tensor> ReadTensor(const json::value& value);

/// A JSON value as the datatype has it: in range, whole where integers are asked for.
struct Element {
  enum class Kind { kMissing, kNumber, kText } kind = Kind::kMissing;
  double number = 0;
  std::string_view text;
};
Result<Element> ReadElement(const Tensor& tensor, size_t index);

}  // namespace quern::server::oip
