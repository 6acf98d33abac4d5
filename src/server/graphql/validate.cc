#include "server/graphql/validate.h"

#include <algorithm>
#include <set>

#include "server/graphql/input.h"
#include "server/graphql/merge.h"

namespace quern::server::graphql {
namespace {

std::string Quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

template <class List>
std::vector<std::string> Names(const List& list) {
  std::vector<std::string> names;
  for (const auto& one : list) names.push_back(one.name);
  return names;
}

/// Where a definition uses a variable, and what it spreads.
struct Uses {
  struct Variable {
    std::string name;
    const TypeRef* expected;  // null where the place itself is unknown
  };
  std::vector<Variable> variables;
  std::vector<std::string> spreads;
};

class Validator {
 public:
  Validator(const Schema& schema, const Document& document)
      : schema_(schema), document_(document) {}

  std::vector<std::string> Run() {
    std::set<std::string_view> names;
    for (const Operation& operation : document_.operations) CheckOperation(operation, &names);
    std::set<std::string_view> fragments;
    for (const Fragment& fragment : document_.fragments) {
      if (!fragments.insert(fragment.name).second) {
        Wrong("There can be only one fragment named " + Quoted(fragment.name) + ".");
        continue;
      }
      CheckFragment(fragment);
    }
    CheckCycles();
    CheckUses();
    if (errors_.empty()) errors_ = MergeConflicts(document_);
    return std::move(errors_);
  }

 private:
  void Wrong(std::string message) {
    if (errors_.size() < kMaxErrors) errors_.push_back(std::move(message));
  }

  void CheckOperation(const Operation& operation, std::set<std::string_view>* names) {
    if (operation.name.empty() && document_.operations.size() > 1) {
      Wrong("This anonymous operation must be the only defined operation.");
    } else if (!operation.name.empty() && !names->insert(operation.name).second) {
      Wrong("There can be only one operation named " + Quoted(operation.name) + ".");
    }
    uses_ = &operation_uses_.emplace_back();
    std::string place(KindName(operation.kind));
    CheckDirectives(operation.directives, place);
    CheckVariables(operation);
    const Type* const root = schema_.Root(operation.kind);
    if (root == nullptr) {
      return Wrong("Schema is not configured to execute " + place + " operation.");
    }
    CheckSelections(*root, operation.selections);
  }

  void CheckVariables(const Operation& operation) {
    std::set<std::string_view> seen;
    for (const Variable& variable : operation.variables) {
      if (!seen.insert(variable.name).second) {
        Wrong("There can be only one variable named '$" + variable.name + "'.");
      }
      CheckDirectives(variable.directives, "variable definition");
      const Type* const type = schema_.Find(variable.type.Named());
      if (type == nullptr) {
        Wrong("Unknown type " + Quoted(variable.type.Named()) + ".");
      } else if (!type->is_input()) {
        Wrong("Variable '$" + variable.name + "' cannot be non-input type " +
              Quoted(variable.type.Show()) + ".");
      } else if (variable.fallback) {
        CheckLiteral(variable.type, *variable.fallback);
      }
    }
  }

  void CheckFragment(const Fragment& fragment) {
    uses_ = &fragment_uses_[fragment.name];
    CheckDirectives(fragment.directives, "fragment definition");
    const Type* const type = schema_.Find(fragment.on);
    if (type == nullptr) return Wrong("Unknown type " + Quoted(fragment.on) + ".");
    if (type->kind != Type::Kind::kObject) {
      return Wrong("Fragment " + Quoted(fragment.name) +
                   " cannot condition on non composite type " + Quoted(fragment.on) + ".");
    }
    CheckSelections(*type, fragment.selections);
  }

  void CheckSelections(const Type& type, const std::vector<Selection>& selections) {
    for (const Selection& selection : selections) {
      switch (selection.kind) {
        case Selection::Kind::kField:
          CheckField(type, selection);
          break;
        case Selection::Kind::kSpread:
          CheckDirectives(selection.directives, "fragment spread");
          CheckSpread(type, selection);
          break;
        case Selection::Kind::kInline:
          CheckDirectives(selection.directives, "inline fragment");
          CheckInline(type, selection);
          break;
      }
    }
  }

  void CheckField(const Type& type, const Selection& node) {
    CheckDirectives(node.directives, "field");
    if (node.name == "__typename") {
      CheckArguments({}, node.arguments, " on field '" + type.name + ".__typename'");
      if (!node.selections.empty()) {
        Wrong(
            "Field '__typename' must not have a selection since type 'String!' has no subfields.");
      }
      return;
    }
    const Field* const field = type.FindField(node.name);
    if (field == nullptr) {
      return Wrong("Cannot query field " + Quoted(node.name) + " on type " + Quoted(type.name) +
                   "." + Suggest(node.name, Names(type.fields)));
    }
    CheckArguments(field->arguments, node.arguments,
                   " on field '" + type.name + "." + node.name + "'");
    const Type& inner = *schema_.Find(field->type.Named());
    const bool leaf = inner.kind != Type::Kind::kObject;
    if (leaf && !node.selections.empty()) {
      Wrong("Field " + Quoted(node.name) + " must not have a selection since type " +
            Quoted(field->type.Show()) + " has no subfields.");
    } else if (!leaf && node.selections.empty()) {
      Wrong("Field " + Quoted(node.name) + " of type " + Quoted(field->type.Show()) +
            " must have a selection of subfields. Did you mean '" + node.name + " { ... }'?");
    } else if (!leaf) {
      CheckSelections(inner, node.selections);
    }
  }

  void CheckSpread(const Type& type, const Selection& spread) {
    const Fragment* const fragment = document_.Find(spread.name);
    if (fragment == nullptr) return Wrong("Unknown fragment " + Quoted(spread.name) + ".");
    uses_->spreads.push_back(spread.name);
    const Type* const on = schema_.Find(fragment->on);
    if (on != nullptr && on != &type && on->kind == Type::Kind::kObject) {
      Wrong("Fragment " + Quoted(spread.name) + " cannot be spread here as objects of type " +
            Quoted(type.name) + " can never be of type " + Quoted(on->name) + ".");
    }
  }

  void CheckInline(const Type& type, const Selection& fragment) {
    if (fragment.name.empty() || fragment.name == type.name) {
      return CheckSelections(type, fragment.selections);
    }
    const Type* const on = schema_.Find(fragment.name);
    if (on == nullptr) return Wrong("Unknown type " + Quoted(fragment.name) + ".");
    if (on->kind != Type::Kind::kObject) {
      return Wrong("Fragment cannot condition on non composite type " + Quoted(on->name) + ".");
    }
    Wrong("Fragment cannot be spread here as objects of type " + Quoted(type.name) +
          " can never be of type " + Quoted(on->name) + ".");
    CheckSelections(*on, fragment.selections);
  }

  void CheckDirectives(const std::vector<Directive>& directives, const std::string& place) {
    std::set<std::string_view> seen;
    for (const Directive& directive : directives) {
      const DirectiveType* const type = schema_.FindDirective(directive.name);
      if (type == nullptr) {
        Wrong("Unknown directive '@" + directive.name + "'.");
        for (const Argument& argument : directive.arguments) {
          NoteVariables(nullptr, argument.value);
        }
        continue;
      }
      if (std::find(type->places.begin(), type->places.end(), PlaceName(place)) ==
          type->places.end()) {
        Wrong("Directive '@" + directive.name + "' may not be used on " + place + ".");
      }
      if (!seen.insert(directive.name).second) {
        Wrong("The directive '@" + directive.name + "' can only be used once at this location.");
      }
      CheckArguments(type->arguments, directive.arguments,
                     " on directive '@" + directive.name + "'");
      for (const InputField& argument : type->arguments) {
        const bool given =
            std::any_of(directive.arguments.begin(), directive.arguments.end(),
                        [&](const Argument& one) { return one.name == argument.name; });
        if (given || !argument.type.non_null) continue;
        Wrong("Directive '@" + directive.name + "' argument " + Quoted(argument.name) +
              " of type " + Quoted(argument.type.Show()) +
              " is required, but it was not provided.");
      }
    }
  }

  /// "inline fragment" is INLINE_FRAGMENT in the type language.
  static std::string PlaceName(std::string place) {
    for (char& c : place) c = c == ' ' ? '_' : static_cast<char>(c & ~0x20);
    return place;
  }

  void CheckArguments(const std::vector<InputField>& fields, const std::vector<Argument>& arguments,
                      const std::string& where) {
    std::set<std::string_view> seen;
    for (const Argument& argument : arguments) {
      if (!seen.insert(argument.name).second) {
        Wrong("There can be only one argument named " + Quoted(argument.name) + ".");
      }
      const InputField* const field = FindInput(fields, argument.name);
      if (field == nullptr) {
        Wrong("Unknown argument " + Quoted(argument.name) + where + "." +
              Suggest(argument.name, Names(fields)));
        NoteVariables(nullptr, argument.value);
        continue;
      }
      NoteVariables(&field->type, argument.value);
      CheckLiteral(field->type, argument.value);
    }
  }

  void CheckLiteral(const TypeRef& type, const Value& value) {
    std::string ignored;
    Coercer(schema_, Origin::kLiteral, nullptr,
            [this](const std::string&, const Value&, std::string message) {
              Wrong(std::move(message));
            })
        .Coerce(type, value, "", &ignored);
  }

  void NoteVariables(const TypeRef* expected, const Value& value) {
    if (value.kind == Value::Kind::kVariable) uses_->variables.push_back({value.text, expected});
    const TypeRef* const item =
        expected != nullptr && expected->item ? expected->item.get() : nullptr;
    for (const Value& one : value.items) NoteVariables(item, one);
    const Type* const type = expected != nullptr ? schema_.Find(expected->Named()) : nullptr;
    for (const auto& [name, member] : value.members) {
      const InputField* const field = type != nullptr ? FindInput(type->inputs, name) : nullptr;
      NoteVariables(field != nullptr ? &field->type : nullptr, member);
    }
  }

  void CheckCycles() {
    for (const Fragment& fragment : document_.fragments) {
      std::set<std::string> reached;
      Reach(fragment_uses_[fragment.name], &reached);
      if (reached.contains(fragment.name)) {
        Wrong("Cannot spread fragment " + Quoted(fragment.name) + " within itself.");
      }
    }
  }

  /// All fragments that a definition spreads, and that those do.
  void Reach(const Uses& from, std::set<std::string>* reached) {
    std::vector<const Uses*> open = {&from};
    while (!open.empty()) {
      const Uses& uses = *open.back();
      open.pop_back();
      for (const std::string& name : uses.spreads) {
        if (reached->insert(name).second) open.push_back(&fragment_uses_[name]);
      }
    }
  }

  /// Of each operation: variables that are not defined, not used, or of another type than wanted.
  void CheckUses() {
    std::set<std::string> spread;
    for (size_t i = 0; i < document_.operations.size(); ++i) {
      std::set<std::string> reached;
      Reach(operation_uses_[i], &reached);
      std::vector<const Uses*> all = {&operation_uses_[i]};
      for (const std::string& name : reached) all.push_back(&fragment_uses_[name]);
      CheckOperationUses(document_.operations[i], all);
      spread.merge(reached);
    }
    for (const Fragment& fragment : document_.fragments) {
      if (!spread.contains(fragment.name)) {
        Wrong("Fragment " + Quoted(fragment.name) + " is never used.");
      }
    }
  }

  void CheckOperationUses(const Operation& operation, const std::vector<const Uses*>& all) {
    const auto of = [&](std::string_view word) {
      return operation.name.empty()
                 ? "."
                 : std::string(word) + " operation " + Quoted(operation.name) + ".";
    };
    std::map<std::string_view, const Variable*> defined;
    for (const Variable& variable : operation.variables) defined[variable.name] = &variable;
    std::set<std::string_view> used;
    for (const Uses* uses : all) {
      for (const Uses::Variable& use : uses->variables) {
        used.insert(use.name);
        const auto found = defined.find(use.name);
        if (found == defined.end()) {
          Wrong("Variable '$" + use.name + "' is not defined" +
                (operation.name.empty() ? "." : of(" by")));
        } else if (use.expected != nullptr) {
          CheckPosition(*found->second, *use.expected);
        }
      }
    }
    for (const Variable& variable : operation.variables) {
      if (used.contains(variable.name)) continue;
      Wrong("Variable '$" + variable.name + "' is never used" +
            (operation.name.empty() ? "." : of(" in")));
    }
  }

  void CheckPosition(const Variable& variable, const TypeRef& expected) {
    if (schema_.Find(variable.type.Named()) == nullptr) return;
    const bool filled = variable.fallback && variable.fallback->kind != Value::Kind::kNull;
    TypeRef wanted = expected;
    if (!variable.type.non_null && filled) wanted.non_null = false;
    if (Fits(variable.type, wanted)) return;
    Wrong("Variable '$" + variable.name + "' of type " + Quoted(variable.type.Show()) +
          " used in position expecting type " + Quoted(expected.Show()) + ".");
  }

  static bool Fits(const TypeRef& given, const TypeRef& wanted) {
    if (wanted.non_null && !given.non_null) return false;
    if (static_cast<bool>(given.item) != static_cast<bool>(wanted.item)) return false;
    return given.item ? Fits(*given.item, *wanted.item) : given.name == wanted.name;
  }

  const Schema& schema_;
  const Document& document_;
  std::vector<std::string> errors_;
  Uses* uses_ = nullptr;
  std::vector<Uses> operation_uses_;
  std::map<std::string, Uses> fragment_uses_;
};

}  // namespace

std::vector<std::string> Validate(const Schema& schema, const Document& document) {
  return Validator(schema, document).Run();
}

}  // namespace quern::server::graphql
