#include "server/explaining.h"

#include "base/time.h"
#include "server/http/explanation_text.h"
#include "server/http/json_cursor.h"
#include "server/http/respond.h"

namespace quern::server {
namespace {

/// What a release wants to know of a request whose answer it does not judge.
class KeyReader : public Scorer {
 public:
  KeyReader(const ReadCall& read, Arena& arena) : read_(read), arena_(arena) {}

  Status Score(const serving::ServedModelPtr&, const Routed&) override { return {}; }
  std::string_view Read(const serving::ServedModelPtr& served, std::string_view field) override {
    const auto call = read_(*served);
    return call ? KeyText(*call, field, arena_) : std::string_view();
  }

 private:
  const ReadCall& read_;
  Arena& arena_;
};

Result<serving::Explanation> ExplainBy(const serving::ServedModelPtr& served, const ReadCall& read,
                                       Arena& arena) {
  QUERN_ASSIGN(const serving::InferenceCall call, read(*served));
  QUERN_ASSIGN(const serving::ExplainOptions options, serving::ReadExplainOptions(call.parameters));
  return serving::Explain(served, call, options, arena);
}

}  // namespace

Result<bool> ReadExplainParameter(const serving::ParameterValue& value) {
  if (const bool* wanted = std::get_if<bool>(&value)) return *wanted;
  return Fail(Code::kInvalidArgument,
              "parameter '" + std::string(kExplainParameter) + "' must be true or false");
}

bool MayAskForExplanations(std::string_view body) {
  // Looks from one first letter to the next, which numbers have none of: memmem takes ten times as
  // long for a batch.
  const auto holds = [body](std::string_view word) {
    return body.find(word) != std::string_view::npos;
  };
  // JSON may write a letter of it as \u0065: no encoder does, but who means harm.
  return holds(kExplainParameter) || holds("\\u006") || holds("\\u007");
}

bool AsksForExplanations(std::string_view body, std::string_view member, Arena& arena) {
  using Kind = JsonCursor::Kind;
  JsonCursor cursor(body, arena);
  if (cursor.Peek() != Kind::kObject) return false;
  bool asks = false;
  std::string_view key;
  for (cursor.EnterObject(); cursor.NextKey(&key);) {
    if (key != member || cursor.Peek() != Kind::kObject) {
      if (!cursor.Skip()) return false;
      continue;
    }
    for (cursor.EnterObject(); cursor.NextKey(&key);) {
      if (key == kExplainParameter) asks = cursor.Peek() == Kind::kTrue;
      if (!cursor.Skip()) return false;
    }
  }
  return asks && cursor.Finish();
}

Explained ExplainRouted(const ServingContext& context, std::string_view name,
                        std::string_view version, const net::RequestView& headers, Arena& arena,
                        const ReadCall& read) {
  const double begin = MonotonicSeconds();
  KeyReader keys(read, arena);
  Routed routed;
  auto served = FindRouted(context, name, version, headers, keys, arena, &routed);
  if (!served) {
    const int status = HttpStatus(PublicCode(served.error()));
    context.metrics.Unserved(status, MonotonicSeconds() - begin);
    return {std::unexpected(std::move(served).error()), nullptr, {}};
  }
  auto explanation = ExplainBy(*served, read, arena);
  const int status = explanation ? 200 : HttpStatus(PublicCode(explanation.error()));
  (*served)->metrics().Request(status, MonotonicSeconds() - begin);
  return {std::move(explanation), std::move(*served), routed};
}

void AnswerExplain(const ServingContext& context, std::string_view name, std::string_view version,
                   const Exchange& exchange, const ReadCall& read, const WriteHead& head,
                   const WriteFailure& write_error) {
  net::ResponseWriter& out = exchange.out;
  const Explained explained =
      ExplainRouted(context, name, version, exchange.request, exchange.arena, read);
  if (explained.served != nullptr) NameRoute(explained.routed, explained.served->name(), out);
  if (!explained.explanation) return write_error(explained.explanation.error(), out);
  std::string& body = out.body();
  body += '{';
  head(*explained.explanation, &body);
  AppendExplanation(&body, *explained.explanation);
  body += '}';
  CompressAnswer(exchange);
}

}  // namespace quern::server
