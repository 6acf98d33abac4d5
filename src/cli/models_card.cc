// quern models card and compare: what a version is, and how it differs from another.
#include "cli/models_card.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <memory>

#include "base/json_read.h"
#include "base/text.h"
#include "cli/state_verb.h"
#include "registry/card.h"
#include "registry/compare.h"

namespace quern::cli {
namespace {

struct CardArgs : StateArgs {
  std::string other;
  std::string format = "md";
  std::string output;
};

Result<registry::Dossier> Read(pipeline::Workspace& workspace, const std::string& reference) {
  if (workspace.server() != nullptr) {
    return Fail(Code::kFailedPrecondition, "the registry is at " + workspace.server()->url(),
                "ask it: GET /api/2.0/quern/models/NAME/versions/3/card, or /NAME/compare?a=1&b=2");
  }
  QUERN_ASSIGN(const auto version, workspace.registry().Resolve(reference));
  return registry::ReadDossier(workspace.database(), workspace.dir(), workspace.fs(), version.name,
                               version.version);
}

Status ShowCard(pipeline::Workspace& workspace, const CardArgs& args, Context& context) {
  QUERN_ASSIGN(const auto dossier, Read(workspace, args.what));
  const json::value card = registry::CardJson(dossier);
  std::string format = context.json ? "json" : args.format;
  const std::string text = format == "json"   ? WritePrettyJson(card) + "\n"
                           : format == "html" ? registry::CardHtml(card)
                                              : registry::CardMarkdown(card);
  if (args.output.empty()) {
    context.Print(text);
    return {};
  }
  QUERN_TRY(workspace.fs().WriteAtomic(args.output, text));
  context.PrintLine("model card: " + args.output);
  return {};
}

/// "0.927 (0.844 to 0.982)" of an interval; other values as they are.
std::string Shown(const json::value& value) {
  const auto number = [](const json::value& one) {
    return one.is_double() ? fmt::format("{:.4g}", one.get_double()) : WriteJson(one);
  };
  if (value.is_null()) return "-";
  if (value.is_string()) return std::string(value.get_string());
  if (const std::string status = TextAt(value, "/status"); !status.empty()) {
    const json::value& observed = At(value, "/observed");
    return observed.is_null() ? status : status + ", " + number(observed);
  }
  const json::value& point = At(value, "/value");
  if (!value.is_object() || point.is_null()) return number(value);
  const json::value& low = At(value, "/low");
  if (low.is_null()) return number(point);
  return fmt::format("{} ({} to {})", number(point), number(low), number(At(value, "/high")));
}

/// "+0.0127", with its interval where one was computed; what stands in its place if the values are
/// of different rows.
std::string ChangeText(const json::value& row) {
  if (At(row, "/a").is_null() || At(row, "/b").is_null()) return "";
  if (At(row, "/rows/same") == json::value(false)) return "other rows";
  const auto change = NumberAt(row, "/change");
  if (!change) return "";
  const auto low = NumberAt(row, "/difference/low"), high = NumberAt(row, "/difference/high");
  const std::string text = fmt::format("{:+.4g}", *change);
  return low && high ? text + fmt::format(" ({:+.4g} to {:+.4g})", *low, *high) : text;
}

/// Sentences on the rows behind the metrics, each once.
std::vector<std::string> MeasuredOn(const json::value& compared, const std::string& a,
                                    const std::string& b) {
  std::vector<std::string> out;
  for (const json::value& row : ListAt(compared, "/rows")) {
    const json::value& rows = At(row, "/rows");
    if (!rows.is_object()) continue;
    const std::string on_a = TextAt(rows, "/a"), on_b = TextAt(rows, "/b");
    std::string text;
    if (TextAt(row, "/section") == "contest") {
      text = "contest: both on the same rows, " + on_a;
    } else if (At(rows, "/same") == json::value(false)) {
      text = fmt::format(
          "{} was measured on {}, {} on {}: those are other rows, a difference may be theirs", a,
          on_a, b, on_b);
    } else if (At(rows, "/same").is_null()) {
      text = "it is not known whether the metrics of both were measured on the same rows";
    }
    if (!text.empty() && std::find(out.begin(), out.end(), text) == out.end()) out.push_back(text);
  }
  return out;
}

Status ShowDifferences(pipeline::Workspace& workspace, const CardArgs& args, Context& context) {
  QUERN_ASSIGN(const auto first, Read(workspace, args.what));
  QUERN_ASSIGN(const auto second, Read(workspace, args.other));
  const json::value compared = registry::CompareVersions(first, second, args.all);
  if (context.json) {
    context.PrintJson(compared);
    return {};
  }
  const auto head = [](const registry::Dossier& d) {
    return fmt::format("{}/{}", d.version.name, d.version.version);
  };
  std::vector<std::vector<std::string>> table{{"what", head(first), head(second), "change"}};
  for (const json::value& row : ListAt(compared, "/rows")) {
    table.push_back({TextAt(row, "/section") + ": " + TextAt(row, "/name"), Shown(At(row, "/a")),
                     Shown(At(row, "/b")), ChangeText(row)});
  }
  context.Print(FormatTable(table));
  for (const std::string& sentence : MeasuredOn(compared, head(first), head(second))) {
    context.PrintLine(sentence);
  }
  std::vector<std::string> same;
  for (const auto& [section, count] : compared.at("same").get_object()) {
    if (count.to_number<int64_t>() > 0) {
      same.push_back(fmt::format("{} of {}", WriteJson(count), std::string_view(section)));
    }
  }
  if (!args.all && !same.empty()) {
    context.PrintLine("the same in both: " + Join(same, ", ") + "; --all shows them");
  }
  return {};
}

using CardWork = Status (*)(pipeline::Workspace&, const CardArgs&, Context&);

Verb AddShow(Verb models, Context& context, const std::shared_ptr<CardArgs>& args, const char* name,
             const char* doc, CardWork show) {
  Verb verb = models.AddVerb(name, doc);
  verb.AddOption("--project", args->project, "Project folder").ShowDefault();
  AddJsonFlag(verb, context);
  verb.OnGiven([args, show, &context] {
    context.action = [args, show, &context] {
      auto workspace = OpenState(*args, Asks::kServerToo, context);
      if (!workspace) return context.Complain(workspace.error());
      const Status shown = show(**workspace, *args, context);
      return shown ? 0 : context.Complain(shown.error());
    };
  });
  return verb;
}

}  // namespace

void AddModelsCard(Verb models, Context& context) {
  auto args = std::make_shared<CardArgs>();
  Verb card = AddShow(models, context, args, "card",
                      "The model card of a version, from what the store knows", ShowCard);
  card.AddOption("version", args->what, "NAME/3, NAME@alias or NAME").Required();
  card.AddOption("-o,--output", args->output, "Write it here, not to standard output");
  card.AddOption("--format", args->format, "How").OneOf({"md", "html", "json"}).ShowDefault();
  Verb compare =
      AddShow(models, context, args, "compare", "Two versions side by side", ShowDifferences);
  compare.AddOption("version", args->what, "NAME/1, NAME@alias or NAME").Required();
  compare.AddOption("other", args->other, "The same of another").Required();
  compare.AddFlag("--all", args->all, "What is the same, too");
}

}  // namespace quern::cli
