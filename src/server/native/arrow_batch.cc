#include "server/native/arrow_batch.h"

#include <cmath>
#include <optional>
#include <string>
#include <string_view>

#include "base/text.h"

namespace quern::server::native {
namespace {

constexpr char kKnown[] = "the columns are run_id, key, value, timestamp and perhaps step";

bool IsText(ArrowType type) {
  return type == NANOARROW_TYPE_STRING || type == NANOARROW_TYPE_LARGE_STRING ||
         type == NANOARROW_TYPE_STRING_VIEW;
}

bool IsInteger(ArrowType type) {
  switch (type) {
    case NANOARROW_TYPE_INT8:
    case NANOARROW_TYPE_INT16:
    case NANOARROW_TYPE_INT32:
    case NANOARROW_TYPE_INT64:
    case NANOARROW_TYPE_UINT8:
    case NANOARROW_TYPE_UINT16:
    case NANOARROW_TYPE_UINT32:
      return true;
    default:
      return false;
  }
}

bool IsNumber(ArrowType type) {
  return IsInteger(type) || type == NANOARROW_TYPE_UINT64 || type == NANOARROW_TYPE_HALF_FLOAT ||
         type == NANOARROW_TYPE_FLOAT || type == NANOARROW_TYPE_DOUBLE;
}

std::unexpected<Error> WrongType(std::string_view name, const char* wanted) {
  return Fail(Code::kInvalidArgument,
              "the Arrow column '" + std::string(name) + "' does not hold " + wanted, kKnown);
}

/// The type of a column; of a dictionary-encoded one that of its values.
Result<ArrowSchemaView> TypeOf(const ArrowSchema& field) {
  ArrowError error{};
  ArrowSchemaView view{};
  const ArrowSchema& typed = field.dictionary == nullptr ? field : *field.dictionary;
  if (ArrowSchemaViewInit(&view, &typed, &error) != NANOARROW_OK) {
    return Fail(Code::kInvalidArgument, std::string("an Arrow column: ") + error.message);
  }
  return view;
}

/// Texts of one column, plain or by a dictionary.
class Texts {
 public:
  explicit Texts(const ArrowArrayView& column) : column_(column) {}

  /// Nothing for a null, and for an index that its dictionary lacks.
  std::optional<std::string_view> At(int64_t row) const {
    if (ArrowArrayViewIsNull(&column_, row) != 0) return std::nullopt;
    const ArrowArrayView* dictionary = column_.dictionary;
    if (dictionary == nullptr) return Text(column_, row);
    const int64_t index = ArrowArrayViewGetIntUnsafe(&column_, row);
    if (index < 0 || index >= dictionary->length) return std::nullopt;
    if (ArrowArrayViewIsNull(dictionary, index) != 0) return std::nullopt;
    return Text(*dictionary, index);
  }

 private:
  static std::string_view Text(const ArrowArrayView& column, int64_t row) {
    const ArrowStringView text = ArrowArrayViewGetStringUnsafe(&column, row);
    return {text.data, static_cast<size_t>(text.size_bytes)};
  }
  const ArrowArrayView& column_;
};

/// Rounded down: a moment before 1970 stays before it.
int64_t Milliseconds(int64_t time, ArrowTimeUnit unit) {
  const auto floor = [&](int64_t parts) { return time / parts - (time % parts < 0 ? 1 : 0); };
  switch (unit) {
    case NANOARROW_TIME_UNIT_SECOND: {
      int64_t milliseconds = 0;
      return __builtin_mul_overflow(time, int64_t{1000}, &milliseconds) ? -1 : milliseconds;
    }
    case NANOARROW_TIME_UNIT_MICRO:
      return floor(1000);
    case NANOARROW_TIME_UNIT_NANO:
      return floor(1'000'000);
    default:
      return time;
  }
}

}  // namespace

Result<ArrowColumns> ArrowColumns::Of(const ArrowSchema& schema) {
  ArrowColumns columns;
  for (int64_t i = 0; i < schema.n_children; ++i) {
    const ArrowSchema& field = *schema.children[i];
    const std::string_view name = field.name == nullptr ? "" : field.name;
    QUERN_ASSIGN(const ArrowSchemaView view, TypeOf(field));
    const bool plain = field.dictionary == nullptr;
    int64_t* column = nullptr;
    if (name == "run_id" || name == "key") {
      column = name == "key" ? &columns.key : &columns.run_id;
      if (!IsText(view.type)) return WrongType(name, "texts");
    } else if (name == "value") {
      column = &columns.value;
      if (!plain || !IsNumber(view.type)) return WrongType(name, "numbers");
    } else if (name == "step") {
      column = &columns.step;
      if (!plain || !IsInteger(view.type)) return WrongType(name, "integers");
    } else if (name == "timestamp") {
      column = &columns.timestamp;
      const bool times = view.type == NANOARROW_TYPE_TIMESTAMP;
      if (!plain || (!times && !IsInteger(view.type))) {
        return WrongType(name, "integers or timestamps");
      }
      if (times) columns.unit = view.time_unit;
    } else {
      std::string shown(name);
      if (FindInvalidUtf8(shown)) shown = "?";
      return Fail(Code::kInvalidArgument, "unknown Arrow column '" + shown + "'", kKnown);
    }
    if (*column >= 0) {
      return Fail(Code::kInvalidArgument,
                  "the Arrow column '" + std::string(name) + "' is there twice", kKnown);
    }
    *column = i;
  }
  const char* missing = columns.run_id < 0      ? "run_id"
                        : columns.key < 0       ? "key"
                        : columns.value < 0     ? "value"
                        : columns.timestamp < 0 ? "timestamp"
                                                : nullptr;
  if (missing == nullptr) return columns;
  return Fail(Code::kInvalidArgument, std::string("the Arrow column '") + missing + "' is missing",
              kKnown);
}

Status AddBatch(const ArrowArrayView& batch, const ArrowColumns& columns, int64_t first,
                tracking::BulkLog& log) {
  const Texts runs(*batch.children[columns.run_id]), keys(*batch.children[columns.key]);
  const ArrowArrayView* values = batch.children[columns.value];
  const ArrowArrayView* times = batch.children[columns.timestamp];
  const ArrowArrayView* steps = columns.step < 0 ? nullptr : batch.children[columns.step];
  for (int64_t i = 0; i < batch.length; ++i) {
    const auto run = runs.At(i), key = keys.At(i);
    if (!run || !key || ArrowArrayViewIsNull(times, i) != 0) {
      log.Refuse(first + i, std::string(!run   ? "'run_id'"
                                        : !key ? "'key'"
                                               : "'timestamp'") +
                                " is null");
      continue;
    }
    if (FindInvalidUtf8(*run) || FindInvalidUtf8(*key)) {
      log.Refuse(first + i, "'run_id' or 'key' is not UTF-8");
      continue;
    }
    tracking::Point point;
    point.time_ms = Milliseconds(ArrowArrayViewGetIntUnsafe(times, i), columns.unit);
    point.value = ArrowArrayViewIsNull(values, i) != 0 ? std::nan("")
                                                       : ArrowArrayViewGetDoubleUnsafe(values, i);
    if (steps != nullptr && ArrowArrayViewIsNull(steps, i) == 0) {
      point.step = ArrowArrayViewGetIntUnsafe(steps, i);
    }
    QUERN_TRY(log.Metric(first + i, *run, *key, point));
  }
  return {};
}

}  // namespace quern::server::native
