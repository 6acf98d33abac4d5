#include "server/explaining.h"

#include "server/http/explanation_text.h"

namespace quern::server {
namespace {

Status Answer(const serving::ServedModelPtr& served, const Exchange& exchange, const ReadCall& read,
              const WriteHead& head) {
  QUERN_ASSIGN(const serving::InferenceCall call, read(*served));
  QUERN_ASSIGN(const serving::ExplainOptions options, serving::ReadExplainOptions(call.parameters));
  QUERN_ASSIGN(const serving::Explanation explained,
               serving::Explain(served, call, options, exchange.arena));
  std::string& body = exchange.out.body();
  body += '{';
  head(explained, &body);
  AppendExplanation(&body, explained);
  body += '}';
  CompressAnswer(exchange);
  return {};
}

}  // namespace

void AnswerExplain(const ServingContext& context, std::string_view name, std::string_view version,
                   const Exchange& exchange, const ReadCall& read, const WriteHead& head) {
  AnswerScoring(
      context, name, version, exchange,
      [&](const serving::ServedModelPtr& served, const Routed&) {
        return Answer(served, exchange, read, head);
      },
      [&](const Error& error) { WriteError(error, exchange.out); },
      [&](const serving::ServedModelPtr& served, std::string_view field) {
        const auto call = read(*served);
        return call ? KeyText(*call, field, exchange.arena) : std::string_view();
      });
}

}  // namespace quern::server
