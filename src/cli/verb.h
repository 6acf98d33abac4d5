#pragma once
// The command line as verbs declare it. CLI11 is slow to compile, so that it stays in verb.cc.
#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace quern::cli {

/// Where a value from the command line goes; what stands there before is the default. Must outlive
/// the parsing.
using Target = std::variant<std::string*, std::vector<std::string>*, int*, uint64_t*, double*>;

/// An option or positional argument that is being declared. A handle: copying it declares nothing.
class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}

  Option& Required();
  /// Shows the default in --help.
  Option& ShowDefault();
  Option& OneOf(const std::vector<std::string>& words);
  Option& OneOfAnyCase(const std::vector<std::string>& words);
  /// Numbers from `low` to `high`, both included.
  Option& Between(double low, double high);
  /// A number of bytes, perhaps with a unit, a power of 1024: 64MB.
  Option& Bytes();
  /// The environment variable that stands for the option if it is not given.
  Option& Env(const std::string& variable);
  /// A list may be one argument with this between its parts.
  Option& Delimiter(char delimiter);
  /// Takes one argument each time that it is given, not all that follow.
  Option& OneEachTime();
  /// Not together with `other`.
  Option& Excludes(const Option& other);
  /// Only together with `other`.
  Option& Needs(const Option& other);
  /// For programs, not for people: neither --help nor completion shows it.
  Option& Hidden();

 private:
  CLI::Option* option_;
};

/// A verb that is being declared, or the program itself. A handle.
class Verb {
 public:
  explicit Verb(CLI::App* app) : app_(app) {}

  Verb AddVerb(const std::string& name, const std::string& doc);
  /// "--long", "-s,--long", or a bare name for a positional argument.
  template <typename T>
  Option AddOption(const std::string& name, T& target, const std::string& doc) {
    return AddTarget(name, Target(&target), doc);
  }
  /// "--name" sets `target`; in "--name,!--no-name" the second one clears it.
  Option AddFlag(const std::string& name, bool& target, const std::string& doc);
  /// "--no-name" clears `target`.
  void AddClearingFlag(const std::string& name, bool& target, const std::string& doc);
  /// Text below the options in --help.
  void Footer(const std::string& text);
  /// One of its verbs must follow.
  void RequireVerb();
  /// Called if the verb was given, once its options are read.
  void OnGiven(const std::function<void()>& then);

  std::string Name() const;
  std::string Doc() const;
  std::vector<Verb> Verbs() const;
  /// Long names of its options, without dashes and without hidden ones.
  std::vector<std::string> LongNames() const;

 private:
  Option AddTarget(const std::string& name, const Target& target, const std::string& doc);
  CLI::App* app_;
};

}  // namespace quern::cli
