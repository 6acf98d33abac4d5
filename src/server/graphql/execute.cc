#include "server/graphql/execute.h"

#include <algorithm>

#include "base/check.h"
#include "server/graphql/input.h"
#include "server/graphql/merge.h"
#include "server/graphql/validate.h"
#include "server/http/respond.h"
#include "serving/json_text.h"

namespace quern::server::graphql {
namespace {

constexpr std::string_view kLargest = "1.7976931348623157e+308";

class Executor {
 public:
  Executor(const Schema& schema, const Document& document, const Variables& variables,
           Backend& backend)
      : schema_(schema), document_(document), variables_(variables), backend_(backend) {}

  std::string Run(const Operation& operation) {
    std::string data;
    Object(*schema_.Root(operation.kind), {}, {&operation.selections}, &data);
    return data;
  }
  std::vector<std::string>& errors() { return errors_; }

 private:
  using Nodes = std::vector<const Selection*>;

  void Object(const Type& type, const Source& source,
              const std::vector<const std::vector<Selection>*>& selections, std::string* out) {
    out->push_back('{');
    const auto wanted = [this](const auto& directives) { return Wanted(directives); };
    for (const auto& [key, nodes] : CollectFields(document_, selections, wanted)) {
      if (out->back() != '{') out->push_back(',');
      serving::AppendJsonText(out, key);
      out->push_back(':');
      FieldOf(type, source, nodes, out);
    }
    out->push_back('}');
  }

  /// By @skip and @include, whose only argument is a boolean.
  bool Wanted(const std::vector<Directive>& directives) {
    for (const Directive& directive : directives) {
      if (directive.name != "skip" && directive.name != "include") continue;
      const DirectiveType& type = *schema_.FindDirective(directive.name);
      const bool yes =
          Arguments(type.arguments, directive.arguments).find(":true") != std::string::npos;
      if (yes == (directive.name == "skip")) return false;
    }
    return true;
  }

  std::string Arguments(const std::vector<InputField>& fields,
                        const std::vector<Argument>& arguments) {
    // They were validated: nothing is left to report.
    return Coercer(schema_, Origin::kLiteral, &variables_,
                   [](const std::string&, const Value&, const std::string&) {})
        .Arguments(fields, arguments);
  }

  void FieldOf(const Type& type, const Source& parent, const Nodes& nodes, std::string* out) {
    const Selection& node = *nodes.front();
    if (node.name == "__typename") return serving::AppendJsonText(out, type.name);
    const Field& field = *type.FindField(node.name);
    Source source;
    if (field.resolver) {
      Result<Source> answer =
          field.resolver(backend_, parent, Arguments(field.arguments, node.arguments));
      if (!answer) {
        errors_.push_back(PublicMessage(answer.error()));
        source.null = true;
      } else {
        source = *answer;
      }
    } else if (parent.json) {
      source.json = parent.json->Find(field.key);
    }
    Complete(field.type, source, nodes, out);
  }

  void Complete(const TypeRef& type, const Source& source, const Nodes& nodes, std::string* out) {
    if (source.null) {
      out->append("null");
    } else if (type.item) {
      out->push_back('[');
      if (source.json) {
        source.json->ForEach([&](JsonRef item) {
          if (out->back() != '[') out->push_back(',');
          Complete(*type.item, {item}, nodes, out);
        });
      }
      out->push_back(']');
    } else if (const Type& named = *schema_.Find(type.name); named.kind == Type::Kind::kObject) {
      Object(named, source, InnerSelections(nodes), out);
    } else {
      Leaf(named, source.json ? source.json->text() : std::string_view(),
           source.json && source.json->Is(JsonKind::kTrue), out);
    }
  }

  /// A scalar or enum value from what REST answers, where all but booleans have a text.
  static void Leaf(const Type& type, std::string_view text, bool flag, std::string* out) {
    if (type.kind == Type::Kind::kEnum) {
      serving::AppendJsonText(out, text.empty() ? type.values.front() : text);
    } else if (type.name == "Boolean") {
      out->append(flag ? "true" : "false");
    } else if (type.name == "String") {
      serving::AppendJsonText(out, text);
    } else if (type.name == "LongString") {
      serving::AppendJsonText(out, text.empty() ? "0" : text);
    } else if (text == "NaN") {
      out->append("null");  // GraphQL has no such number
    } else if (text == "Infinity" || text == "-Infinity") {
      out->append(text.front() == '-' ? "-" : "").append(kLargest);
    } else {
      out->append(text.empty() ? "0" : text);
    }
  }

  const Schema& schema_;
  const Document& document_;
  const Variables& variables_;
  Backend& backend_;
  std::vector<std::string> errors_;
};

std::string Render(std::string_view data, const std::vector<std::string>& errors) {
  std::string out = "{\"data\":" + std::string(data) + ",\"errors\":";
  if (errors.empty()) return out + "null}";
  serving::AppendJsonList(&out, errors.size(),
                          [&](size_t i) { serving::AppendJsonText(&out, errors[i]); });
  return out + "}";
}

Result<const Operation*> Choose(const Document& document, std::string_view name) {
  const std::vector<Operation>& all = document.operations;
  if (name.empty()) {
    if (all.size() == 1) return &all.front();
    return Fail(Code::kInvalidArgument,
                all.empty() ? "Must provide an operation."
                            : "Must provide operation name if query contains multiple operations.");
  }
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Operation& one) { return one.name == name; });
  if (found == all.end()) {
    return Fail(Code::kInvalidArgument, "Unknown operation named '" + std::string(name) + "'.");
  }
  return &*found;
}

}  // namespace

std::string Execute(const Schema& schema, const Limits& limits, Backend& backend,
                    const Request& request) {
  if (request.query.size() > limits.text) {
    return Render("null", {"Query has " + std::to_string(request.query.size()) +
                           " bytes, more than " + std::to_string(limits.text) + "."});
  }
  const Result<Document> document = ParseDocument(request.query);
  if (!document) return Render("null", {document.error().message});
  if (const auto exceeded = Exceeded(*document, limits)) return Render("null", {*exceeded});
  if (const auto errors = Validate(schema, *document); !errors.empty()) {
    return Render("null", errors);
  }
  const Result<const Operation*> operation = Choose(*document, request.operation);
  if (!operation) return Render("null", {operation.error().message});
  const VariablesRead variables = ReadVariables(schema, **operation, request.variables);
  if (!variables.errors.empty()) return Render("null", variables.errors);
  Executor executor(schema, *document, variables.values, backend);
  const std::string data = executor.Run(**operation);
  return Render(data, executor.errors());
}

}  // namespace quern::server::graphql
