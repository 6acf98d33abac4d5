#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <memory>

#include "base/text.h"
#include "cli/command.h"
#include "cli/plain_file.h"
#include "data/profile.h"
#include "data/suggest.h"
#include "design/charter.h"
#include "expr/expr.h"
#include "model/signature.h"
#include "table/session.h"
#include "training/dataset.h"

namespace quern::cli {
namespace {

struct InitArgs {
  std::string dir;
  std::string data;
  std::string target;
  std::string task;                  // empty: inferred from the labels
  std::string positive;              // empty: inferred
  std::vector<std::string> missing;  // empty: the usual markers
};

/// A YAML scalar that reads back as the same text.
std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string CharterYaml() {
  std::string out =
      "design:\n  # Questions a team answers in an hour; the project runs before they are "
      "answered.\n";
  for (const auto& question : design::CharterQuestions()) {
    out += fmt::format("  {}: \"\"  # {}\n", question.key, question.question);
  }
  out +=
      "  # roles: {data engineer: , data scientist: , ML engineer: }\n"
      "  # requirements:\n"
      "  #   - {id: fast, text: Answers at once, require: serving.p99_ms <= 50}\n";
  return out;
}

/// Goals that a first model must beat: better than chance, to be raised by the team.
std::string GoalsYaml(ml::Task task) {
  switch (task) {
    case ml::Task::kBinary:
      return "  key_metrics:\n    - {metric: roc_auc, at_least: 0.6}  # raise it: what is good "
             "enough?\n";
    case ml::Task::kMulticlass:
      return "  key_metrics:\n    - {metric: balanced_accuracy, at_least: 0.4}  # raise it\n";
    case ml::Task::kRegression:
      return "  key_metrics:\n    - {metric: r2, at_least: 0.1}  # raise it\n";
  }
  return "";
}

std::string TrainingYaml(ml::Task task, size_t smallest_class) {
  const std::string linear = task == ml::Task::kRegression ? "linear" : "logistic";
  // As many folds as the rarest class allows.
  const size_t folds =
      task == ml::Task::kRegression ? 5 : std::clamp<size_t>(smallest_class / 2, 2, 5);
  return fmt::format(
      "training:\n"
      "  seed: 1\n"
      "  split: {{test: 0.2{}}}\n"
      "  cross_validation: {{folds: {}, repeats: 1}}\n"
      "  models:\n"
      "    dummy: {{}}\n"
      "    {}: {{}}\n"
      "    random_forest: {{}}\n"
      "    gradient_boosting: {{tune: {{max_depth: 2..6, learning_rate: log(0.02..0.3), "
      "n_estimators: 20..150}}}}\n"
      "  tune: {{sampler: tpe, trials: 12}}\n",
      task == ml::Task::kRegression ? "" : ", stratify: true", folds, linear);
}

std::string ColumnsYaml(const data::ColumnDecls& columns) {
  std::string out = "  columns:\n";
  for (const auto& column : columns) {
    out += fmt::format("    {}: {{type: {}}}\n", Quoted(column.name),
                       data::ColumnTypeName(column.type));
  }
  return out;
}

std::string Indent(const std::string& text, const std::string& by) {
  std::string out;
  for (std::string_view line : Split(text, '\n')) {
    if (!line.empty()) out += by + std::string(line) + "\n";
  }
  return out;
}

/// A column's name stands for the column, whatever characters it has.
std::string TargetExpression(const std::string& target, const Frame& rows) {
  if (rows.Find(target) == nullptr) return target;
  const auto tree = expr::Parse(target, {"--target", 1, 1});
  const auto columns = tree ? expr::Columns(*tree) : std::vector<expr::ColumnRef>();
  return columns.size() == 1 && columns[0].name == target ? target : table::QuoteName(target);
}

data::SourceSpec SourceOf(const InitArgs& args) {
  data::SourceSpec source = data::SourceOfFile(args.data);
  if (args.missing.empty()) return source;
  source.missing = args.missing;
  source.missing->emplace_back();  // an empty cell is missing whatever else is
  return source;
}

/// The entry of data.sources for the copy of the file.
std::string SourceYaml(const data::SourceSpec& source) {
  std::string out = fmt::format("{}: {}", data::SourceKindName(source.kind),
                                Quoted("data/" + BaseName(source.path)));
  if (!source.missing) return out;
  std::vector<std::string> markers;
  for (const std::string& marker : *source.missing) markers.push_back(Quoted(marker));
  return out + ", missing: [" + Join(markers, ", ") + "]";
}

std::string TargetYaml(const InitArgs& args, const std::string& expression, ml::Task task) {
  std::string out =
      fmt::format("name: target, expr: {}, task: {}", Quoted(expression), model::TaskName(task));
  if (!args.positive.empty()) out += ", positive: " + Quoted(args.positive);
  return out;
}

/// What the labels turned out to be, for the person who named them.
std::string Described(const ml::Target& target) {
  switch (target.task) {
    case ml::Task::kBinary:
      return "2 classes, positive is " + target.classes.back();
    case ml::Task::kMulticlass:
      return fmt::format("{} classes", target.classes.size());
    case ml::Task::kRegression:
      return "a number is predicted";
  }
  return "";
}

Status CheckFolder(const std::string& dir, Fs& fs) {
  const auto info = fs.Stat(dir);
  if (!info) return {};
  if (!info->is_dir)
    return Fail(Code::kAlreadyExists, "'" + dir + "' is a file", "name a new folder");
  QUERN_ASSIGN(const auto names, fs.List(dir));
  if (names.empty()) return {};
  return Fail(Code::kAlreadyExists, "'" + dir + "' is not empty: it holds " + names.front(),
              "name a new or empty folder");
}

Status Init(const InitArgs& args, Context& context) {
  QUERN_TRY(CheckFolder(args.dir, context.fs));
  const data::SourceSpec source = SourceOf(args);
  QUERN_ASSIGN(const PlainFile file, OpenPlainFile(source, context.fs));
  QUERN_ASSIGN(const Frame rows, file.Read());
  const Position where{"--target", 1, 1};
  const std::string expression = TargetExpression(args.target, rows);
  QUERN_ASSIGN(const expr::Expr tree, expr::Parse(expression, where));
  QUERN_ASSIGN(const Column labels, expr::Evaluate(tree, rows, "target"));
  QUERN_ASSIGN(const ml::Target target, training::MakeTarget(labels, args.task, args.positive));
  size_t smallest = target.rows();
  for (size_t c = 0; c < target.classes.size(); ++c) {
    smallest = std::min(
        smallest, static_cast<size_t>(std::count(target.index.begin(), target.index.end(), c)));
  }
  QUERN_ASSIGN(const auto session, table::Session::Open());
  data::ProfileOptions options;
  for (const auto& column : file.result.columns) {
    QUERN_ASSIGN(const auto type, data::ParseProfileType(data::ColumnTypeName(column.type)));
    options.types.emplace_back(column.name, type);
  }
  QUERN_ASSIGN(const auto profile, data::ProfileTable(*session, file.TableSql(), options));
  // What init proposes is a guess until a person accepts it: nothing it infers stops the first run.
  std::vector<data::Suggestion> suggestions = data::SuggestExpectations(profile);
  for (auto& suggestion : suggestions) suggestion.expectation.severity = data::Severity::kWarn;

  const std::string name =
      BaseName(args.dir.ends_with("/") ? args.dir.substr(0, args.dir.size() - 1) : args.dir);
  std::string yaml = "# " + name + ": written by quern init; every line is yours to change.\n";
  yaml += "project: " + Quoted(name) + "\n\n" + CharterYaml() + GoalsYaml(target.task) + "\n";
  yaml += "data:\n  sources:\n    main: {" + SourceYaml(source) + "}\n";
  yaml += "  target: {" + TargetYaml(args, expression, target.task) + "}\n";
  yaml += ColumnsYaml(file.result.columns);
  yaml += "  # Inferred from the file; accept, change or remove each.\n";
  yaml += Indent(data::SuggestionsYaml(suggestions), "  ") + "\n";
  yaml +=
      "features:\n  numeric: {impute: median, scale: standard}\n"
      "  categorical: {impute: most_frequent, encode: one_hot}\n\n";
  yaml += TrainingYaml(target.task, smallest);
  QUERN_TRY(context.fs.Copy(args.data, JoinPath(args.dir, "data/" + BaseName(args.data))));
  QUERN_TRY(context.fs.WriteAtomic(JoinPath(args.dir, ".gitignore"), ".quern/\n"));
  QUERN_TRY(context.fs.WriteAtomic(JoinPath(args.dir, "quern.yaml"), yaml));
  if (context.json) {
    context.PrintJson(json::object{
        {"project", args.dir}, {"rows", file.result.rows}, {"classes", target.classes.size()}});
    return {};
  }
  context.PrintLine(fmt::format("{}: {} rows, {} columns, {}", args.dir, file.result.rows,
                                file.result.columns.size(), Described(target)));
  context.PrintLine("next: quern run " + args.dir);
  return {};
}

}  // namespace

void AddInit(Verb app, Context& context) {
  auto args = std::make_shared<InitArgs>();
  Verb verb = app.AddVerb("init", "Make a project from a table: it runs at once");
  verb.AddOption("dir", args->dir, "New or empty folder").Required();
  verb.AddOption("--data", args->data, "CSV or Parquet file to learn from").Required();
  verb.AddOption("--target", args->target,
                 "What to predict: a column, or an expression such as \"num > 0\"")
      .Required();
  verb.AddOption("--task", args->task,
                 "What kind of prediction; inferred from the labels if absent")
      .OneOf({"binary", "multiclass", "regression"});
  verb.AddOption("--positive", args->positive,
                 "The class a binary model gives the probability of, such as 1 or yes");
  verb.AddOption("--missing", args->missing,
                 "A text that stands for a missing value, such as -9 (may be repeated); without it "
                 "the usual ones, such as ? and NA")
      .OneEachTime();
  AddJsonFlag(verb, context);
  verb.Footer(
      "Example:\n  quern init heart --data cleveland.csv --target \"num > 0\" && quern run heart");
  verb.OnGiven([args, &context] {
    context.action = [args, &context] {
      const Status status = Init(*args, context);
      return status ? 0 : context.Complain(status.error());
    };
  });
}

}  // namespace quern::cli
