#include "server/graphql/parser.h"

namespace quern::server::graphql {

Status Parser::Advance() {
  QUERN_ASSIGN(token_, lexer_.Next());
  return {};
}

Result<bool> Parser::Take(std::string_view punctuator) {
  if (!At(punctuator)) return false;
  QUERN_TRY(Advance());
  return true;
}

Status Parser::Expect(std::string_view punctuator) {
  if (!At(punctuator)) return Wrong("'" + std::string(punctuator) + "'");
  return Advance();
}

Result<std::string> Parser::Name() {
  if (token_.kind != Token::Kind::kName) return Wrong("Name");
  std::string name = std::move(token_.text);
  QUERN_TRY(Advance());
  return name;
}

std::unexpected<Error> Parser::Wrong(std::string_view what) const {
  const std::string found = token_.Show();
  return lexer_.Fault(token_.offset, what.empty()
                                         ? "Unexpected " + found
                                         : "Expected " + std::string(what) + ", found " + found);
}

Status Parser::CheckDepth() const {
  if (depth_ <= kMaxNesting) return {};
  return lexer_.Fault(token_.offset,
                      "Nested deeper than " + std::to_string(kMaxNesting) + " levels");
}

Result<Value> Parser::ReadWord() {
  Value value;
  value.kind = token_.text == "true" || token_.text == "false" ? Value::Kind::kBoolean
               : token_.text == "null"                         ? Value::Kind::kNull
                                                               : Value::Kind::kEnum;
  QUERN_ASSIGN(value.text, Name());
  return value;
}

Result<Value> Parser::ReadValue(bool constant) {
  using Kind = Token::Kind;
  if (At("[")) return ReadList(constant);
  if (At("{")) return ReadObject(constant);
  if (token_.kind == Kind::kName) return ReadWord();
  Value value;
  if (At("$") && !constant) {
    QUERN_TRY(Advance());
    value.kind = Value::Kind::kVariable;
    QUERN_ASSIGN(value.text, Name());
    return value;
  }
  switch (token_.kind) {
    case Kind::kInt:
      value.kind = Value::Kind::kInt;
      break;
    case Kind::kFloat:
      value.kind = Value::Kind::kFloat;
      break;
    case Kind::kString:
      value.kind = Value::Kind::kString;
      break;
    default:
      return Wrong();
  }
  value.text = std::move(token_.text);
  QUERN_TRY(Advance());
  return value;
}

Result<Value> Parser::ReadList(bool constant) {
  const Level level(&depth_);
  QUERN_TRY(CheckDepth());
  QUERN_TRY(Expect("["));
  Value list;
  list.kind = Value::Kind::kList;
  while (!At("]")) {
    QUERN_ASSIGN(Value item, ReadValue(constant));
    list.items.push_back(std::move(item));
  }
  QUERN_TRY(Advance());
  return list;
}

Result<Value> Parser::ReadObject(bool constant) {
  const Level level(&depth_);
  QUERN_TRY(CheckDepth());
  QUERN_TRY(Expect("{"));
  Value object;
  object.kind = Value::Kind::kObject;
  while (!At("}")) {
    QUERN_ASSIGN(std::string name, Name());
    QUERN_TRY(Expect(":"));
    QUERN_ASSIGN(Value value, ReadValue(constant));
    object.members.emplace_back(std::move(name), std::move(value));
  }
  QUERN_TRY(Advance());
  return object;
}

Result<TypeRef> Parser::ReadType() {
  const Level level(&depth_);
  QUERN_TRY(CheckDepth());
  TypeRef type;
  QUERN_ASSIGN(const bool list, Take("["));
  if (list) {
    QUERN_ASSIGN(TypeRef item, ReadType());
    type.item = std::make_shared<const TypeRef>(std::move(item));
    QUERN_TRY(Expect("]"));
  } else {
    QUERN_ASSIGN(type.name, Name());
  }
  QUERN_ASSIGN(type.non_null, Take("!"));
  return type;
}

Result<std::vector<Argument>> Parser::ReadArguments(bool constant) {
  std::vector<Argument> arguments;
  QUERN_ASSIGN(const bool any, Take("("));
  if (!any) return arguments;
  do {
    Argument argument;
    QUERN_ASSIGN(argument.name, Name());
    QUERN_TRY(Expect(":"));
    QUERN_ASSIGN(argument.value, ReadValue(constant));
    arguments.push_back(std::move(argument));
  } while (!At(")"));
  QUERN_TRY(Advance());
  return arguments;
}

Result<std::vector<Directive>> Parser::ReadDirectives(bool constant) {
  std::vector<Directive> directives;
  while (At("@")) {
    QUERN_TRY(Advance());
    Directive directive;
    QUERN_ASSIGN(directive.name, Name());
    QUERN_ASSIGN(directive.arguments, ReadArguments(constant));
    directives.push_back(std::move(directive));
  }
  return directives;
}

}  // namespace quern::server::graphql
