#include <CLI/CLI.hpp>
#include <memory>

#include "base/text.h"
#include "cli/command.h"

namespace quern::cli {
namespace {

/// The words that may follow each verb, read from the command line's own declaration.
std::string Words(const CLI::App& verb) {
  std::string out;
  for (const CLI::Option* option : verb.get_options()) {
    if (option->get_group().empty()) continue;
    for (const std::string& name : option->get_lnames()) out += (out.empty() ? "--" : " --") + name;
  }
  for (const CLI::App* below : verb.get_subcommands([](const CLI::App*) { return true; })) {
    out += (out.empty() ? "" : " ") + below->get_name();
  }
  return out;
}

std::string Verbs(const CLI::App& app) {
  std::string out;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    out += (out.empty() ? "" : " ") + verb->get_name();
  }
  return out;
}

std::string Bash(const CLI::App& app) {
  std::string out =
      "# quern completion bash > /etc/bash_completion.d/quern\n_quern() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} words\n  case ${COMP_WORDS[1]} in\n";
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    out += "    " + verb->get_name() + ") words='" + Words(*verb) + "' ;;\n";
  }
  out += "    *) words='" + Verbs(app) +
         " --help --version' ;;\n  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\") $(compgen -f -- \"$word\"))\n"
         "  [ $COMP_CWORD -eq 1 ] && COMPREPLY=($(compgen -W '" +
         Verbs(app) +
         " --help --version' -- \"$word\"))\n"
         "  return 0\n}\ncomplete -F _quern quern\n";
  return out;
}

std::string Zsh(const CLI::App& app) {
  std::string out = "#compdef quern\n_quern() {\n  if (( CURRENT == 2 )); then compadd -- " +
                    Verbs(app) + " --help --version; return; fi\n  case $words[2] in\n";
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    out += "    " + verb->get_name() + ") compadd -- " + Words(*verb) + " ;;\n";
  }
  return out + "  esac\n  _files\n}\ncompdef _quern quern\n";
}

std::string Fish(const CLI::App& app) {
  std::string out;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    out += "complete -c quern -n __fish_use_subcommand -a " + verb->get_name() + " -d '" +
           verb->get_description() + "'\n";
    for (const CLI::Option* option : verb->get_options()) {
      if (option->get_group().empty()) continue;
      for (const std::string& name : option->get_lnames()) {
        out += "complete -c quern -n '__fish_seen_subcommand_from " + verb->get_name() + "' -l " +
               name + "\n";
      }
    }
  }
  return out;
}

}  // namespace

void AddCompletion(CLI::App& app, Context& context) {
  auto shell = std::make_shared<std::string>();
  CLI::App* verb = app.add_subcommand("completion", "Print the completion script of a shell");
  verb->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  verb->callback([shell, &app, &context] {
    context.action = [shell, &app, &context] {
      context.Print(*shell == "bash" ? Bash(app) : *shell == "zsh" ? Zsh(app) : Fish(app));
      return 0;
    };
  });
}

}  // namespace quern::cli
