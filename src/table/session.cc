#include "table/session.h"

#include <duckdb.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <limits>

#include "base/text.h"
#include "table/duck.h"

namespace quern::table {

bool IsNull(const Value& value) { return std::holds_alternative<std::monostate>(value); }

double ToNumber(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? 1 : 0;
  if (const auto* whole = std::get_if<int64_t>(&value)) return static_cast<double>(*whole);
  if (const auto* real = std::get_if<double>(&value)) return *real;
  return std::numeric_limits<double>::quiet_NaN();
}

std::string ToText(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* whole = std::get_if<int64_t>(&value)) return std::to_string(*whole);
  if (const auto* real = std::get_if<double>(&value)) return ShortestDouble(*real);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return {};
}

namespace {

/// DuckDB would spill into ".tmp" of the current folder otherwise.
std::string SpillFolder() {
  static std::atomic<int> next{0};
  std::error_code ignored;
  const auto folder = std::filesystem::temp_directory_path(ignored);
  return (folder / ("quern-spill-" + std::to_string(::getpid()) + "-" + std::to_string(next++)))
      .string();
}

}  // namespace

std::string QuoteName(std::string_view name) { return Quoted(name, '"'); }
std::string QuoteText(std::string_view text) { return Quoted(text, '\''); }

struct Session::State {
  duckdb_database database = nullptr;
  duckdb_connection connection = nullptr;
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (connection != nullptr) duckdb_disconnect(&connection);
    if (database != nullptr) duckdb_close(&database);
  }
};

Session::Session(std::unique_ptr<State> state) : state_(std::move(state)) {}
Session::~Session() = default;

Result<std::unique_ptr<Session>> Session::Open(const SessionOptions& options) {
  auto state = std::make_unique<State>();
  const std::pair<const char*, std::string> settings[] = {
      {"threads", std::to_string(options.threads)},
      {"memory_limit", std::to_string(options.memory_limit_mb) + "MB"},
      {"temp_directory", SpillFolder()},
      {"autoinstall_known_extensions", "false"},
      {"autoload_known_extensions", "false"},
      {"allow_community_extensions", "false"},
  };
  duckdb_config config = nullptr;
  bool good = duckdb_create_config(&config) == DuckDBSuccess;
  for (const auto& [key, value] : settings) {
    good = good && duckdb_set_config(config, key, value.c_str()) == DuckDBSuccess;
  }
  char* problem = nullptr;
  good = good && duckdb_open_ext(nullptr, &state->database, config, &problem) == DuckDBSuccess &&
         duckdb_connect(state->database, &state->connection) == DuckDBSuccess;
  duckdb_destroy_config(&config);
  const std::string reason = problem != nullptr ? problem : "bad settings";
  duckdb_free(problem);
  if (!good) return Fail(Code::kInternal, "cannot open the table engine: " + reason);
  std::unique_ptr<Session> session(new Session(std::move(state)));
  // Texts of times must not depend on the machine's time zone.
  QUERN_TRY(session->Execute("SET TimeZone = 'UTC'"));
  return session;
}

Status Session::Execute(const std::string& sql) {
  DuckResult result;
  if (duckdb_query(state_->connection, sql.c_str(), result.get()) != DuckDBSuccess) {
    return DuckError(result.error());
  }
  return {};
}

Result<Rows> Session::Query(const std::string& sql) {
  DuckResult result;
  QUERN_ASSIGN(Rows rows, RunQuery(state_->connection, sql, result));
  QUERN_TRY(ForEachChunk(result, [&](const ChunkView& chunk) {
    const size_t first = rows.rows.size();
    rows.rows.resize(first + chunk.rows(), std::vector<Value>(rows.columns.size()));
    for (size_t c = 0; c < rows.columns.size(); ++c) {
      for (size_t r = 0; r < chunk.rows(); ++r) rows.rows[first + r][c] = chunk.Read(c, r);
    }
    return Status();
  }));
  return rows;
}

namespace {

Frame EmptyFrame(const Rows& head, DuckResult& result) {
  Frame frame;
  for (size_t c = 0; c < head.columns.size(); ++c) {
    Column column;
    column.name = head.columns[c].name;
    column.is_text = !IsNumeric(result, c);
    frame.columns.push_back(std::move(column));
  }
  return frame;
}

void AppendChunk(const ChunkView& chunk, Frame& frame) {
  for (size_t c = 0; c < frame.columns.size(); ++c) {
    if (frame.columns[c].is_text) {
      chunk.AppendTexts(c, frame.columns[c].texts);
    } else {
      chunk.AppendNumbers(c, frame.columns[c].numbers);
    }
  }
}

}  // namespace

Result<Frame> Session::QueryFrame(const std::string& sql) {
  DuckResult result;
  QUERN_ASSIGN(const Rows head, RunQuery(state_->connection, sql, result));
  Frame frame = EmptyFrame(head, result);
  QUERN_TRY(ForEachChunk(result, [&](const ChunkView& chunk) {
    AppendChunk(chunk, frame);
    return Status();
  }));
  return frame;
}

Status Session::Scan(const std::string& sql, const std::function<Status(const Frame&)>& visit) {
  DuckResult result;
  QUERN_ASSIGN(const Rows head, RunQuery(state_->connection, sql, result));
  return ForEachChunk(result, [&](const ChunkView& chunk) {
    Frame piece = EmptyFrame(head, result);
    AppendChunk(chunk, piece);
    return visit(piece);
  });
}

Result<std::vector<ColumnInfo>> Session::Describe(const std::string& sql) {
  QUERN_ASSIGN(const Rows rows, Query("DESCRIBE " + sql));
  std::vector<ColumnInfo> columns;
  for (const auto& row : rows.rows) columns.push_back({ToText(row[0]), ToText(row[1])});
  return columns;
}

Status Session::Register(const std::string& name, const Frame& frame) {
  std::string definition;
  for (const Column& column : frame.columns) {
    if (!definition.empty()) definition += ", ";
    definition += QuoteName(column.name) + (column.is_text ? " VARCHAR" : " DOUBLE");
  }
  if (definition.empty()) {
    return Fail(Code::kInvalidArgument, "table '" + name + "' has no columns");
  }
  QUERN_TRY(Execute("CREATE OR REPLACE TABLE " + QuoteName(name) + " (" + definition + ")"));
  return Append(name, frame);
}

Status Session::Append(const std::string& name, const Frame& frame) {
  return AppendFrame(state_->connection, name, frame);
}

void Session::Interrupt() { duckdb_interrupt(state_->connection); }

}  // namespace quern::table
