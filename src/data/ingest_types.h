#pragma once
// Inside of data/ only: from texts to canonical values, in SQL over the table of Stage().
#include <string>
#include <vector>

#include "base/result.h"
#include "data/ingest_stage.h"
#include "data/source.h"

namespace quern::data {

/// How one staged column becomes its final one.
struct TypedColumn {
  ColumnDecl decl;    // `physical` decided
  std::string value;  // SQL of the canonical value; NULL where the text does not fit
  std::string bad;    // SQL that is true where it does not fit; "" where every text fits
};

/// Types of all staged columns, in order: as declared, else inferred.
Result<std::vector<TypedColumn>> DecideTypes(const SourceSpec& spec, const Staged& staged,
                                             const ColumnDecls& declared);

/// What is wrong with a text that does not fit: "'12o' is not a number".
std::string Misfit(const ColumnDecl& decl, const std::string& value);

}  // namespace quern::data
