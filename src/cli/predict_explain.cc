#include "cli/predict_explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <vector>

#include "base/text.h"
#include "server/http/explanation_text.h"
#include "server/http/tensor_text.h"
#include "server/mlflow/invocations.h"
#include "serving/explain.h"
#include "serving/model_loader.h"
#include "serving/row_mixer.h"

namespace quern::cli {
namespace {

constexpr size_t kBarCells = 24;

std::string ElementText(const model::TensorView& tensor, size_t element) {
  if (tensor.type == model::DataType::kBytes) {
    const std::string text(tensor.values<std::string_view>()[element]);
    return text.empty() ? "missing" : text;
  }
  std::string text;
  server::AppendElement(&text, tensor, element);
  return text == "null" ? "missing" : text;
}

/// As long as the contribution is strong; `strongest` fills the place. Eighths of a cell count.
std::string Bar(double contribution, double strongest) {
  static constexpr const char* kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  if (!(strongest > 0)) return "";
  const double cells = std::abs(contribution) / strongest * kBarCells;
  const auto eighths = static_cast<size_t>(std::lround(cells * 8));
  std::string bar;
  for (size_t i = 0; i < eighths / 8; ++i) bar += "█";
  return bar + kEighths[eighths % 8];
}

std::string Signed(double value) { return fmt::format("{:+.4f}", value); }

/// One row as a head line and a line per reason.
void PrintRow(const serving::Explanation& explained, size_t row, size_t number,
              const Context& context) {
  const serving::RowExplanation& one = explained.rows[row];
  const serving::ServedModel& served = *explained.model;
  std::string head = fmt::format("row {}", number);
  if (explained.labels != nullptr) {
    head += ": prediction " + ElementText(*explained.labels, row);
  }
  head += fmt::format(", score {:.4f}", one.score);
  if (one.class_index && served.signature()) {
    head += " of class " + served.signature()->classes[*one.class_index];
  }
  context.PrintLine(
      context.Paint("bold", head + fmt::format(", on average {:.4f}", one.base_value)));
  const serving::TableCells cells(served, explained.inputs);
  std::vector<std::vector<std::string>> lines;
  size_t name_width = 0;
  size_t value_width = 0;
  for (const serving::Reason& reason : one.reasons) {
    lines.push_back({serving::ColumnName(served, reason.column),
                     ElementText(explained.inputs.views[cells.Input(reason.column)],
                                 cells.Element(row, reason.column))});
    name_width = std::max(name_width, lines.back()[0].size());
    value_width = std::max(value_width, lines.back()[1].size());
  }
  const double strongest = one.reasons.empty() ? 0 : std::abs(one.reasons[0].contribution);
  for (size_t i = 0; i < lines.size(); ++i) {
    const serving::Reason& reason = one.reasons[i];
    const char* colour = reason.contribution < 0 ? "blue" : "red";
    std::string line = fmt::format("  {:<{}}  {:>{}}  {}", lines[i][0], name_width, lines[i][1],
                                   value_width, Signed(reason.contribution));
    if (reason.standard_error > 0) line += fmt::format(" ± {:.4f}", reason.standard_error);
    context.PrintLine(line + "  " + context.Paint(colour, Bar(reason.contribution, strongest)));
  }
  if (one.rest_columns > 0) {
    const std::string others =
        fmt::format("{} other{}", one.rest_columns, one.rest_columns == 1 ? "" : "s");
    context.PrintLine(
        fmt::format("  {:<{}}  {}", others, name_width + value_width + 2, Signed(one.rest)));
  }
}

/// The package as a server would load it.
Result<serving::ServedModelPtr> LoadServed(const std::string& dir, Context& context) {
  const std::string name = BaseName(dir);
  QUERN_ASSIGN(serving::LoadedModel loaded,
               serving::LoadModel({name, "1", dir}, context.clock.NowMs(), context.fs));
  if (!loaded.example.empty()) {
    QUERN_TRY(server::mlflow::KeepExample(loaded.example, loaded.served));
  }
  return std::make_shared<const serving::ServedModel>(std::move(loaded.served));
}

}  // namespace

void AddExplainOptions(Verb verb, ExplainArgs& args) {
  const Option explain =
      verb.AddFlag("--explain", args.wanted,
                   "Say which columns speak for each answer, and how much (Shapley values)");
  verb.AddOption("--top", args.top, "With --explain: columns that are listed, strongest first")
      .Needs(explain)
      .ShowDefault();
  verb.AddOption("--evaluations", args.evaluations,
                 "With --explain: scores that one row may take; more are more exact")
      .Needs(explain)
      .ShowDefault();
  verb.AddOption("--scale", args.scale, "With --explain: what contributions add up to")
      .Needs(explain)
      .OneOf({"score", "log_odds"})
      .ShowDefault();
}

Status ExplainRows(const std::string& dir, const Frame& rows, const ExplainArgs& args,
                   const std::string& output, Context& context) {
  QUERN_ASSIGN(const serving::ServedModelPtr served, LoadServed(dir, context));
  const serving::Parameter parameters[] = {
      {"top", static_cast<int64_t>(args.top)},
      {"max_evaluations", static_cast<int64_t>(args.evaluations)},
      {"scale", std::string_view(args.scale)}};
  QUERN_ASSIGN(const serving::ExplainOptions options, serving::ReadExplainOptions(parameters));
  const size_t block = std::max<size_t>(
      1,
      std::min(serving::kMaxExplainedRows, serving::kMaxAllEvaluations / options.max_evaluations));
  const bool machine = context.json || !output.empty();
  std::string json;
  for (size_t first = 0; first < rows.rows(); first += block) {
    std::vector<uint32_t> some;
    for (size_t row = first; row < std::min(rows.rows(), first + block); ++row) {
      some.push_back(static_cast<uint32_t>(row));
    }
    const Frame part = rows.Take(some);
    Arena arena;
    serving::InferenceCall call;
    call.inputs = serving::TensorsOf(part, arena);
    call.columns_only = true;
    QUERN_ASSIGN(const serving::Explanation explained,
                 serving::Explain(served, call, options, arena));
    if (json.empty()) json.append("{\"background\":\"").append(server::BackgroundName(explained));
    json.append("\",\"explanations\":[");
    for (size_t row = 0; row < some.size(); ++row) {
      if (!machine) {
        PrintRow(explained, row, first + row + 1, context);
        continue;
      }
      if (first + row > 0) json += ',';
      server::AppendRowExplanation(&json, explained, row);
    }
  }
  json += "]}";
  if (output.empty() || output == "-") {
    if (machine) context.PrintLine(json);
    return {};
  }
  QUERN_TRY(context.fs.WriteAtomic(output, json + "\n"));
  if (!context.json) {
    context.PrintLine(fmt::format("{} explanations in {}", rows.rows(), output));
  } else {
    context.PrintJson(json::object{{"rows", rows.rows()}, {"path", output}});
  }
  return {};
}

}  // namespace quern::cli
