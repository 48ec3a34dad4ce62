// train.augment: transforms of training examples, after they are read and before the method sees
// them. The result for an example depends on the seed, the epoch and the example alone.
#pragma once

#include "engine/data.hpp"

#include <memory>
#include <vector>

namespace spar::host {

class Augmentation {
  public:
    /// Throws Failure if a transform does not fit the data's examples.
    Augmentation(std::vector<std::unique_ptr<Instance>> transforms, const Data &data);

    /// Transforms a batch for `epoch`. Values that leave the data's box are the transform's fault:
    /// Failure(Exit::plugin).
    void apply(Batch &batch, std::int64_t epoch) const;

    const std::vector<std::unique_ptr<Instance>> &transforms() const { return transforms_; }

  private:
    spar_transform_rows rows(Batch &batch, const Instance &transform, std::int64_t epoch) const;
    void check(const Batch &batch, const Instance &transform) const;

    std::vector<std::unique_ptr<Instance>> transforms_;
    const Data &data_;
};

}  // namespace spar::host
