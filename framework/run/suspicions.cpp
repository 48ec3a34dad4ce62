#include "run/suspicions.hpp"

#include "base/warnings.hpp"

#include <spar/geometry.hpp>

#include <fmt/format.h>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>
#include <unordered_set>

namespace spar::host {
namespace {

/// Training sets with more values than this are not compared: it would take too long.
constexpr std::int64_t most_compared_values = std::int64_t{1} << 32;
/// A smaller share is chance: real sets contain a few duplicate images.
constexpr double suspicious_share = 0.01;
/// The smallest decrease, as a share of the first batch's loss, that counts as learning.
constexpr double least_fall = 0.01;

void warn_of_wide_steps(const Json &node, const std::string &pointer, double width,
                        const spar_threat &threat) {
    if (!node.is_structured()) return;
    for (const auto &[name, value] : node.items()) {
        const std::string here = pointer + "/" + name;
        if (name == "step_size" && value.is_number() &&
            static_cast<float>(value.get<double>()) >= width)
            warnings().add({.code = "wide_step",
                            .place = "#" + here,
                            .message = fmt::format("the step {} crosses the whole box [{}, {}]",
                                                   value.get<double>(), threat.lower, threat.upper),
                            .remedy = "steps are in the units of the data, as eps is"});
        warn_of_wide_steps(value, here, width, threat);
    }
}

/// A fingerprint of each example's values.
template <class Use>
void for_fingerprints(const Data &data, std::span<const std::int64_t> indices, Use &&use) {
    constexpr std::size_t block = 256;
    Batch batch;
    for (std::size_t at = 0; at < indices.size(); at += block) {
        if (embedder().stop_requested()) return;  // a run that ends here reports nothing
        data.read(indices.subspan(at, std::min(block, indices.size() - at)), batch);
        const auto width = static_cast<std::size_t>(batch.length);
        const auto tokens_of = [&](std::size_t i) {  // without the padding, which varies
            std::span<const std::int64_t> row(batch.tokens.data() + i * width, width);
            while (!row.empty() && batch.mask[i * width + row.size() - 1] == 0)
                row = row.first(row.size() - 1);
            return row;
        };
        for (std::size_t i = 0; i < static_cast<std::size_t>(batch.count); ++i) {
            const auto bytes = data.tokens() ? std::as_bytes(tokens_of(i))
                                             : std::as_bytes(batch.x[static_cast<std::int64_t>(i)]);
            use(std::hash<std::string_view>()(
                    {reinterpret_cast<const char *>(bytes.data()), bytes.size()}),
                batch.ids[i]);
        }
    }
}

/// How many of the examples are in the training set, and which; the count is 0 if they are few
/// enough to be chance, or if comparing would take too long.
Warning overlap(const TrainingTask &training, const Data &other,
                std::span<const std::int64_t> indices) {
    Warning warning;
    const std::int64_t values = std::ssize(training.indices) * product(training.data.shape());
    if (values > most_compared_values) return warning;
    std::unordered_set<std::size_t> seen;
    for_fingerprints(training.data, training.indices,
                     [&](std::size_t print, std::int64_t) { seen.insert(print); });
    for_fingerprints(other, indices, [&](std::size_t print, std::int64_t id) {
        if (!seen.contains(print)) return;
        ++warning.count;
        if (warning.examples.size() < 8) warning.examples.push_back(id);
    });
    if (static_cast<double>(warning.count) < suspicious_share * static_cast<double>(indices.size()))
        warning.count = 0;
    return warning;
}

}  // namespace

void check_evaluation(const Plan &plan, bool classes, bool own_weights) {
    const EvaluatePlan &evaluate = *plan.evaluate;
    if (!classes && (evaluate.least_clean_accuracy || evaluate.least_robust_accuracy))
        throw Failure(Exit::pipeline,
                      "#/evaluate/threshold: the data holds values, and accuracies are of classes; "
                      "leave it out");
    if (!plan.train && plan.weights.empty() && !own_weights)
        warnings().add({.code = "untrained_network",
                        .place = "#/model",
                        .message = "the network is evaluated as it is initialised: there is "
                                   "neither \"train\" nor weights",
                        .remedy = "name a file: \"model\": {\"weights\": ...}"});
}

void warn_of_few_examples(const std::string &place, std::int64_t asked, std::int64_t there) {
    warnings().add({.code = "fewer_examples",
                    .place = place,
                    .message = fmt::format("{} examples were asked for, and there are {}; all of "
                                           "them are taken",
                                           asked, there)});
}

void warn_of_wide_ball(const spar_threat &threat, const Threat &from, const Json &node,
                       const std::string &pointer, std::span<const std::int64_t> shape) {
    if (!std::isfinite(threat.lower) || !std::isfinite(threat.upper)) return;
    const Ball ball(threat, shape);
    const auto size = static_cast<std::size_t>(product(shape));
    if (ball.eps >= ball.diameter(size))
        warnings().add({.code = "wide_ball",
                        .place = "#" + from.pointer + "/eps",
                        .message = fmt::format("eps {} is as large as the whole box [{}, {}], so "
                                               "that any example may become any other",
                                               threat.eps, threat.lower, threat.upper),
                        .remedy = threat.norm == SPAR_NORM_L0
                                      ? "under l0 eps counts the values, or pixels, that may change"
                                      : "eps is in the units of the data: 8 of 255 is 8/255 where "
                                        "the values are in [0, 1]"});
    warn_of_wide_steps(node, pointer, ball.longest_step(size), threat);
}

void warn_of_overlap(const TrainingTask &training, const Data &test,
                     std::span<const std::int64_t> evaluated) {
    Warning warning = overlap(training, test, evaluated);
    if (warning.count == 0) return;
    warning.code = "test_in_training";
    warning.place = "#/data/test";
    warning.message = fmt::format(
        "{} of the {} examples to evaluate are in the training set "
        "too, so that what is measured there is memory",
        warning.count, evaluated.size());
    warning.remedy = "give examples that were not trained on";
    warnings().add(std::move(warning));
}

void warn_of_validation_overlap(const TrainingTask &training) {
    const std::span<const std::int64_t> validated = training.validation->indices;
    Warning warning = overlap(training, training.validation_data, validated);
    if (warning.count == 0) return;
    warning.code = "validation_in_training";
    warning.place = "#/data/validation";
    warning.message = fmt::format(
        "{} of the {} examples to validate on are in the training set too, so that what is "
        "measured there is memory{}",
        warning.count, validated.size(),
        training.plan.keep_best ? ", and \"keep\": \"best\" goes by it" : "");
    warning.remedy =
        "give examples that are not trained on: \"examples\" here holds some out of the training "
        "set";
    warnings().add(std::move(warning));
}

void warn_of_training(const TrainingState &state, const TrainPlan &plan) {
    if (state.epochs.empty()) return;
    const double last = state.epochs.back().loss;
    const std::string cure = "try a smaller learning rate, \"clip\", or a warm-up";
    if (!std::isfinite(last)) {
        warnings().add({.code = "infinite_loss",
                        .place = "#/train",
                        .message = fmt::format("the loss of the last epoch is {}", last),
                        .remedy = cure});
        return;
    }
    constexpr std::int64_t too_few_to_tell = 10;
    if (!std::isfinite(state.first_loss) || state.step < too_few_to_tell) return;
    if (static_cast<double>(plan.epochs) <= plan.eps_warmup_epochs) return;
    if (last < state.first_loss - least_fall * std::abs(state.first_loss)) return;
    warnings().add({.code = "loss_not_falling",
                    .place = "#/train",
                    .message = fmt::format("nothing was learned: the loss was {:.4g} at the first "
                                           "step and {:.4g} in the last epoch",
                                           state.first_loss, last),
                    .remedy = cure + ", more epochs, or a smaller eps"});
}

void warn_of_attack(const PreparedAttack &attack, const AttackOutcome &outcome) {
    const std::string place = "#" + attack.attack->pointer();
    const auto attacked = static_cast<double>(outcome.attacked);
    if (outcome.zero_gradients > 0 &&
        static_cast<double>(outcome.zero_gradients) >= suspicious_share * attacked)
        warnings().add(
            {.component = attack.attack->label(),
             .code = "zero_gradients",
             .place = place,
             .message = fmt::format("the gradient was exactly zero on {} of {} examples, so that "
                                    "nothing led the attack there: the accuracy may be an illusion",
                                    outcome.zero_gradients, outcome.attacked),
             .remedy = "use a loss on differences of outputs (apgd with the loss dlr, or with "
                       "targets), and an attack without gradients (square)",
             .count = outcome.zero_gradients,
             .examples = outcome.zero_gradient_ids});
    if (!outcome.marginal.empty())
        warnings().add({.component = attack.attack->label(),
                        .code = "marginal_success",
                        .place = place,
                        .message = fmt::format(
                            "{} of {} examples end on the decision boundary: the class changes by "
                            "less than 1e-6 of the range of the outputs, which counts as robust",
                            outcome.marginal.size(), outcome.attacked),
                        .remedy = "give the attack more steps, or use another; results.json lists "
                                  "the examples as marginal",
                        .count = std::ssize(outcome.marginal),
                        .examples = outcome.marginal});
    if (outcome.attacked > 0 && outcome.distance_sum == 0 && attack.threat.eps > 0)
        warnings().add({.component = attack.attack->label(),
                        .code = "nothing_moved",
                        .place = place,
                        .message = fmt::format("the attack changed none of the {} examples that it "
                                               "was given, so its accuracy is the clean one",
                                               outcome.attacked),
                        .remedy = "look at its parameters and at the gradients of the model",
                        .count = outcome.attacked});
}

}  // namespace spar::host
