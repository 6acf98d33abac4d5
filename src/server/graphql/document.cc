#include "server/graphql/document.h"

#include "server/graphql/parser.h"

namespace quern::server::graphql {
namespace {

class DocumentParser : public Parser {
 public:
  using Parser::Parser;

  Result<Document> Read() {
    Document document;
    QUERN_TRY(Start());
    do {
      if (AtWord("fragment")) {
        QUERN_ASSIGN(Fragment fragment, ReadFragment());
        document.fragment_index.try_emplace(fragment.name, document.fragments.size());
        document.fragments.push_back(std::move(fragment));
      } else {
        QUERN_ASSIGN(Operation operation, ReadOperation());
        document.operations.push_back(std::move(operation));
      }
    } while (token_.kind != Token::Kind::kEnd);
    return document;
  }

 private:
  Result<Operation> ReadOperation() {
    Operation operation;
    if (!At("{")) {
      if (AtWord("mutation")) {
        operation.kind = Operation::Kind::kMutation;
      } else if (AtWord("subscription")) {
        operation.kind = Operation::Kind::kSubscription;
      } else if (!AtWord("query")) {
        return Wrong();
      }
      QUERN_TRY(Advance());
      if (token_.kind == Token::Kind::kName) {
        QUERN_ASSIGN(operation.name, Name());
      }
      QUERN_ASSIGN(operation.variables, ReadVariables());
      QUERN_ASSIGN(operation.directives, ReadDirectives(false));
    }
    QUERN_ASSIGN(operation.selections, ReadSelections());
    return operation;
  }

  Result<std::vector<Variable>> ReadVariables() {
    std::vector<Variable> variables;
    QUERN_ASSIGN(const bool any, Take("("));
    if (!any) return variables;
    do {
      Variable variable;
      QUERN_TRY(Expect("$"));
      QUERN_ASSIGN(variable.name, Name());
      QUERN_TRY(Expect(":"));
      QUERN_ASSIGN(variable.type, ReadType());
      QUERN_ASSIGN(const bool fallback, Take("="));
      if (fallback) {
        QUERN_ASSIGN(variable.fallback, ReadValue(true));
      }
      QUERN_ASSIGN(variable.directives, ReadDirectives(true));
      variables.push_back(std::move(variable));
    } while (!At(")"));
    QUERN_TRY(Advance());
    return variables;
  }

  Result<Fragment> ReadFragment() {
    Fragment fragment;
    QUERN_TRY(Advance());
    if (AtWord("on")) return Wrong();
    QUERN_ASSIGN(fragment.name, Name());
    if (!AtWord("on")) return Wrong("'on'");
    QUERN_TRY(Advance());
    QUERN_ASSIGN(fragment.on, Name());
    QUERN_ASSIGN(fragment.directives, ReadDirectives(false));
    QUERN_ASSIGN(fragment.selections, ReadSelections());
    return fragment;
  }

  Result<std::vector<Selection>> ReadSelections() {
    const Level level(&depth_);
    QUERN_TRY(CheckDepth());
    QUERN_TRY(Expect("{"));
    std::vector<Selection> selections;
    do {
      QUERN_ASSIGN(Selection selection, ReadSelection());
      selections.push_back(std::move(selection));
    } while (!At("}"));
    QUERN_TRY(Advance());
    return selections;
  }

  Result<Selection> ReadSelection() {
    QUERN_ASSIGN(const bool dots, Take("..."));
    if (dots) return ReadSpread();
    Selection field;
    QUERN_ASSIGN(field.name, Name());
    QUERN_ASSIGN(const bool named, Take(":"));
    if (named) {
      field.alias = std::move(field.name);
      QUERN_ASSIGN(field.name, Name());
    }
    QUERN_ASSIGN(field.arguments, ReadArguments(false));
    QUERN_ASSIGN(field.directives, ReadDirectives(false));
    if (At("{")) {
      QUERN_ASSIGN(field.selections, ReadSelections());
    }
    return field;
  }

  Result<Selection> ReadSpread() {
    Selection spread;
    const bool condition = AtWord("on");
    spread.kind = token_.kind == Token::Kind::kName && !condition ? Selection::Kind::kSpread
                                                                  : Selection::Kind::kInline;
    if (condition) {
      QUERN_TRY(Advance());
    }
    if (condition || spread.kind == Selection::Kind::kSpread) {
      QUERN_ASSIGN(spread.name, Name());
    }
    QUERN_ASSIGN(spread.directives, ReadDirectives(false));
    if (spread.kind == Selection::Kind::kInline) {
      QUERN_ASSIGN(spread.selections, ReadSelections());
    }
    return spread;
  }
};

}  // namespace

std::string TypeRef::Show() const {
  return (item ? "[" + item->Show() + "]" : name) + (non_null ? "!" : "");
}

const Fragment* Document::Find(std::string_view name) const {
  const auto found = fragment_index.find(name);
  return found == fragment_index.end() ? nullptr : &fragments[found->second];
}

Result<Document> ParseDocument(std::string_view text) { return DocumentParser(text).Read(); }

std::string_view KindName(Operation::Kind kind) {
  switch (kind) {
    case Operation::Kind::kQuery:
      return "query";
    case Operation::Kind::kMutation:
      return "mutation";
    case Operation::Kind::kSubscription:
      return "subscription";
  }
  return "";
}

}  // namespace quern::server::graphql
