#include "cli/verb.h"

#include <CLI/CLI.hpp>

#include "base/byte_size.h"
#include "base/text.h"

namespace quern::cli {
namespace {

/// CLI11 would take -1 for the greatest number there is.
std::string NotNegative(std::string& text) {
  return Trim(text).starts_with('-') ? "'" + text + "' is not a whole number from 0 on" : "";
}

}  // namespace

Option& Option::Required() {
  option_->required();
  return *this;
}

Option& Option::ShowDefault() {
  option_->capture_default_str();
  return *this;
}

Option& Option::OneOf(const std::vector<std::string>& words) {
  option_->check(CLI::IsMember(words));
  return *this;
}

Option& Option::OneOfAnyCase(const std::vector<std::string>& words) {
  option_->check(CLI::IsMember(words, CLI::ignore_case));
  return *this;
}

Option& Option::Between(double low, double high) {
  const std::string range = ShortestDouble(low) + " to " + ShortestDouble(high);
  const auto check = [low, high, range](std::string& text) {
    const auto value = ParseDouble(text);
    // Written so that NaN is outside.
    const bool within = value && *value >= low && *value <= high;
    return within ? "" : "Value " + text + " not in range " + range;
  };
  option_->check(CLI::Validator(check, range));
  return *this;
}

Option& Option::Bytes() {
  const auto plain = [](std::string& text) {
    const auto bytes = ParseByteSize(text);
    if (!bytes) return bytes.error().message;
    text = std::to_string(*bytes);
    return std::string();
  };
  option_->transform(CLI::Validator(plain, "bytes, as 64MB"));
  return *this;
}

Option& Option::Env(const std::string& variable) {
  option_->envname(variable);
  return *this;
}

Option& Option::Delimiter(char delimiter) {
  option_->delimiter(delimiter);
  return *this;
}

Option& Option::OneEachTime() {
  option_->allow_extra_args(false);
  return *this;
}

Option& Option::Excludes(const Option& other) {
  option_->excludes(other.option_);
  return *this;
}

Option& Option::Needs(const Option& other) {
  option_->needs(other.option_);
  return *this;
}

Option& Option::Hidden() {
  option_->group("");
  return *this;
}

Verb Verb::AddVerb(const std::string& name, const std::string& doc) {
  return Verb(app_->add_subcommand(name, doc));
}

Option Verb::AddTarget(const std::string& name, const Target& target, const std::string& doc) {
  return std::visit(
      [&](auto* value) {
        CLI::Option* option = app_->add_option(name, *value, doc);
        if constexpr (std::is_same_v<decltype(value), uint64_t*>) {
          option->check(CLI::Validator(NotNegative, ""));
        }
        return Option(option);
      },
      target);
}

Option Verb::AddFlag(const std::string& name, bool& target, const std::string& doc) {
  return Option(app_->add_flag(name, target, doc));
}

void Verb::AddClearingFlag(const std::string& name, bool& target, const std::string& doc) {
  app_->add_flag_callback(name, [&target] { target = false; }, doc);
}

void Verb::Footer(const std::string& text) { app_->footer(text); }
void Verb::RequireVerb() { app_->require_subcommand(1); }
void Verb::OnGiven(const std::function<void()>& then) { app_->callback(then); }

std::string Verb::Name() const { return app_->get_name(); }
std::string Verb::Doc() const { return app_->get_description(); }

std::vector<Verb> Verb::Verbs() const {
  std::vector<Verb> verbs;
  for (CLI::App* verb : app_->get_subcommands([](const CLI::App*) { return true; })) {
    verbs.emplace_back(verb);
  }
  return verbs;
}

std::vector<std::string> Verb::LongNames() const {
  std::vector<std::string> names;
  for (const CLI::Option* option : app_->get_options()) {
    if (option->get_group().empty()) continue;
    for (const std::string& name : option->get_lnames()) names.push_back(name);
  }
  return names;
}

}  // namespace quern::cli
