#include "engine/kept_evaluation.hpp"

#include "engine/same_run.hpp"

#include <fmt/format.h>

namespace spar::host {
namespace {

void require_unchanged(const std::filesystem::path &log, const Json &before, const Json &now) {
    // Of another model or pipeline it is of no use, and a training has refused what changed.
    if (!before.is_object() || before.value("pipeline", "") != now["pipeline"] ||
        before.value("model_sha256", "") != now["model_sha256"])
        return;
    refuse_changes(log, changes(before.value("made_with", Json()), now["made_with"]));
}

}  // namespace

std::filesystem::path log_of(const std::filesystem::path &folder) {
    return folder / "evaluation.log";
}

EvaluationOutcome evaluate_and_keep(Network &network, const Data &data, EvaluationPlan plan,
                                    const EvaluatePlan &options, Reporters &reporters,
                                    const Keeping &keeping) {
    const std::vector<std::int64_t> shape(network.shape().begin(), network.shape().end());
    Json header = {{"version", 1}};
    header.update(keeping.made);
    header["attacks"] = Json::array();
    for (const PreparedAttack &attack : plan.attacks) header["attacks"].push_back(attack.name);
    header["shape"] = shape;
    header["examples"] = plan.indices.size();
    header["floats"] = options.save_adversarial;

    const std::filesystem::path path = log_of(keeping.folder);
    if (!keeping.anyway) require_unchanged(path, ExamplesLog::header_of(path), header);
    ExamplesLog log(path, header, options.save_adversarial ? network.size() : 0);
    std::optional<AdversarialFiles> files;
    if (options.save_adversarial)
        files.emplace(keeping.folder / "adversarial", shape, log, options.compress_adversarial);
    plan.log = &log;
    plan.files = files ? &*files : nullptr;
    try {
        return evaluate(network, data, plan, &reporters, "");
    } catch (const Failure &) {
        try {
            log.sync();
        } catch (const Failure &) {  // the first failure is the one to tell
        }
        throw;
    }
}

std::vector<std::string> missed_thresholds(const EvaluationOutcome &outcome,
                                           const EvaluatePlan &plan) {
    std::vector<std::string> missed;
    const auto demand = [&](const char *what, std::optional<double> least, double found) {
        if (least && !(found >= *least))
            missed.push_back(
                fmt::format("{} is {:.4f}, below the demanded {:.4f}", what, found, *least));
    };
    demand("clean accuracy", plan.least_clean_accuracy, outcome.clean_accuracy);
    demand("worst-case robust accuracy", plan.least_robust_accuracy, outcome.worst_case_accuracy);
    return missed;
}

}  // namespace spar::host
