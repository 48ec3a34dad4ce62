#include "run/kept_evaluation.hpp"

#include "base/files.hpp"
#include "run/run_files.hpp"
#include "run/same_run.hpp"

#include <fmt/format.h>

namespace spar::host {
namespace {

void require_unchanged(const std::filesystem::path &log, const Json &before, const Json &now) {
    // A log of another model or pipeline is useless, and a training has already refused what
    // changed.
    if (!before.is_object() || before.value("pipeline", "") != now["pipeline"] ||
        before.value("model_sha256", "") != now["model_sha256"])
        return;
    refuse_changes(log, changes(before.value("made_with", Json()), now["made_with"]));
}

/// What an evaluation was begun with, according to its log or else its results.
struct Begun {
    std::filesystem::path file;
    Json made_with, changes;
};

Begun begun_in(const std::filesystem::path &folder, const Json &now) {
    const Json header = ExamplesLog::header_of(log_of(folder));
    if (header.is_object() && header.contains("made_with"))
        return {log_of(folder), header.at("made_with"), header.value("changes", Json::array())};
    const std::filesystem::path file = folder / run_files::results;
    constexpr std::uintmax_t most_results = 1U << 28;
    if (!std::filesystem::exists(file)) return {};
    const Json results = Json::parse(read_file(file, most_results), nullptr, false);
    if (!results.is_object() || !results.contains("provenance")) return {};
    const Json &provenance = results.at("provenance");
    return {file, made_with_of(provenance, now), provenance.value("changes", Json::array())};
}

}  // namespace

std::vector<Change> settle_evaluation(const std::filesystem::path &folder, const Json &made_with,
                                      bool anyway) {
    const Begun begun = begun_in(folder, made_with);
    if (begun.file.empty()) return {};
    const std::vector<std::string> found = changes(begun.made_with, made_with);
    if (!anyway) refuse_changes(begun.file, found);
    std::vector<std::string> all;
    for (const Json &change : begun.changes) all.push_back(change.at("what"));
    all.insert(all.end(), found.begin(), found.end());
    warn_of_changes(all);
    std::vector<Change> settled;
    for (const std::string &what : all) settled.push_back({0, what});
    return settled;
}

std::filesystem::path log_of(const std::filesystem::path &folder) {
    return folder / run_files::evaluation;
}

EvaluationOutcome evaluate_and_keep(Network &network, const Data &data, EvaluationTask plan,
                                    const EvaluatePlan &options, Reporters &reporters,
                                    const Keeping &keeping) {
    const std::vector<std::int64_t> &shape = network.widest_shape();
    Json header = {{"version", 1}};
    header.update(keeping.made);
    header["attacks"] = Json::array();
    for (const PreparedAttack &attack : plan.attacks) header["attacks"].push_back(attack.name());
    header["shape"] = shape;
    header["examples"] = plan.indices.size();
    // Attacked texts are kept as texts, and the vectors of clean ones are then of no use.
    const bool floats = options.save_adversarial &&
                        (plan.attacks.empty() ||
                         std::ranges::any_of(plan.attacks, [](const PreparedAttack &attack) {
                             return attack.threat.space != SPAR_SPACE_TOKENS;
                         }));
    header["floats"] = floats;
    const std::int64_t heads = heads_of(plan.attention);
    if (heads > 0) header["attention"] = heads;
    plan.kept_floats = floats ? product(shape) : 0;

    const std::filesystem::path path = log_of(keeping.folder);
    if (!keeping.anyway) require_unchanged(path, ExamplesLog::header_of(path), header);
    ExamplesLog log(path, header, plan.kept_floats + heads);
    embedder().run_can_resume();
    std::optional<AdversarialFiles> files;
    if (options.save_adversarial) plan.adversarial = keeping.folder / run_files::adversarial;
    if (floats)
        files.emplace(keeping.folder / run_files::adversarial, shape, log,
                      options.compress_adversarial);
    plan.log = &log;
    plan.files = files ? &*files : nullptr;
    try {
        return evaluate(network, data, plan, &reporters, "");
    } catch (const Failure &) {
        try {
            log.sync();
        } catch (const Failure &) {  // report the first failure
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
