#include "cli/verb.h"

#include <CLI/CLI.hpp>

namespace quern::cli {

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

Option& Option::Between(int low, int high) {
  option_->check(CLI::Range(low, high));
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
  return std::visit([&](auto* value) { return Option(app_->add_option(name, *value, doc)); },
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
