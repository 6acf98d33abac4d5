#include "serving/metrics.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <fstream>

#include "base/text.h"

namespace quern::serving {
namespace {

std::string Escape(std::string_view value) {
  std::string out;
  for (char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

std::string LabelText(std::string_view name, std::string_view value) {
  return std::string(name) + "=\"" + Escape(value) + "\"";
}

void Line(std::string* out, std::string_view name, std::string_view labels, double value) {
  out->append(name);
  if (!labels.empty()) out->append("{").append(labels).append("}");
  out->append(" ").append(ShortestDouble(value)).append("\n");
}

template <size_t N>
void HistogramLines(std::string* out, std::string_view name, const std::string& labels,
                    const std::array<double, N>& bounds, const Histogram<N>& histogram) {
  uint64_t total = 0;
  std::string bucket = std::string(name) + "_bucket";
  for (size_t i = 0; i <= N; ++i) {
    total += histogram.counts[i];
    std::string bound = i < N ? ShortestDouble(bounds[i]) : "+Inf";
    Line(out, bucket, labels + "," + LabelText("le", bound), static_cast<double>(total));
  }
  Line(out, std::string(name) + "_sum", labels, histogram.sum);
  Line(out, std::string(name) + "_count", labels, static_cast<double>(total));
}

void Head(std::string* out, std::string_view name, std::string_view type, std::string_view help) {
  out->append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ");
  out->append(name).append(" ").append(type).append("\n");
}

void LogLines(std::string* out, const ServerGauges& gauges) {
  const PredictionLogCounts& log = gauges.log;
  struct Count {
    std::string_view name;
    std::string_view type;
    std::string_view help;
    uint64_t value;
  };
  const Count counts[] = {
      {"quern_log_waiting_bytes", "gauge", "Of the prediction log, not in the database yet.",
       log.waiting_bytes},
      {"quern_log_rows_total", "counter", "Predictions that were logged.", log.rows},
      {"quern_log_lost_rows_total", "counter", "Predictions that were given and not logged.",
       log.dropped_rows},
      {"quern_log_refused_rows_total", "counter", "Predictions not given, as the log was full.",
       log.refused_rows},
      {"quern_log_moved_rows_total", "counter", "Predictions moved into the database.",
       log.moved.rows},
      {"quern_log_repeated_rows_total", "counter", "Predictions that were there under their id.",
       log.moved.repeated},
      {"quern_log_renamed_rows_total", "counter",
       "Predictions whose id stood for another: kept under an id of their own.", log.moved.renamed},
      {"quern_log_broken_records_total", "counter", "Places of the log that could not be read.",
       log.moved.broken},
      {"quern_access_log_lost_lines_total", "counter", "Lines of the access log that were lost.",
       gauges.lost_access_lines},
      {"quern_trace_dropped_spans_total", "counter", "Spans that were not sent to the collector.",
       gauges.dropped_spans},
  };
  for (const Count& count : counts) {
    Head(out, count.name, count.type, count.help);
    Line(out, count.name, "", static_cast<double>(count.value));
  }
}

void ProcessLines(std::string* out, int64_t started_at) {
  std::ifstream statm("/proc/self/statm");
  double pages = 0;
  double resident = 0;
  if (statm >> pages >> resident) {
    Head(out, "process_resident_memory_bytes", "gauge", "Resident memory size in bytes.");
    Line(out, "process_resident_memory_bytes", "",
         resident * static_cast<double>(sysconf(_SC_PAGESIZE)));
  }
  timespec cpu{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
  Head(out, "process_cpu_seconds_total", "counter", "User and system CPU time in seconds.");
  Line(out, "process_cpu_seconds_total", "",
       static_cast<double>(cpu.tv_sec) + static_cast<double>(cpu.tv_nsec) * 1e-9);
  Head(out, "process_start_time_seconds", "gauge", "Start of the server, seconds since 1970.");
  Line(out, "process_start_time_seconds", "", static_cast<double>(started_at) / 1000);
}

}  // namespace

/// One metric: name, type, help, and how a version's counters write themselves.
struct Metrics::Family {
  std::string_view name;
  std::string_view type;
  std::string_view help;
  void (*write)(std::string* out, const std::string& labels, const Counted& counted);
};

const std::vector<Metrics::Family>& Metrics::Families() {
  static const std::vector<Family> families = {
      {"quern_requests_total", "counter", "Scoring requests by HTTP status code.",
       [](std::string* out, const std::string& labels, const Counted& counted) {
         for (const auto& [code, count] : counted.totals.codes) {
           if (count == 0) continue;
           Line(out, "quern_requests_total", labels + "," + LabelText("code", std::to_string(code)),
                static_cast<double>(count));
         }
       }},
      {"quern_request_seconds", "histogram", "Time from a parsed request to its answer.",
       [](std::string* out, const std::string& labels, const Counted& counted) {
         HistogramLines(out, "quern_request_seconds", labels, kSecondBounds,
                        counted.totals.seconds);
       }},
      {"quern_batch_size", "histogram", "Rows per scored request.",
       [](std::string* out, const std::string& labels, const Counted& counted) {
         HistogramLines(out, "quern_batch_size", labels, kBatchBounds, counted.totals.batch);
       }},
      {"quern_run_rows", "histogram", "Rows per run of the engine, which may be of many requests.",
       [](std::string* out, const std::string& labels, const Counted& counted) {
         HistogramLines(out, "quern_run_rows", labels, kBatchBounds, counted.totals.run);
       }},
      {"quern_prediction_score", "histogram",
       "Binary: probability of the positive class; multiclass: of the predicted class.",
       [](std::string* out, const std::string& labels, const Counted& counted) {
         if (counted.totals.classes.empty()) return;
         HistogramLines(out, "quern_prediction_score", labels, kScoreBounds, counted.totals.score);
       }},
      {"quern_predictions_total", "counter", "Predicted rows by class; regression has class \"\".",
       [](std::string* out, const std::string& labels, const Counted& counted) {
         const std::vector<std::string>& classes = counted.metrics.classes();
         for (size_t i = 0; i < classes.size(); ++i) {
           Line(out, "quern_predictions_total", labels + "," + LabelText("class", classes[i]),
                static_cast<double>(counted.totals.classes[i]));
         }
         if (classes.empty()) {
           Line(out, "quern_predictions_total", labels + "," + LabelText("class", ""),
                static_cast<double>(counted.totals.rows));
         }
       }},
      {"quern_explained_rows_total", "counter", "Rows whose score was explained.",
       [](std::string* out, const std::string& labels, const Counted& counted) {
         Line(out, "quern_explained_rows_total", labels,
              static_cast<double>(counted.totals.explained));
       }},
      {"quern_feature_missing_ratio", "gauge", "Share of rows since start whose input was missing.",
       [](std::string* out, const std::string& labels, const Counted& counted) {
         const std::vector<std::string>& columns = counted.metrics.columns();
         for (size_t i = 0; i < columns.size(); ++i) {
           if (columns[i].empty()) continue;
           Line(out, "quern_feature_missing_ratio", labels + "," + LabelText("feature", columns[i]),
                static_cast<double>(counted.totals.missing[i]) /
                    static_cast<double>(std::max<uint64_t>(1, counted.totals.rows)));
         }
       }},
  };
  return families;
}

Metrics::Metrics(const Clock& clock) : clock_(clock), started_at_(clock.NowMs()) {}

void Metrics::Feedback(size_t accepted, size_t updated, size_t unchanged, size_t unknown) {
  MutexLock lock(mutex_);
  feedback_[0] += accepted;
  feedback_[1] += updated;
  feedback_[2] += unchanged;
  feedback_[3] += unknown;
}

std::string Metrics::Render(const std::vector<ServedModelPtr>& models,
                            const ServerGauges& gauges) const {
  std::string out;
  Head(&out, "quern_build_info", "gauge", "Always 1; the version is a label.");
  Line(&out, "quern_build_info", LabelText("version", QUERN_VERSION), 1);
  Head(&out, "quern_inflight", "gauge", "Requests being handled.");
  Line(&out, "quern_inflight", "", static_cast<double>(gauges.inflight));
  Head(&out, "quern_model_age_seconds", "gauge", "Seconds since the model was loaded.");
  for (const ServedModelPtr& served : models) {
    Line(&out, "quern_model_age_seconds",
         LabelText("model", served->name()) + "," + LabelText("version", served->version()),
         static_cast<double>(clock_.NowMs() - served->loaded_at()) / 1000);
  }
  LogLines(&out, gauges);
  MutexLock lock(mutex_);
  Head(&out, "quern_feedback_total", "counter", "Labels received, by what became of them.");
  constexpr std::array<std::string_view, 4> kOutcomes = {"accepted", "updated", "unchanged",
                                                         "unknown"};
  for (size_t i = 0; i < kOutcomes.size(); ++i) {
    Line(&out, "quern_feedback_total", LabelText("outcome", kOutcomes[i]),
         static_cast<double>(feedback_[i]));
  }
  std::vector<std::pair<std::string, Counted>> all;
  const ModelMetrics::Totals unserved = unserved_.Sum();
  for (const ServedModelPtr& served : models) {
    all.emplace_back(
        LabelText("model", served->name()) + "," + LabelText("version", served->version()),
        Counted{served->metrics(), served->metrics().Sum()});
  }
  for (const Family& family : Families()) {
    Head(&out, family.name, family.type, family.help);
    if (family.name == Families().front().name) {
      // Under an empty name: labels must not grow with what clients make up.
      family.write(&out, LabelText("model", "") + "," + LabelText("version", ""),
                   {unserved_, unserved});
    }
    for (const auto& [labels, counted] : all) family.write(&out, labels, counted);
  }
  ProcessLines(&out, started_at_);
  return out;
}

}  // namespace quern::serving
