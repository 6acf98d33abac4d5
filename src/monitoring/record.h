#pragma once
// The JSON shapes of docs/format/records.md that this room owns.
#include "base/json.h"
#include "monitoring/acceptance.h"
#include "monitoring/concept.h"
#include "monitoring/drift.h"
#include "monitoring/performance.h"
#include "monitoring/trigger.h"

namespace quern::monitoring {

/// {"value", "low", "high"}.
json::value IntervalRecord(const stats::Interval& interval);
/// COLUMN.
json::value ColumnRecord(const ColumnDrift& column);
/// DRIFT.
json::value DriftRecord(const DriftReport& report);
/// monitor.labels.
json::value LabelsRecord(const LabelJoin& join);
/// monitor.performance.
json::value PerformanceRecord(const std::vector<MetricInterval>& realised,
                              const std::vector<MetricInterval>& expected);
/// monitor.concept_drift.
json::value ConceptRecord(const ConceptVerdict& verdict);
/// retrain.trigger.
json::value TriggerRecord(const TriggerVerdict& verdict);

}  // namespace quern::monitoring
