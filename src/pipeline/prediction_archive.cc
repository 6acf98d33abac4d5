#include "pipeline/prediction_archive.h"

#include <boost/json.hpp>
#include <cmath>
#include <limits>
#include <map>

#include "base/ids.h"
#include "base/json.h"
#include "serving/prediction_log.h"
#include "serving/prediction_retention.h"
#include "table/files.h"
#include "table/session.h"

namespace quern::pipeline {
namespace {

constexpr int64_t kDayMs = 86'400'000;
constexpr int64_t kRowsPerFile = 200'000;
constexpr int kTries = 3;
/// Labels that are asked for at once.
constexpr size_t kIdsPerQuery = 500;

/// Predictions of [from, until), by time.
struct Part {
  int64_t from = 0;
  int64_t until = 0;
};

Result<std::optional<int64_t>> Oldest(store::Database& database, int64_t from, int64_t until,
                                      int64_t skip) {
  std::optional<int64_t> made_at;
  QUERN_TRY(database.Query(
      "SELECT made_at FROM predictions WHERE made_at >= ? AND made_at < ? ORDER BY made_at LIMIT 1 "
      "OFFSET " +
          std::to_string(skip),
      {from, until}, [&](const store::Row& row) { made_at = row.Int(0); }));
  return made_at;
}

Result<std::optional<Part>> NextPart(store::Database& database, int64_t before_ms) {
  QUERN_ASSIGN(const auto first,
               Oldest(database, std::numeric_limits<int64_t>::min(), before_ms, 0));
  if (!first) return std::nullopt;
  const int64_t day = *first - ((*first % kDayMs) + kDayMs) % kDayMs;
  Part part{*first, std::min(day + kDayMs, before_ms)};
  QUERN_ASSIGN(const auto next, Oldest(database, part.from, part.until, kRowsPerFile));
  if (next) part.until = *next > *first ? *next : *first + 1;
  return part;
}

/// The columns of a file, in the order of kColumns' texts and numbers.
constexpr const char* kSelect =
    "SELECT p.prediction_id, p.request_id, p.row_index, p.model, p.version, p.made_at, p.features, "
    "p.scores, p.decision, p.latency_ms, p.route, f.label, f.label_time, f.source, f.revision, "
    "f.received_at FROM predictions p LEFT JOIN feedback f ON f.prediction_id = p.prediction_id "
    "WHERE p.made_at >= ? AND p.made_at < ? ORDER BY p.made_at, p.prediction_id";

struct FileColumn {
  const char* name;
  const char* type;
};
constexpr FileColumn kColumns[] = {
    {"prediction_id", "VARCHAR"}, {"request_id", "VARCHAR"}, {"row_index", "BIGINT"},
    {"model", "VARCHAR"},         {"version", "VARCHAR"},    {"made_at", "BIGINT"},
    {"features", "VARCHAR"},      {"scores", "VARCHAR"},     {"decision", "VARCHAR"},
    {"latency_ms", "DOUBLE"},     {"route", "VARCHAR"},      {"label", "VARCHAR"},
    {"label_time", "BIGINT"},     {"source", "VARCHAR"},     {"revision", "BIGINT"},
    {"received_at", "BIGINT"},
};

Frame EmptyFrame() {
  Frame frame;
  for (const FileColumn& column : kColumns) {
    frame.columns.push_back({column.name, column.type == std::string_view("VARCHAR"), {}, {}});
  }
  return frame;
}

struct PartRows {
  Frame frame = EmptyFrame();
  int64_t revisions = 0;  // of their labels, summed: changes with every label
  int64_t last = 0;
};

Result<PartRows> ReadPart(store::Database& database, const Part& part) {
  PartRows rows;
  QUERN_TRY(database.Query(kSelect, {part.from, part.until}, [&](const store::Row& row) {
    for (size_t i = 0; i < std::size(kColumns); ++i) {
      Column& column = rows.frame.columns[i];
      const int at = static_cast<int>(i);
      if (column.is_text) {
        column.texts.push_back(row.Text(at));
      } else {
        column.numbers.push_back(row.IsNull(at) ? std::nan("") : row.Number(at));
      }
    }
    rows.revisions += row.Int(14);
    rows.last = row.Int(5);
  }));
  return rows;
}

Status WriteRows(const Frame& frame, const std::string& path, Fs& fs) {
  QUERN_ASSIGN(const auto session, table::Session::Open());
  QUERN_TRY(session->Register("predictions", frame));
  std::string sql = "SELECT ";
  for (size_t i = 0; i < std::size(kColumns); ++i) {
    if (i > 0) sql += ", ";
    sql += std::string("CAST(") + kColumns[i].name + " AS " + kColumns[i].type + ") AS " +
           kColumns[i].name;
  }
  return table::WriteParquet(*session, sql + " FROM predictions ORDER BY made_at, prediction_id",
                             path, fs);
}

struct Exchanged {
  Status status;
  /// After an error: it may have happened all the same, as the commit was asked for.
  bool unknown = false;
};

/// The file's row instead of its predictions. kAborted if these are no longer what was read.
Exchanged Exchange(store::Database& database, Fs& fs, const std::string& file, const Part& part,
                   const PartRows& rows, const std::string& path, uint64_t bytes, int64_t now_ms) {
  const auto count = static_cast<int64_t>(rows.frame.rows());
  bool committing = false;
  Status status = database.Transaction([&]() -> Status {
    int64_t there = 0;
    int64_t revisions = 0;
    QUERN_TRY(database.Query(
        "SELECT count(*), CAST(coalesce(sum(f.revision), 0) AS BIGINT) FROM predictions p LEFT "
        "JOIN feedback f ON f.prediction_id = p.prediction_id WHERE p.made_at >= ? AND p.made_at < "
        "?",
        {part.from, part.until}, [&](const store::Row& row) {
          there = row.Int(0);
          revisions = row.Int(1);
        }));
    QUERN_TRY(fs.Stat(file));  // nobody has taken it for garbage
    if (there != count || revisions != rows.revisions) {
      return Fail(Code::kAborted, "predictions or labels arrived while they were moved");
    }
    QUERN_TRY(database.Execute(
        "INSERT INTO prediction_files (path, first_made_at, last_made_at, row_count, bytes, "
        "written_at) VALUES (?,?,?,?,?,?)",
        {path, part.from, rows.last, count, static_cast<int64_t>(bytes), now_ms}));
    QUERN_TRY(database.Execute(
        "DELETE FROM feedback WHERE prediction_id IN (SELECT prediction_id FROM predictions WHERE "
        "made_at >= ? AND made_at < ?)",
        {part.from, part.until}));
    QUERN_TRY(database.Execute("DELETE FROM predictions WHERE made_at >= ? AND made_at < ?",
                               {part.from, part.until}));
    committing = true;
    return {};
  });
  // kAborted is the database's word that it took the transaction back.
  const bool unknown = !status && committing && status.error().code != Code::kAborted;
  return {std::move(status), unknown};
}

Result<int64_t> ArchivePart(store::Database& database, Fs& fs, const std::string& state_dir,
                            const Part& part, const Clock& clock) {
  for (int i = 0;; ++i) {
    QUERN_ASSIGN(const PartRows rows, ReadPart(database, part));
    const std::string path =
        JoinPath(serving::kPredictionFiles,
                 FormatTime(part.from).substr(0, 10) + "-" + NewUuid7(clock) + ".parquet");
    const std::string file = JoinPath(state_dir, path);
    QUERN_TRY(WriteRows(rows.frame, file, fs));
    QUERN_ASSIGN(const FileInfo info, fs.Stat(file));
    const Exchanged exchanged =
        Exchange(database, fs, file, part, rows, path, info.size, clock.NowMs());
    if (exchanged.status) return static_cast<int64_t>(rows.frame.rows());
    const Error& error = exchanged.status.error();
    // It may be the only copy. If it is not, nothing lists it, and `quern gc` finds it.
    if (exchanged.unknown) return std::unexpected(error);
    QUERN_TRY(fs.RemoveAll(file));
    if (error.code != Code::kAborted || i + 1 == kTries) return std::unexpected(error);
  }
}

/// What a file says of one row.
Result<serving::LoggedPrediction> PredictionAt(const Frame& frame, size_t row) {
  const auto text = [&](size_t i) { return frame.columns[i].texts[row]; };
  const auto number = [&](size_t i) { return static_cast<int64_t>(frame.columns[i].numbers[row]); };
  serving::LoggedPrediction out;
  out.prediction_id = text(0);
  out.request_id = text(1);
  out.row = number(2);
  out.model = text(3);
  out.version = text(4);
  out.made_at = number(5);
  out.features = text(6);
  out.decision = text(8);
  out.latency_ms = frame.columns[9].numbers[row];
  out.route = text(10);
  if (!frame.columns[11].Missing(row)) out.label = text(11);
  if (!frame.columns[12].Missing(row)) out.label_time = number(12);
  QUERN_ASSIGN(const json::value scores, ParseJson(text(7)));
  if (!scores.is_array()) {
    return Fail(Code::kDataLoss, "prediction " + out.prediction_id + ": scores are no list");
  }
  for (const json::value& score : scores.as_array()) {
    out.scores.push_back(score.is_number() ? score.to_number<double>() : std::nan(""));
  }
  return out;
}

struct LateLabel {
  std::string label;
  std::optional<int64_t> time;
};

/// Labels in the database, by prediction id.
Result<std::map<std::string, LateLabel>> LabelsOf(store::Database& database,
                                                  const std::vector<std::string>& ids) {
  std::map<std::string, LateLabel> labels;
  for (size_t first = 0; first < ids.size(); first += kIdsPerQuery) {
    const size_t count = std::min(kIdsPerQuery, ids.size() - first);
    std::string sql =
        "SELECT prediction_id, label, label_time FROM feedback WHERE prediction_id IN (";
    for (size_t i = 0; i < count; ++i) sql += i == 0 ? "?" : ",?";
    QUERN_TRY(database.Query(sql + ")",
                             {ids.begin() + static_cast<ptrdiff_t>(first),
                              ids.begin() + static_cast<ptrdiff_t>(first + count)},
                             [&](const store::Row& row) {
                               LateLabel& label = labels[row.Text(0)];
                               label.label = row.Text(1);
                               if (!row.IsNull(2)) label.time = row.Int(2);
                             }));
  }
  return labels;
}

Status ReadFile(store::Database& database, table::Session& session, const std::string& file,
                const serving::PredictionFilter& filter,
                const std::function<Status(serving::LoggedPrediction)>& on_row) {
  std::string sql = "SELECT ";
  for (size_t i = 0; i < std::size(kColumns); ++i) {
    if (i > 0) sql += ", ";
    sql += kColumns[i].name;
  }
  sql += " FROM read_parquet(" + table::QuoteText(file) +
         ") WHERE made_at >= " + std::to_string(filter.since) + " AND made_at < " +
         std::to_string(filter.until);
  if (!filter.model.empty()) sql += " AND model = " + table::QuoteText(filter.model);
  if (!filter.version.empty()) sql += " AND version = " + table::QuoteText(filter.version);
  return session.Scan(sql, [&](const Frame& frame) -> Status {
    QUERN_ASSIGN(const auto late, LabelsOf(database, frame.columns[0].texts));
    for (size_t row = 0; row < frame.rows(); ++row) {
      QUERN_ASSIGN(auto prediction, PredictionAt(frame, row));
      if (const auto found = late.find(prediction.prediction_id); found != late.end()) {
        prediction.label = found->second.label;
        prediction.label_time = found->second.time;
      }
      QUERN_TRY(on_row(std::move(prediction)));
    }
    return {};
  });
}

}  // namespace

Result<ArchivedPredictions> ArchivePredictions(store::Database& database, Fs& fs,
                                               const std::string& state_dir, int64_t before_ms,
                                               const Clock& clock, const CancelToken& cancel) {
  ArchivedPredictions archived;
  for (;;) {
    QUERN_TRY(cancel.Check());
    QUERN_ASSIGN(const auto part, NextPart(database, before_ms));
    if (!part) return archived;
    QUERN_ASSIGN(const int64_t rows, ArchivePart(database, fs, state_dir, *part, clock));
    archived.rows += rows;
    ++archived.files;
  }
}

Result<int64_t> CountArchivable(store::Database& database, int64_t before_ms) {
  int64_t count = 0;
  QUERN_TRY(database.Query("SELECT count(*) FROM predictions WHERE made_at < ?", {before_ms},
                           [&](const store::Row& row) { count = row.Int(0); }));
  return count;
}

Status ReadAllPredictions(store::Database& database, Fs& fs, const std::string& state_dir,
                          const serving::PredictionFilter& filter,
                          const std::function<Status(serving::LoggedPrediction)>& on_row) {
  // What servers have logged and not moved yet.
  serving::PredictionMover mover(database, SystemClock(),
                                 JoinPath(state_dir, serving::kPredictionLogFolder));
  QUERN_TRY(mover.CatchUp());
  std::vector<std::string> paths;
  QUERN_TRY(database.Query(
      "SELECT path FROM prediction_files WHERE last_made_at >= ? AND first_made_at < ? ORDER BY "
      "first_made_at, path",
      {filter.since, filter.until}, [&](const store::Row& row) { paths.push_back(row.Text(0)); }));
  if (!paths.empty()) {
    QUERN_ASSIGN(const auto session, table::Session::Open());
    for (const std::string& path : paths) {
      const std::string file = JoinPath(state_dir, path);
      QUERN_TRY(fs.Stat(file));
      QUERN_TRY(ReadFile(database, *session, file, filter, on_row));
    }
  }
  return serving::ReadPredictions(database, filter, on_row);
}

}  // namespace quern::pipeline
