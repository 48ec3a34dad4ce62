#include "run/epoch_record.hpp"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace spar::host {

Json number(double value) {
    return std::isfinite(value) ? Json(value) : Json(nullptr);
}

double number(const Json &value) {
    return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

Json to_json(const EpochRecord &r) {
    Json row{{"epoch", r.epoch},
             {"loss", number(r.loss)},
             {"train_accuracy", number(r.train_accuracy)},
             {"validation_accuracy", number(r.validation_accuracy)}};
    if (std::isfinite(r.validation_loss)) row["validation_loss"] = r.validation_loss;
    if (std::isfinite(r.validation_robust_accuracy))
        row["validation_robust_accuracy"] = r.validation_robust_accuracy;
    row["learning_rate_factor"] = r.learning_rate_factor;
    row["seconds"] = r.seconds;
    row["forward_examples"] = r.forward_examples;
    row["backward_examples"] = r.backward_examples;
    for (const auto &[name, value] : r.reported) row["reported"][name] = number(value);
    return row;
}

EpochRecord epoch_from(const Json &row) {
    const auto value = [&](const char *name) { return number(row.value(name, Json())); };
    EpochRecord r;
    r.epoch = row.at("epoch");
    r.loss = value("loss");
    r.train_accuracy = value("train_accuracy");
    r.validation_accuracy = value("validation_accuracy");
    r.validation_loss = value("validation_loss");
    r.validation_robust_accuracy = value("validation_robust_accuracy");
    r.learning_rate_factor = row.at("learning_rate_factor");
    r.seconds = row.at("seconds");
    r.forward_examples = row.at("forward_examples");
    r.backward_examples = row.at("backward_examples");
    const Json reported = row.value("reported", Json::object());
    for (const auto &[name, mean] : reported.items()) r.reported[name] = number(mean);
    return r;
}

}  // namespace spar::host
