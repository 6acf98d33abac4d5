// quern predict and quern evaluate: the model and training rooms on plain files.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <memory>

#include "base/text.h"
#include "cli/command.h"
#include "cli/places.h"
#include "cli/plain_file.h"
#include "cli/predict_explain.h"
#include "cli/project_state.h"
#include "cli/trusted_keys.h"
#include "ml/metrics.h"
#include "model/scorer.h"
#include "pipeline/workspace.h"
#include "registry/signature.h"
#include "training/dataset.h"
#include "training/evaluate.h"

namespace quern::cli {
namespace {

struct PredictArgs {
  std::string model;
  std::string file;
  std::string output;
  std::string root = ".";
  std::vector<std::string> verify_keys;
  ExplainArgs explain;
};

std::string CsvField(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string out = "\"";
  for (char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

Result<std::string> PackageDir(const PredictArgs& args, Context& context) {
  const std::string state = StateFolder(args.root, context.fs);
  QUERN_ASSIGN(const signing::Trust trust, RequiredTrust(state, args.verify_keys, context.fs));
  if (context.fs.Exists(JoinPath(args.model, "model.onnx"))) {
    QUERN_TRY(trust.Admit(args.model, "", context.fs));
    return args.model;
  }
  QUERN_ASSIGN(const auto options, OptionsFor(state, context));
  QUERN_ASSIGN(const auto workspace,
               pipeline::Workspace::Open(state, options, context.fs, context.clock));
  QUERN_ASSIGN(const auto version, workspace->registry().Resolve(args.model));
  QUERN_ASSIGN(std::string folder, workspace->PackageFolder(version));
  QUERN_TRY(trust.Admit(folder, registry::SignatureOf(version), context.fs));
  return folder;
}

std::string ScoresCsv(const model::Signature& signature, const ml::Scores& scores) {
  std::string out;
  if (!signature.classifies()) {
    out = "prediction\n";
    for (double value : scores.predictions) out += ShortestDouble(value) + "\n";
    return out;
  }
  out = "prediction";
  for (const std::string& name : signature.classes) out += "," + CsvField("score_" + name);
  out += "\n";
  for (size_t row = 0; row < scores.labels.size(); ++row) {
    out += CsvField(signature.classes[scores.labels[row]]);
    for (size_t c = 0; c < scores.classes; ++c) {
      out += "," + ShortestDouble(scores.probabilities[row * scores.classes + c]);
    }
    out += "\n";
  }
  return out;
}

Status Predict(const PredictArgs& args, Context& context) {
  QUERN_ASSIGN(const std::string dir, PackageDir(args, context));
  QUERN_ASSIGN(const auto scorer, model::Scorer::Load(dir, context.fs));
  data::ColumnDecls like;
  for (const auto& input : scorer->signature().inputs) {
    like.push_back({input.name,
                    input.is_text ? data::ColumnType::kText : data::ColumnType::kNumber,
                    input.is_text ? "VARCHAR" : "DOUBLE",
                    {}});
  }
  QUERN_ASSIGN(const PlainFile file, OpenPlainFile(args.file, context.fs, like));
  if (file.result.rejected > 0) {
    return Fail(
        Code::kInvalidArgument,
        fmt::format("{}:{}: {}", args.file, file.result.rejects.front().line,
                    file.result.rejects.front().reason),
        "every row must be readable, so that predictions stand beside the rows of the file");
  }
  QUERN_ASSIGN(const Frame rows, file.Read());
  if (args.explain.wanted) return ExplainRows(dir, rows, args.explain, args.output, context);
  QUERN_ASSIGN(const ml::Scores scores, scorer->Score(rows));
  const std::string csv = ScoresCsv(scorer->signature(), scores);
  if (args.output.empty() || args.output == "-") {
    context.Print(csv);
    return {};
  }
  QUERN_TRY(context.fs.WriteAtomic(args.output, csv));
  if (context.json) {
    context.PrintJson(json::object{{"rows", rows.rows()}, {"path", args.output}});
  } else {
    context.PrintLine(fmt::format("{} predictions in {}", rows.rows(), args.output));
  }
  return {};
}

struct EvaluateArgs {
  std::string file;
  std::string task = "binary";
  std::string positive;
  double threshold = 0.5;
  size_t resamples = 1000;
  uint64_t seed = 0;
};

std::string CellText(const Column& column, size_t row) {
  return column.is_text ? column.texts[row] : ShortestDouble(column.numbers[row]);
}

/// Labels that a file predicts, as class indices.
Status ReadPredicted(const Column& predicted, const ml::Target& target, ml::Scores& scores) {
  for (size_t row = 0; row < predicted.size(); ++row) {
    const std::string text = CellText(predicted, row);
    const auto found = std::find(target.classes.begin(), target.classes.end(), text);
    if (found == target.classes.end()) {
      return Fail(Code::kInvalidArgument,
                  fmt::format("row {}: prediction '{}' is not a class of label", row + 1, text),
                  "the classes are " + Join(target.classes, ", "));
    }
    scores.labels.push_back(static_cast<uint32_t>(found - target.classes.begin()));
  }
  return {};
}

Result<ml::Scores> ReadScores(const Frame& rows, const ml::Target& target,
                              const EvaluateArgs& args) {
  ml::Scores scores;
  const Column* predicted = rows.Find("prediction");
  if (target.task == ml::Task::kRegression) {
    if (predicted == nullptr || predicted->is_text) {
      return Fail(Code::kInvalidArgument, "no column of numbers called 'prediction'");
    }
    for (size_t row = 0; row < predicted->size(); ++row) {
      if (predicted->Missing(row)) {
        return Fail(Code::kInvalidArgument, fmt::format("row {}: no prediction", row + 1));
      }
    }
    scores.predictions = predicted->numbers;
    return scores;
  }
  scores.classes = target.classes.size();
  std::vector<const Column*> columns;
  for (const std::string& name : target.classes) columns.push_back(rows.Find("score_" + name));
  const Column* single = rows.Find("score");
  columns.push_back(single);
  for (const Column* column : columns) {
    if (column == nullptr || !column->is_text) continue;
    return Fail(Code::kInvalidArgument, "column '" + column->name + "' holds text, not numbers",
                "a score is a probability: a number from 0 to 1");
  }
  columns.pop_back();
  const bool all =
      std::all_of(columns.begin(), columns.end(), [](const Column* c) { return c != nullptr; });
  if (!all && !(target.task == ml::Task::kBinary && single != nullptr)) {
    return Fail(
        Code::kInvalidArgument,
        "no scores: the file needs a column score_CLASS for each of " + Join(target.classes, ", "),
        target.task == ml::Task::kBinary
            ? "or one column 'score': the probability of the positive class"
            : "");
  }
  for (size_t row = 0; row < rows.rows(); ++row) {
    for (size_t c = 0; c < scores.classes; ++c) {
      const double value = all ? columns[c]->numbers[row]
                               : (c == 1 ? single->numbers[row] : 1 - single->numbers[row]);
      if (!(value >= 0 && value <= 1)) {
        return Fail(Code::kInvalidArgument,
                    fmt::format("row {}: score {} is not a probability", row + 1,
                                ShortestDouble(all ? value : single->numbers[row])));
      }
      scores.probabilities.push_back(value);
    }
  }
  if (predicted != nullptr) {
    QUERN_TRY(ReadPredicted(*predicted, target, scores));
    return scores;
  }
  for (size_t row = 0; row < rows.rows(); ++row) {
    const double* first = &scores.probabilities[row * scores.classes];
    scores.labels.push_back(
        target.task == ml::Task::kBinary
            ? (first[1] >= args.threshold ? 1u : 0u)
            : static_cast<uint32_t>(std::max_element(first, first + scores.classes) - first));
  }
  return scores;
}

Status EvaluateRows(const Frame& rows, const EvaluateArgs& args, Context& context) {
  const Column* labels = rows.Find("label");
  if (labels == nullptr) {
    return Fail(Code::kInvalidArgument, "no column 'label'",
                "columns: label, prediction, and score or score_CLASS");
  }
  QUERN_ASSIGN(const ml::Target target, training::MakeTarget(*labels, args.task, args.positive));
  QUERN_ASSIGN(const ml::Scores scores, ReadScores(rows, target, args));
  QUERN_ASSIGN(const auto metrics,
               training::MetricIntervals(target, scores, args.resamples, args.seed));
  if (context.json) {
    json::object record{{"rows", target.rows()},
                        {"task", args.task},
                        {"metrics", training::MetricsRecord(metrics)}};
    training::AddCurves(target, scores, record);
    context.PrintJson(record);
    return {};
  }
  std::vector<std::vector<std::string>> table{{"metric", "value", "low", "high"}};
  for (const auto& info : ml::Metrics()) {
    const auto found = metrics.find(info.name);
    if (found == metrics.end()) continue;
    table.push_back({info.name, fmt::format("{:.4f}", found->second.value),
                     fmt::format("{:.4f}", found->second.low),
                     fmt::format("{:.4f}", found->second.high)});
  }
  context.Print(FormatTable(table));
  return {};
}

Status Evaluate(const EvaluateArgs& args, Context& context) {
  QUERN_ASSIGN(const PlainFile file, OpenPlainFile(args.file, context.fs));
  QUERN_ASSIGN(const Frame rows, file.Read());
  Status done = EvaluateRows(rows, args, context);
  // Whatever is wrong is wrong with this file.
  if (!done && done.error().where.file.empty()) done.error().where.file = args.file;
  return done;
}

}  // namespace

void AddPredict(Verb app, Context& context) {
  auto args = std::make_shared<PredictArgs>();
  Verb verb = app.AddVerb("predict", "Score the rows of a file by a packaged model");
  verb.AddOption("model", args->model, "Package folder, or NAME@alias, NAME/3 of the registry")
      .Required();
  verb.AddOption("file", args->file, "CSV or Parquet file with the model's raw columns").Required();
  verb.AddOption("-o,--output", args->output,
                 "CSV file to write, with --explain JSON (default: standard output)");
  AddExplainOptions(verb, args->explain);
  verb.AddOption("--root", args->root, "Project folder whose registry names the model")
      .ShowDefault();
  AddVerifyKey(verb, args->verify_keys);
  AddJsonFlag(verb, context);
  verb.OnGiven([args, &context] {
    context.action = [args, &context] {
      const Status status = Predict(*args, context);
      return status ? 0 : context.Complain(status.error());
    };
  });
}

void AddEvaluate(Verb app, Context& context) {
  auto args = std::make_shared<EvaluateArgs>();
  Verb verb = app.AddVerb("evaluate", "Every metric, with intervals, of a file of predictions");
  verb.AddOption("file", args->file, "CSV or Parquet with label, prediction, score or score_CLASS")
      .Required();
  verb.AddOption("--task", args->task, "What was predicted")
      .OneOf({"binary", "multiclass", "regression"})
      .ShowDefault();
  verb.AddOption("--positive", args->positive,
                 "The positive class (default: 1, true, yes, else the larger)");
  verb.AddOption("--threshold", args->threshold,
                 "Decides the class where there is no prediction column")
      .ShowDefault();
  verb.AddOption("--resamples", args->resamples, "Bootstrap resamples").ShowDefault();
  verb.AddOption("--seed", args->seed, "Seed of the bootstrap").ShowDefault();
  AddJsonFlag(verb, context);
  verb.OnGiven([args, &context] {
    context.action = [args, &context] {
      const Status status = Evaluate(*args, context);
      return status ? 0 : context.Complain(status.error());
    };
  });
}

}  // namespace quern::cli
