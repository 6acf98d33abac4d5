#include "server/graphql/schema.h"

#include <algorithm>

#include "base/check.h"
#include "server/graphql/parser.h"

namespace quern::server::graphql {
namespace {

/// "runIds" is "run_ids".
std::string KeyOf(std::string_view name) {
  std::string key;
  for (char c : name) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper) key += '_';
    key += upper ? static_cast<char>(c | 0x20) : c;
  }
  return key;
}

template <class List>
auto FindNamed(List& list, std::string_view name) -> decltype(&list.front()) {
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const auto& one) { return one.name == name; });
  return found == list.end() ? nullptr : &*found;
}

}  // namespace

class SchemaParser : public Parser {
 public:
  using Parser::Parser;

  Result<Schema> Read() {
    Schema schema;
    for (const char* name : {"String", "Int", "Float", "Boolean", "LongString"}) {
      schema.types_[name].name = name;
    }
    QUERN_TRY(Start());
    while (token_.kind != Token::Kind::kEnd) {
      QUERN_ASSIGN(const std::string word, Name());
      if (word == "directive") {
        QUERN_ASSIGN(DirectiveType directive, ReadDirective());
        schema.directives_.push_back(std::move(directive));
      } else {
        QUERN_ASSIGN(Type type, ReadDefinition(word));
        std::string name = type.name;
        schema.types_[std::move(name)] = std::move(type);
      }
    }
    QUERN_TRY(schema.Check());
    return schema;
  }

 private:
  Result<Type> ReadDefinition(std::string_view word) {
    Type type;
    QUERN_ASSIGN(type.name, Name());
    type.kind = word == "enum"    ? Type::Kind::kEnum
                : word == "input" ? Type::Kind::kInput
                                  : Type::Kind::kObject;
    if (word != "enum" && word != "input" && word != "type") return Wrong("'type'");
    QUERN_TRY(Expect("{"));
    while (!At("}")) {
      QUERN_TRY(ReadMember(&type));
    }
    QUERN_TRY(Advance());
    return type;
  }

  Status ReadMember(Type* type) {
    if (type->kind == Type::Kind::kEnum) {
      QUERN_ASSIGN(type->values.emplace_back(), Name());
    } else if (type->kind == Type::Kind::kInput) {
      QUERN_ASSIGN(type->inputs.emplace_back(), ReadInput());
    } else {
      Field field;
      QUERN_ASSIGN(field.name, Name());
      field.key = KeyOf(field.name);
      QUERN_ASSIGN(field.arguments, ReadInputs());
      QUERN_TRY(Expect(":"));
      QUERN_ASSIGN(field.type, ReadType());
      type->fields.push_back(std::move(field));
    }
    return {};
  }

  Result<InputField> ReadInput() {
    InputField input;
    QUERN_ASSIGN(input.name, Name());
    input.key = KeyOf(input.name);
    QUERN_TRY(Expect(":"));
    QUERN_ASSIGN(input.type, ReadType());
    return input;
  }

  Result<std::vector<InputField>> ReadInputs() {
    std::vector<InputField> inputs;
    QUERN_ASSIGN(const bool any, Take("("));
    while (any && !At(")")) {
      QUERN_ASSIGN(inputs.emplace_back(), ReadInput());
    }
    if (any) {
      QUERN_TRY(Advance());
    }
    return inputs;
  }

  Result<DirectiveType> ReadDirective() {
    DirectiveType directive;
    QUERN_TRY(Expect("@"));
    QUERN_ASSIGN(directive.name, Name());
    QUERN_ASSIGN(directive.arguments, ReadInputs());
    if (!AtWord("on")) return Wrong("'on'");
    bool more = true;
    QUERN_TRY(Advance());
    while (more) {
      QUERN_ASSIGN(directive.places.emplace_back(), Name());
      QUERN_ASSIGN(more, Take("|"));
    }
    return directive;
  }
};

const Field* Type::FindField(std::string_view wanted) const { return FindNamed(fields, wanted); }

const InputField* FindInput(const std::vector<InputField>& fields, std::string_view name) {
  return FindNamed(fields, name);
}

Result<Schema> Schema::Parse(std::string_view text) { return SchemaParser(text).Read(); }

Status Schema::Check() const {
  const auto known = [this](const TypeRef& type, std::string_view where) -> Status {
    if (Find(type.Named()) != nullptr) return {};
    return Fail(Code::kInvalidArgument,
                "Unknown type '" + type.Named() + "' at '" + std::string(where) + "'.");
  };
  for (const auto& [name, type] : types_) {
    for (const Field& field : type.fields) {
      QUERN_TRY(known(field.type, name + "." + field.name));
      for (const InputField& argument : field.arguments) {
        QUERN_TRY(known(argument.type, name + "." + field.name));
      }
    }
    for (const InputField& input : type.inputs) {
      QUERN_TRY(known(input.type, name + "." + input.name));
    }
  }
  if (Root(Operation::Kind::kQuery) != nullptr) return {};
  return Fail(Code::kInvalidArgument, "A schema needs a type 'Query'.");
}

void Schema::Resolve(std::string_view type, std::string_view field, Resolver resolver) {
  const auto found = types_.find(type);
  QUERN_CHECK(found != types_.end(), std::string(type));
  Field* const known = FindNamed(found->second.fields, field);
  QUERN_CHECK(known != nullptr, std::string(field));
  known->resolver = std::move(resolver);
}

const Type* Schema::Find(std::string_view name) const {
  const auto found = types_.find(name);
  return found == types_.end() ? nullptr : &found->second;
}

const DirectiveType* Schema::FindDirective(std::string_view name) const {
  return FindNamed(directives_, name);
}

const Type* Schema::Root(Operation::Kind kind) const {
  switch (kind) {
    case Operation::Kind::kQuery:
      return Find("Query");
    case Operation::Kind::kMutation:
      return Find("Mutation");
    case Operation::Kind::kSubscription:
      return nullptr;
  }
  return nullptr;
}

}  // namespace quern::server::graphql
