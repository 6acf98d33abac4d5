#pragma once
// Expectations that a profile supports: a first list for a team to accept, change or throw away.
#include <string>
#include <vector>

#include "base/time.h"
#include "data/expectation.h"
#include "data/profile.h"

namespace quern::data {

struct Suggestion {
  Expectation expectation;
  std::string reason;  // the evidence, in words
};

struct SuggestOptions {
  const Clock* clock = &SystemClock();  // for freshness; borrowed
  int64_t enough_rows = 30;             // fewer present values support no rule about them
};

/// Rules (n = present values, bounds are the lower 95 % Wilson bound, cut to two decimals):
///   not_null: none missing among n >= 30 rows; else, up to 80 % missing, with `mostly` at the
///   bound, warn. type: every number column; integer if all values are whole. between: numbers;
///   minimum and maximum widened by 10 % of the interquartile range, not across zero,
///     rounded outwards. If zeros look like missing values, from the smallest other value, with
///     `mostly` at the bound, warn.
///   in_set: categories with at most 100 values of which at most a tenth occur once; mostly 0.99,
///   warn. regex: text whose letters and digits all follow one pattern. unique: text or whole
///   numbers that differ in every row. freshness: times whose newest is at most 90 days old; twice
///   that age, at least a day, warn. row_count: at least half of the rows, warn.
/// Columns in which everything is missing or constant give nothing but not_null. The target's
/// source columns are treated like the others.
std::vector<Suggestion> SuggestExpectations(const TableProfile& profile,
                                            const SuggestOptions& options = {});

/// The list as YAML, each rule below a comment with its reason; ParseExpectationsText() reads it.
std::string SuggestionsYaml(const std::vector<Suggestion>& suggestions);

/// Lower bound of the two-sided 95 % Wilson interval of a share.
double WilsonLower(int64_t successes, int64_t total);

}  // namespace quern::data
