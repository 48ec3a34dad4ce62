// A model and a dataset of the host's own, for rehearsals before the real ones exist: small but
// complete, with non-zero gradients.
#pragma once

#include "instances/instance.hpp"

#include <vector>

namespace spar::host {

/// The kind of examples.
struct StandInExamples {
    std::vector<std::int64_t> shape;  /// of one; {length} of tokens
    bool tokens = false;
    bool classes = true;  /// otherwise target values
    double lower = 0, upper = 1;
    std::int64_t outputs = 100;  /// classes; the stand-in for a model has as many
};

/// The name of the one parameter that the model trains.
inline constexpr const char *stand_in_parameter = "weight";

/// Dataset and model take the pipeline's places, so that messages name those.
std::unique_ptr<Instance> stand_in_dataset(const Builder &builder, const StandInExamples &examples);
std::unique_ptr<Instance> stand_in_model(const Builder &builder);

}  // namespace spar::host
