#include "server/explaining.h"

#include "base/time.h"
#include "server/http/explanation_text.h"

namespace quern::server {
namespace {

/// The key that a release takes from a request's column.
class KeyReader : public FieldReader {
 public:
  KeyReader(const ReadCall& read, Arena& arena) : read_(read), arena_(arena) {}
  std::string_view Read(const serving::ServedModelPtr& served, std::string_view field) override {
    const auto call = read_(*served);
    return call ? KeyText(*call, field, arena_) : std::string_view();
  }

 private:
  const ReadCall& read_;
  Arena& arena_;
};

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
  const double begin = MonotonicSeconds();
  net::ResponseWriter& out = exchange.out;
  KeyReader key(read, exchange.arena);
  Routed routed;
  auto served = FindRouted(context, name, version, exchange.request, key, exchange.arena, &routed);
  if (!served) {
    WriteError(served.error(), out);
    context.metrics.Unserved(out.status(), MonotonicSeconds() - begin);
    return;
  }
  NameRoute(routed, (*served)->name(), out);
  if (const Status status = Answer(*served, exchange, read, head); !status) {
    WriteError(status.error(), out);
  }
  (*served)->metrics().Request(out.status(), MonotonicSeconds() - begin);
}

}  // namespace quern::server
