#include "server/routing.h"

#include <charconv>
#include <cmath>

#include "base/text.h"
#include "server/context.h"
#include "serving/call_note.h"
#include "serving/convert.h"

namespace quern::server {
namespace {

/// Value of a cookie in a header as "a=1; b=2"; "" if it is not there.
std::string_view CookieValue(std::string_view header, std::string_view name) {
  while (!header.empty()) {
    const size_t end = header.find(';');
    const std::string_view pair = Trim(header.substr(0, end));
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') {
      return pair.substr(name.size() + 1);
    }
    header.remove_prefix(end == std::string_view::npos ? header.size() : end + 1);
  }
  return {};
}

/// Of a candidate that gave no answer, once the stable version was asked: what that one answers is
/// the candidate's failure, whatever it gave as the reason; what both refuse is the caller's.
deploy::Outcome OutcomeOfRefused(deploy::Outcome outcome, bool stable_answered) {
  if (!stable_answered || outcome.nan || outcome.schema) return outcome;
  outcome.error = true;
  outcome.invalid = false;
  return outcome;
}

/// Who is asked for an answer that the first version did not give.
struct SecondTry {
  serving::ServedModelPtr served;  // null: nobody
  Routed routed;
};
SecondTry AskStable(const ServingContext& context, const Routed& failed, std::string_view model,
                    Code code, Arena& arena) {
  SecondTry second;
  const bool around = code == Code::kDeadlineExceeded || code == Code::kUnavailable ||
                      code == Code::kResourceExhausted || code == Code::kCancelled;
  if (failed.controller == nullptr || around) return second;
  const deploy::Route route = failed.controller->InsteadOf(failed.route);
  if (route.release.empty()) return second;
  auto served = context.inference.Find(model, route.version);
  if (!served) return second;
  second.served = std::move(*served);
  second.routed.controller = failed.controller;
  second.routed.route = route;
  second.routed.text =
      deploy::WriteRouteText(route, arena.Make<char>(deploy::RouteTextRoom(route)));
  return second;
}

}  // namespace

bool OurFault(Code code) { return code == Code::kInternal || code == Code::kDeadlineExceeded; }

deploy::Outcome OutcomeOf(std::optional<Code> failed, double ms) {
  deploy::Outcome outcome;
  outcome.latency_ms = ms;
  if (!failed) return outcome;
  const serving::AnswerFault fault = serving::LastCall().fault;
  outcome.nan = fault == serving::AnswerFault::kNumber;
  outcome.schema = fault == serving::AnswerFault::kShape;
  // A candidate may want columns that callers do not send. What callers get wrong by themselves is
  // counted for both versions alike.
  outcome.invalid = *failed == Code::kInvalidArgument;
  // An answer with a fault is invalid, and counted as that.
  outcome.error = OurFault(*failed) && fault == serving::AnswerFault::kNone;
  return outcome;
}

std::string_view KeyText(const serving::InferenceCall& call, std::string_view field, Arena& arena) {
  for (const serving::NamedTensor& input : call.inputs) {
    if (input.name != field || input.tensor.elements() == 0) continue;
    if (input.tensor.type == model::DataType::kBytes) {
      return input.tensor.values<std::string_view>()[0];
    }
    const double number = serving::NumberAt(input.tensor.type, input.tensor.data, 0);
    if (std::isnan(number)) return {};
    const auto room = arena.Make<char>(32);
    const auto end = std::to_chars(room.data(), room.data() + room.size(), number).ptr;
    return {room.data(), static_cast<size_t>(end - room.data())};
  }
  return {};
}

Result<serving::ServedModelPtr> FindRouted(const ServingContext& context, std::string_view name,
                                           std::string_view version,
                                           const net::RequestView& headers, Scorer& scorer,
                                           Arena& arena, Routed* routed) {
  if (context.releases == nullptr) return context.inference.Find(name, version);
  serving::ServedModelPtr meant;
  if (name.empty()) {
    QUERN_ASSIGN(meant, context.inference.Find(name, version));
    name = meant->name();
  }
  // Between the choice and its look-up a release may end and let the version go: then once more.
  for (int attempt = 0; attempt < 3; ++attempt) {
    deploy::RouteQuestion ask;
    deploy::ReleaseController* controller = context.releases->Deciding(name, version, &ask);
    if (controller == nullptr) break;
    std::string_view key;
    if (!ask.key_header.empty()) key = headers.Find(ask.key_header);
    if (!ask.key_cookie.empty()) key = CookieValue(headers.Find("Cookie"), ask.key_cookie);
    if (!ask.key_field.empty()) {
      if (meant == nullptr) {
        QUERN_ASSIGN(meant, context.inference.Find(name, version));
      }
      key = scorer.Read(meant, ask.key_field);
    }
    const std::string_view wish =
        ask.override_header.empty() ? std::string_view() : headers.Find(ask.override_header);
    const deploy::Route route = controller->Pick(key, wish);
    if (route.release.empty()) break;
    auto chosen = context.inference.Find(name, route.version);
    if (!chosen) continue;
    routed->controller = controller;
    routed->route = route;
    routed->text = deploy::WriteRouteText(route, arena.Make<char>(deploy::RouteTextRoom(route)));
    return chosen;
  }
  return context.inference.Find(name, version);
}

Scored ScoreRouted(const ServingContext& context, std::string_view name, std::string_view version,
                   const net::RequestView& headers, Arena& arena, Scorer& scorer) {
  const double begin = MonotonicSeconds();
  const auto since = [begin] { return MonotonicSeconds() - begin; };
  Scored scored;
  auto served = FindRouted(context, name, version, headers, scorer, arena, &scored.routed);
  if (!served) {
    scored.status = std::unexpected(std::move(served).error());
    scored.seconds = since();
    return scored;
  }
  scored.served = std::move(*served);
  scored.status = scorer.Score(scored.served, scored.routed);
  scored.seconds = since();
  deploy::ReleaseController* const controller = scored.routed.controller;
  if (controller == nullptr) return scored;
  const deploy::Route route = scored.routed.route;
  const auto code = scored.status ? std::nullopt : std::optional(scored.status.error().code);
  deploy::Outcome outcome = OutcomeOf(code, scored.seconds * 1000);
  // What was scored and could not be written is in the prediction log: it is the caller's answer.
  if (code && serving::LastCall().logged < begin) {
    SecondTry second = AskStable(context, scored.routed, scored.served->name(), *code, arena);
    if (second.served != nullptr) {
      scored.served->metrics().Request(HttpStatus(*code), scored.seconds);
      scored.served = std::move(second.served);
      scored.routed = second.routed;
      scored.status = scorer.Score(scored.served, scored.routed);
      scored.seconds = since();
      outcome = OutcomeOfRefused(outcome, scored.status.has_value());
    }
  }
  controller->Observe(route, outcome);
  return scored;
}

Result<serving::InferenceAnswer> InferRouted(const ServingContext& context,
                                             const serving::ServedModelPtr& served,
                                             serving::InferenceCall& call, const Routed& routed,
                                             Arena& arena) {
  call.route = routed.text;
  if (routed.route.mirror.empty()) return context.inference.Infer(served, call, arena);
  const double begin = MonotonicSeconds();
  call.model = served->name();
  auto answer = context.inference.Infer(served, call, arena);
  context.releases->Mirror(routed, call, answer, (MonotonicSeconds() - begin) * 1000);
  return answer;
}

void NameRoute(const Routed& routed, std::string_view model, net::ResponseWriter& out) {
  if (routed.controller == nullptr) return;
  out.AddHeader("X-Quern-Model", model);
  out.AddHeader("X-Quern-Version", routed.route.version);
  out.AddHeader("X-Quern-Route", routed.text);
}

}  // namespace quern::server
