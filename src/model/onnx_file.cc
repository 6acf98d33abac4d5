#include "model/onnx_file.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <map>

#include "base/text.h"
#include "onnx/onnx-ml.pb.h"

namespace quern::model {
namespace {

constexpr size_t kMostBytes = std::numeric_limits<int>::max();  // of a protobuf message

/// Where a tensor lies: entries of its external_data, as IR version 4 defines them.
struct Place {
  std::string location;
  size_t offset = 0;
  std::optional<size_t> length;  // without one: up to the file's end
};

std::optional<Place> ReadPlace(const onnx::TensorProto& tensor) {
  Place place;
  for (const onnx::StringStringEntryProto& entry : tensor.external_data()) {
    if (entry.key() == "location") place.location = entry.value();
    if (entry.key() != "offset" && entry.key() != "length") continue;
    size_t number = 0;
    const char* end = entry.value().data() + entry.value().size();
    const auto [stop, error] = std::from_chars(entry.value().data(), end, number);
    if (error != std::errc() || stop != end) return std::nullopt;
    if (entry.key() == "offset") {
      place.offset = number;
    } else {
      place.length = number;
    }
  }
  return place;
}

/// Puts into a model what lies in files of its folder.
class Gatherer {
 public:
  Gatherer(const std::string& path, size_t size, Fs& fs) : path_(path), total_(size), fs_(fs) {}

  Status Graph(onnx::GraphProto& graph) {
    for (onnx::TensorProto& tensor : *graph.mutable_initializer()) QUERN_TRY(Tensor(tensor));
    for (onnx::SparseTensorProto& sparse : *graph.mutable_sparse_initializer()) {
      QUERN_TRY(Sparse(sparse));
    }
    return Nodes(*graph.mutable_node());
  }

  Status Nodes(google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes) {
    for (onnx::NodeProto& node : nodes) {
      for (onnx::AttributeProto& attribute : *node.mutable_attribute()) {
        QUERN_TRY(Attribute(attribute));
      }
    }
    return {};
  }

 private:
  Status Attribute(onnx::AttributeProto& attribute) {
    if (attribute.has_t()) QUERN_TRY(Tensor(*attribute.mutable_t()));
    if (attribute.has_g()) QUERN_TRY(Graph(*attribute.mutable_g()));
    if (attribute.has_sparse_tensor()) QUERN_TRY(Sparse(*attribute.mutable_sparse_tensor()));
    for (onnx::TensorProto& tensor : *attribute.mutable_tensors()) QUERN_TRY(Tensor(tensor));
    for (onnx::GraphProto& graph : *attribute.mutable_graphs()) QUERN_TRY(Graph(graph));
    for (onnx::SparseTensorProto& sparse : *attribute.mutable_sparse_tensors()) {
      QUERN_TRY(Sparse(sparse));
    }
    return {};
  }

  Status Sparse(onnx::SparseTensorProto& sparse) {
    QUERN_TRY(Tensor(*sparse.mutable_values()));
    return Tensor(*sparse.mutable_indices());
  }

  Status Tensor(onnx::TensorProto& tensor) {
    if (tensor.data_location() != onnx::TensorProto::EXTERNAL) return {};
    const std::optional<Place> place = ReadPlace(tensor);
    if (!place || !StaysBelow(place->location)) {
      return Refuse(tensor, fmt::format("has no valid place: location '{}'",
                                        place ? place->location : std::string()));
    }
    QUERN_ASSIGN(const std::string* file, File(tensor, place->location));
    const size_t left = file->size() - std::min(place->offset, file->size());
    const size_t length = place->length.value_or(left);
    if (place->offset > file->size() || length > left) {
      return Refuse(tensor, fmt::format("is said to be {} bytes at {} of '{}', which has {}",
                                        length, place->offset, place->location, file->size()));
    }
    if (length > kMostBytes - std::min(total_, kMostBytes)) {
      return Refuse(tensor, "makes the model larger than 2 GB");
    }
    total_ += length;
    tensor.set_raw_data(file->substr(place->offset, length));
    tensor.clear_external_data();
    tensor.clear_data_location();
    return {};
  }

  Result<const std::string*> File(const onnx::TensorProto& tensor, const std::string& location) {
    const auto known = files_.find(location);
    if (known != files_.end()) return &known->second;
    auto read = fs_.Read(JoinPath(DirName(path_), location));
    if (!read) {
      return std::unexpected(Refuse(tensor, fmt::format("lies in '{}', which cannot be read: {}",
                                                        location, read.error().message))
                                 .error());
    }
    return &files_.emplace(location, std::move(*read)).first->second;
  }

  Status Refuse(const onnx::TensorProto& tensor, const std::string& why) const {
    return Fail(Code::kInvalidArgument,
                fmt::format("the tensor '{}' of '{}' {}", tensor.name(), path_, why),
                "keep the exporter's files together, or export into one file (torch.onnx.export "
                "with external_data=False, onnx.save_model)");
  }

  const std::string& path_;
  size_t total_;  // bytes of the model so far
  Fs& fs_;
  std::map<std::string, std::string> files_;  // that were read, by location
};

}  // namespace

Result<std::string> ReadOnnxFile(const std::string& path, Fs& fs) {
  QUERN_ASSIGN(std::string bytes, fs.Read(path));
  // Every external tensor has an entry of this name: most models need not be parsed for it.
  if (bytes.find("location") == std::string::npos || bytes.size() > kMostBytes) return bytes;
  onnx::ModelProto model;
  // What is no model is told apart, with a better message, by who loads it.
  if (!model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return bytes;
  Gatherer gatherer(path, bytes.size(), fs);
  QUERN_TRY(gatherer.Graph(*model.mutable_graph()));
  for (onnx::FunctionProto& function : *model.mutable_functions()) {
    QUERN_TRY(gatherer.Nodes(*function.mutable_node()));
  }
  return model.SerializeAsString();
}

bool StaysBelow(std::string_view path) {
  if (path.empty() || path.front() == '/') return false;
  for (std::string_view part : Split(path, '/')) {
    if (part == "..") return false;
  }
  return true;
}

}  // namespace quern::model
