// One epoch of a training as results.json (train.epochs) and the checkpoint hold it.
#pragma once

#include "base/json.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace spar::host {

/// Shares and losses that were not measured are NaN.
struct EpochRecord {
    std::int64_t epoch = 0;
    double loss = 0, train_accuracy = 0;
    double validation_accuracy = 0, validation_robust_accuracy = 0, validation_loss = 0;
    double seconds = 0, learning_rate_factor = 0;
    std::int64_t forward_examples = 0, backward_examples = 0;
    std::map<std::string, double> reported;  /// means of what the method reported
};

Json to_json(const EpochRecord &record);
/// Throws nlohmann::json::exception if it is malformed.
EpochRecord epoch_from(const Json &json);

/// JSON cannot express NaN: it is written as null.
Json number(double value);
double number(const Json &value);

}  // namespace spar::host
