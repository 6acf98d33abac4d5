#include "serving/package_model.h"

#include <utility>

#include "model/scorer.h"

namespace quern::serving {
namespace {

class PackageModel : public ScoringModel {
 public:
  explicit PackageModel(std::unique_ptr<model::Scorer> scorer) : scorer_(std::move(scorer)) {}
  const Signature& signature() const override { return scorer_->signature(); }
  Result<ml::Scores> Score(const Frame& rows) const override { return scorer_->Score(rows); }

 private:
  std::unique_ptr<model::Scorer> scorer_;
};

}  // namespace

Result<std::shared_ptr<const ScoringModel>> LoadPackage(const std::string& dir) {
  QUERN_ASSIGN(auto scorer, model::Scorer::Load(dir));
  return std::make_shared<const PackageModel>(std::move(scorer));
}

}  // namespace quern::serving
