// Which examples of a set are chosen if only some are used: those held out, or a few to train or
// evaluate on.
#pragma once

#include "engine/data.hpp"
#include "plan/plan.hpp"

#include <string>

namespace spar::host {

/// `count` of the examples `from` (ascending), in ascending order. Random ones depend on the key
/// alone, and if the data holds classes, each gets its share (largest remainder).
std::vector<std::int64_t> choose_examples(const Data &data, std::span<const std::int64_t> from,
                                          std::int64_t count, Split split, std::uint64_t key);

/// Those to validate on: of a separate set, or held out of the training set `data`. Throws
/// Failure(Exit::pipeline) if none would be left to train on.
std::vector<std::int64_t> validation_examples(const DataPlan &plan, const Data &data,
                                              std::uint64_t key);

/// How examples were chosen, and the place in the pipeline that says so.
struct Chosen {
    Split split;
    std::string place;
    bool rest_is_trained_on = false;
};

/// Warns if the first or the last examples lack classes that random ones would contain, as in a set
/// sorted by class, or leave none of a class to train on.
void warn_of_split(const Data &data, std::span<const std::int64_t> from,
                   std::span<const std::int64_t> chosen, const Chosen &how);

/// `from` without `taken`; both ascend.
std::vector<std::int64_t> remaining(std::span<const std::int64_t> from,
                                    std::span<const std::int64_t> taken);

}  // namespace spar::host
