// A model and a dataset of the host's own, for what is to be tried before there are others: small,
// but a model and examples as any, with gradients that are not zero.
#pragma once

#include "instances/instance.hpp"

#include <vector>

namespace spar::host {

/// What the examples are like.
struct StandInExamples {
    std::vector<std::int64_t> shape;  /// of one; {length} of tokens
    bool tokens = false;
    bool classes = true;  /// else target values
    double lower = 0, upper = 1;
};

/// The name of the one parameter that the model trains.
inline constexpr const char *stand_in_parameter = "weight";

/// Dataset and model stand at the pipeline's places, so that messages name these.
std::unique_ptr<Instance> stand_in_dataset(const Builder &builder, const StandInExamples &examples);
std::unique_ptr<Instance> stand_in_model(const Builder &builder);

}  // namespace spar::host
