#include <memory>

#include "base/text.h"
#include "cli/command.h"

namespace quern::cli {
namespace {

/// The words that may follow each verb, read from the command line's own declaration.
std::string Words(const Verb& verb) {
  std::string out;
  for (const std::string& name : verb.LongNames()) out += (out.empty() ? "--" : " --") + name;
  for (const Verb& below : verb.Verbs()) out += (out.empty() ? "" : " ") + below.Name();
  return out;
}

std::string Verbs(const Verb& app) {
  std::string out;
  for (const Verb& verb : app.Verbs()) {
    out += (out.empty() ? "" : " ") + verb.Name();
  }
  return out;
}

std::string Bash(const Verb& app) {
  std::string out =
      "# quern completion bash > /etc/bash_completion.d/quern\n_quern() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} words\n  case ${COMP_WORDS[1]} in\n";
  for (const Verb& verb : app.Verbs()) {
    out += "    " + verb.Name() + ") words='" + Words(verb) + "' ;;\n";
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

std::string Zsh(const Verb& app) {
  std::string out = "#compdef quern\n_quern() {\n  if (( CURRENT == 2 )); then compadd -- " +
                    Verbs(app) + " --help --version; return; fi\n  case $words[2] in\n";
  for (const Verb& verb : app.Verbs()) {
    out += "    " + verb.Name() + ") compadd -- " + Words(verb) + " ;;\n";
  }
  return out + "  esac\n  _files\n}\ncompdef _quern quern\n";
}

std::string Fish(const Verb& app) {
  std::string out;
  for (const Verb& verb : app.Verbs()) {
    out += "complete -c quern -n __fish_use_subcommand -a " + verb.Name() + " -d '" + verb.Doc() +
           "'\n";
    for (const std::string& name : verb.LongNames()) {
      out += "complete -c quern -n '__fish_seen_subcommand_from " + verb.Name() + "' -l " + name +
             "\n";
    }
  }
  return out;
}

}  // namespace

void AddCompletion(Verb app, Context& context) {
  auto shell = std::make_shared<std::string>();
  Verb verb = app.AddVerb("completion", "Print the completion script of a shell");
  verb.AddOption("shell", *shell, "bash, zsh or fish").Required().OneOf({"bash", "zsh", "fish"});
  verb.OnGiven([shell, app, &context] {
    context.action = [shell, app, &context] {
      context.Print(*shell == "bash" ? Bash(app) : *shell == "zsh" ? Zsh(app) : Fish(app));
      return 0;
    };
  });
}

}  // namespace quern::cli
