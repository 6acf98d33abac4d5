#pragma once
// The model card of a version (Mitchell et al., "Model Cards for Model Reporting", 2019), with the
// fields of TensorFlow's model-card toolkit, schema 0.0.2.
#include <string>

#include "base/json.h"
#include "registry/dossier.h"

namespace quern::registry {

/// {schema_version, model_details, model_parameters, quantitative_analysis, considerations}, filled
/// from what the store knows: the charter for details and considerations, training, evaluation with
/// its slices and intervals, data snapshots, and batches that were monitored. Beside the schema
/// stands `open`: questions that nobody has answered, so that a reader sees what is not known.
json::value CardJson(const Dossier& dossier);

/// The card for people, of what CardJson gave. All text of the store is escaped.
std::string CardMarkdown(const json::value& card);
/// One page that asks the network for nothing and holds no script.
std::string CardHtml(const json::value& card);

}  // namespace quern::registry
