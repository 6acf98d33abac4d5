#pragma once
// Rows of the prediction log into the table `predictions`, many a statement.
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "serving/log_decode.h"
#include "store/database.h"

namespace quern::serving {

/// Within one transaction: Add() each request, then Finish().
class PredictionInserter {
 public:
  explicit PredictionInserter(store::Database& database) : database_(database) {}

  Status Add(const LoggedRows& rows);
  Status Finish();

  uint64_t inserted() const { return inserted_; }
  uint64_t repeated() const { return repeated_; }
  uint64_t renamed() const { return renamed_; }

 private:
  struct Row {
    std::string id;
    std::string own_id;
    std::string request_id;
    int64_t index = 0;
    std::string model;
    std::string version;
    int64_t made_at = 0;
    std::string features;
    std::string scores;
    std::string decision;
    double latency_ms = 0;
    std::string route;
  };
  Status Flush();
  Result<std::vector<std::string>> Insert(const std::vector<Row>& rows);
  Status Settle(Row row);

  store::Database& database_;
  std::vector<Row> rows_;
  uint64_t inserted_ = 0;
  uint64_t repeated_ = 0;
  uint64_t renamed_ = 0;
};

}  // namespace quern::serving
