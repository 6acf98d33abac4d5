#include "server/explaining.h"

#include "base/time.h"
#include "server/http/explanation_text.h"

namespace quern::server {
namespace {

class Explainer : public Scorer {
 public:
  Explainer(const Exchange& exchange, const ReadCall& read, const WriteHead& head)
      : exchange_(exchange), read_(read), head_(head) {}

  Status Score(const serving::ServedModelPtr& served, const Routed&) override {
    QUERN_ASSIGN(const serving::InferenceCall call, read_(*served));
    QUERN_ASSIGN(const serving::ExplainOptions options,
                 serving::ReadExplainOptions(call.parameters));
    QUERN_ASSIGN(const serving::Explanation explained,
                 serving::Explain(served, call, options, exchange_.arena));
    std::string& body = exchange_.out.body();
    body += '{';
    head_(explained, &body);
    AppendExplanation(&body, explained);
    body += '}';
    CompressAnswer(exchange_);
    return {};
  }

  std::string_view Read(const serving::ServedModelPtr& served, std::string_view field) override {
    const auto call = read_(*served);
    return call ? KeyText(*call, field, exchange_.arena) : std::string_view();
  }

 private:
  const Exchange& exchange_;
  const ReadCall& read_;
  const WriteHead& head_;
};

}  // namespace

void AnswerExplain(const ServingContext& context, std::string_view name, std::string_view version,
                   const Exchange& exchange, const ReadCall& read, const WriteHead& head) {
  const double begin = MonotonicSeconds();
  net::ResponseWriter& out = exchange.out;
  Explainer explainer(exchange, read, head);
  Routed routed;
  auto served =
      FindRouted(context, name, version, exchange.request, explainer, exchange.arena, &routed);
  if (!served) {
    WriteError(served.error(), out);
    context.metrics.Unserved(out.status(), MonotonicSeconds() - begin);
    return;
  }
  NameRoute(routed, (*served)->name(), out);
  if (const Status status = explainer.Score(*served, routed); !status) {
    WriteError(status.error(), out);
  }
  (*served)->metrics().Request(out.status(), MonotonicSeconds() - begin);
}

}  // namespace quern::server
