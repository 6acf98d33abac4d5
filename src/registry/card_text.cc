// A model card as a page: first what stands where, then that as Markdown or as HTML.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <functional>
#include <string>
#include <vector>

#include "base/json_read.h"
#include "base/text.h"
#include "registry/card.h"

namespace quern::registry {
namespace {

using Rows = std::vector<std::vector<std::string>>;

/// Of a section: paragraphs, points and a table, each of which may be empty.
struct Section {
  std::string title;
  std::vector<std::string> paragraphs;
  std::vector<std::string> points;
  Rows table;  // the first row is the head
};

struct Sheet {
  std::string title;
  std::vector<Section> sections;
};

std::string TextOrJson(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  return value.is_null() ? std::string() : WriteJson(value);
}

/// "0.927" of "0.9274891774891775".
std::string Short(const std::string& number) {
  const auto value = ParseDouble(number);
  if (!value) return number;
  return fmt::format("{:.3f}", *value);
}

/// "heart/3 of host:/clinic/.quern, made there by the run 4f2a".
std::string CopyText(const json::value& copy) {
  std::string text = TextAt(copy, "/version");
  if (text.empty()) return text;
  const std::string registry = TextAt(copy, "/registry");
  text += " of " + (registry.empty() ? "this registry" : registry);
  const std::string run = TextAt(copy, "/run_id");
  return run.empty() ? text : text + ", made there by the run " + run;
}

Section Details(const json::value& card) {
  const json::value& details = At(card, "/model_details");
  Section out{"Model details", {}, {}, {{"what", "value"}}};
  for (const char* text : {"/overview", "/documentation"}) {
    if (const std::string paragraph = TextAt(details, text); !paragraph.empty()) {
      out.paragraphs.push_back(paragraph);
    }
  }
  const auto add = [&](const char* what, const std::string& value) {
    if (!value.empty()) out.table.push_back({what, value});
  };
  add("version", TextAt(details, "/version/name"));
  add("registered", TextAt(details, "/version/date"));
  add("copy of", CopyText(At(details, "/copy_of")));
  add("why it was made", TextAt(details, "/version/diff"));
  add("package", TextAt(details, "/path"));
  add("SHA-256", TextAt(details, "/digest"));
  add("signed with the key", TextAt(details, "/signed_by"));
  for (const json::value& owner : ListAt(details, "/owners")) {
    const std::string contact = TextAt(owner, "/contact");
    add("owner", TextAt(owner, "/name") + (contact.empty() ? "" : ": " + contact));
  }
  for (const json::value& one : ListAt(details, "/references")) {
    out.points.push_back(TextAt(one, "/reference"));
  }
  return out;
}

Section Parameters(const json::value& card) {
  const json::value& parameters = At(card, "/model_parameters");
  Section out{"Model parameters", {}, {}, {{"what", "value"}}};
  const auto add = [&](const std::string& what, const std::string& value) {
    if (!value.empty()) out.table.push_back({what, value});
  };
  add("architecture", TextAt(parameters, "/model_architecture"));
  add("task", TextAt(parameters, "/output_format"));
  for (const json::value& entry : ListAt(parameters, "/output_format_map")) {
    add(TextAt(entry, "/key"), TextAt(entry, "/value"));
  }
  const json::value& tuned = At(parameters, "/hyperparameters");
  if (tuned.is_object()) {
    for (const auto& [name, value] : tuned.get_object()) add(std::string(name), TextOrJson(value));
  }
  std::vector<std::string> inputs;
  for (const json::value& input : ListAt(parameters, "/input_format_map")) {
    inputs.push_back(TextAt(input, "/key") + " (" + TextAt(input, "/value") + ")");
  }
  add("inputs", Join(inputs, ", "));
  for (const json::value& data : ListAt(parameters, "/data")) {
    std::vector<std::string> parts;
    for (const char* field : {"/description", "/link", "/snapshot"}) {
      if (const std::string text = TextAt(data, field); !text.empty()) parts.push_back(text);
    }
    add("data: " + TextAt(data, "/name"),
        parts.empty() ? "no snapshot is known" : Join(parts, "; "));
  }
  return out;
}

Section Analysis(const json::value& card) {
  Section out{"Quantitative analysis", {}, {}, {{"metric", "value", "95 % interval", "rows"}}};
  for (const json::value& metric : ListAt(card, "/quantitative_analysis/performance_metrics")) {
    const std::string low = TextAt(metric, "/confidence_interval/lower_bound");
    const std::string slice = TextAt(metric, "/slice");
    const std::string interval =
        low.empty()
            ? ""
            : Short(low) + " to " + Short(TextAt(metric, "/confidence_interval/upper_bound"));
    out.table.push_back({TextAt(metric, "/type"), Short(TextAt(metric, "/value")), interval,
                         slice.empty() ? "all of the hold-out" : slice});
  }
  if (out.table.size() == 1) out.paragraphs.emplace_back("Nothing has been measured.");
  return out;
}

Section Points(const json::value& card, const std::string& title, const std::string& pointer) {
  Section out{title, {}, {}, {}};
  for (const json::value& item : ListAt(card, pointer)) {
    const std::string strategy = TextAt(item, "/mitigation_strategy");
    const std::string text = TextAt(item, "/description") + TextAt(item, "/name");
    out.points.push_back(strategy.empty() ? text : text + ": " + strategy);
  }
  if (out.points.empty()) out.paragraphs.emplace_back("Nobody has said.");
  return out;
}

Section ReviewSection(const json::value& card) {
  Section out{"Reviews", {}, {}, {}};
  for (const json::value& review : ListAt(card, "/reviews")) {
    out.points.push_back(TextAt(review, "/verdict") + " by " + TextAt(review, "/reviewer") + ": " +
                         TextAt(review, "/reason"));
  }
  return out;
}

Sheet Layout(const json::value& card) {
  Sheet page{TextAt(card, "/model_details/name") + ", version " +
                 TextAt(card, "/model_details/version/name"),
             {Details(card), Parameters(card), Analysis(card),
              Points(card, "Users", "/considerations/users"),
              Points(card, "Use cases", "/considerations/use_cases"),
              Points(card, "Limitations", "/considerations/limitations"),
              Points(card, "Trade-offs", "/considerations/tradeoffs"),
              Points(card, "Ethical considerations", "/considerations/ethical_considerations")}};
  if (Section reviews = ReviewSection(card); !reviews.points.empty()) {
    page.sections.push_back(std::move(reviews));
  }
  Section open{"Not answered yet", {}, {}, {}};
  for (const json::value& one : ListAt(card, "/open")) {
    open.points.push_back(TextAt(one, "/question"));
  }
  if (!open.points.empty()) page.sections.push_back(std::move(open));
  return page;
}

/// A line of Markdown that says what `text` says.
std::string Plain(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n' || c == '\r') {
      out += ' ';
      continue;
    }
    if (std::string_view("\\`*_{}[]<>|#&~").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string Html(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

constexpr char kHead[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
    "'unsafe-inline'\">\n<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;"
    "margin:2rem auto;padding:0 1rem}h1,h2{line-height:1.2}table{border-collapse:collapse;"
    "width:100%}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #8886;"
    "vertical-align:top;overflow-wrap:anywhere}</style>\n";

std::string HtmlTable(const Rows& rows) {
  std::string out = "<table>\n";
  for (size_t i = 0; i < rows.size(); ++i) {
    out += "<tr>";
    for (const std::string& cell : rows[i]) {
      out += i == 0 ? "<th scope=\"col\">" + Html(cell) + "</th>" : "<td>" + Html(cell) + "</td>";
    }
    out += "</tr>\n";
  }
  return out + "</table>\n";
}

}  // namespace

std::string CardMarkdown(const json::value& card) {
  const Sheet page = Layout(card);
  std::string out = "# " + Plain(page.title) + "\n";
  for (const Section& section : page.sections) {
    out += "\n## " + section.title + "\n\n";
    for (const std::string& paragraph : section.paragraphs) out += Plain(paragraph) + "\n\n";
    for (size_t i = 0; section.table.size() > 1 && i < section.table.size(); ++i) {
      out += "|";
      for (const std::string& cell : section.table[i]) out += " " + Plain(cell) + " |";
      out += "\n";
      if (i > 0) continue;
      out += "|";
      for (size_t column = 0; column < section.table[i].size(); ++column) out += "---|";
      out += "\n";
    }
    for (const std::string& point : section.points) out += "- " + Plain(point) + "\n";
  }
  return out;
}

std::string CardHtml(const json::value& card) {
  const Sheet page = Layout(card);
  const std::string title = Html(page.title);
  std::string out =
      kHead + ("<title>" + title + "</title></head>\n<body><main>\n<h1>" + title) + "</h1>\n";
  for (const Section& section : page.sections) {
    out += "<section><h2>" + Html(section.title) + "</h2>\n";
    for (const std::string& paragraph : section.paragraphs)
      out += "<p>" + Html(paragraph) + "</p>\n";
    if (section.table.size() > 1) out += HtmlTable(section.table);
    if (!section.points.empty()) out += "<ul>\n";
    for (const std::string& point : section.points) out += "<li>" + Html(point) + "</li>\n";
    if (!section.points.empty()) out += "</ul>\n";
    out += "</section>\n";
  }
  return out + "</main></body></html>\n";
}

}  // namespace quern::registry
