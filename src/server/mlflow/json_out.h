#pragma once
// Answers written by appending, in the form that MLflow's own server gives: fields under their
// proto names, integers as numbers, unset fields left out, NaN and infinities as texts.
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include "serving/json_text.h"

namespace quern::server::mlflow {

/// A double as protobuf's JSON has it: shortest form, "NaN", "Infinity", "-Infinity" in quotes.
inline void AppendDouble(std::string* out, double value) {
  if (std::isfinite(value)) return serving::AppendJsonNumber(out, value);
  out->append(std::isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
}

/// One JSON object: `{` when made, `}` when it ends. Fields come in the order of the calls.
class ObjectOut {
 public:
  explicit ObjectOut(std::string* out) : out_(out) { out_->push_back('{'); }
  ~ObjectOut() { out_->push_back('}'); }
  ObjectOut(const ObjectOut&) = delete;
  ObjectOut& operator=(const ObjectOut&) = delete;

  /// Writes the name, which needs no escapes; the caller appends the value to what it returns.
  std::string* Name(std::string_view name) {
    if (first_) {
      out_->append(1, '"');
    } else {
      out_->append(",\"", 2);
    }
    first_ = false;
    out_->append(name).append("\":", 2);
    return out_;
  }
  /// The same of a name that comes from a user.
  std::string* AnyName(std::string_view name) {
    Comma();
    serving::AppendJsonText(out_, name);
    out_->push_back(':');
    return out_;
  }
  void Text(std::string_view name, std::string_view value) {
    serving::AppendJsonText(Name(name), value);
  }
  /// Left out if it is "".
  void TextIfSet(std::string_view name, std::string_view value) {
    if (!value.empty()) Text(name, value);
  }
  void Int(std::string_view name, int64_t value) { serving::AppendJsonInt(Name(name), value); }
  void Number(std::string_view name, double value) { AppendDouble(Name(name), value); }
  void Flag(std::string_view name, bool value) { Name(name)->append(value ? "true" : "false"); }
  /// `[…]` with `item(const T&)` per item, which appends it; left out if there is none.
  template <class List, class Item>
  void ListIfAny(std::string_view name, const List& list, Item item) {
    if (list.empty()) return;
    Name(name)->push_back('[');
    bool first = true;
    for (const auto& entry : list) {
      if (!first) out_->push_back(',');
      first = false;
      item(entry);
    }
    out_->push_back(']');
  }
  /// `[{"key": …, "value": …}]` of a map; left out if it is empty.
  template <class Map>
  void PairsIfAny(std::string_view name, const Map& pairs) {
    ListIfAny(name, pairs, [this](const auto& pair) {
      ObjectOut object(out_);
      object.Text("key", pair.first);
      object.Text("value", pair.second);
    });
  }

 private:
  void Comma() {
    if (!first_) out_->push_back(',');
    first_ = false;
  }
  std::string* out_;
  bool first_ = true;
};

}  // namespace quern::server::mlflow
