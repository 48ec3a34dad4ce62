#include "run/run_files.hpp"
#include "run/run_under_way.hpp"

#include "base/files.hpp"
#include "base/secrets.hpp"
#include "base/sha256.hpp"
#include "base/warnings.hpp"
#include "engine/stopping.hpp"
#include "instances/services.hpp"
#include "run/checkpoint.hpp"
#include "run/kept_evaluation.hpp"
#include "run/results.hpp"
#include "run/run_folder.hpp"
#include "run/same_run.hpp"

namespace spar::host {

void RunUnderWay::train() {
    if (options_.resume && fs::exists(training_->checkpoint)) {
        const Json before = load_checkpoint(*training_, state_, options_.anyway);
        if (weights_left_behind())
            results_["provenance"]["weights_sha256"] = made_with_["weights_sha256"] =
                before.at("weights_sha256");
    }
    spar::host::train(*training_, state_, *reporters_);
    results_["train"] = training_results(state_);
    Json &crafting = results_["train"]["crafting"] = Json::array();
    for (const Crafting &one : crafting_)
        if (one.pointer.starts_with("/train/")) crafting.push_back(to_json(one));
    if (!state_.changes.empty()) results_["provenance"]["changes"] = change_results(state_.changes);
}

namespace {

/// While an object lives, the run can be asked to stop.
struct Stoppable {
    Stoppable() { embedder().run_can_stop(true); }
    ~Stoppable() { embedder().run_can_stop(false); }
    Stoppable(const Stoppable &) = delete;
    Stoppable &operator=(const Stoppable &) = delete;
};

}  // namespace

/// Results that were evaluated with something else are not overwritten without `anyway`, and then
/// not silently.
void RunUnderWay::settle() {
    if (!options_.resume) return;
    const auto changes =
        settle_evaluation(folder_, json_without_secrets(made_with_), options_.anyway);
    if (!changes.empty()) results_["provenance"]["changes"] = change_results(changes);
}

/// Removes the results of the previous model before the new one is written.
void RunUnderWay::save_model() {
    const fs::path model = folder_ / run_files::model, results = folder_ / run_files::results;
    fs::remove(results);
    save_weights(*network_, meaning_, model);
    results_["model_sha256"] = sha256_of_file(model);
}

void RunUnderWay::evaluate() {
    Json made = {{"pipeline", fingerprint_of(*plan_.resolved)},
                 {"model_sha256", results_.at("model_sha256")},
                 {"made_with", json_without_secrets(made_with_)}};
    if (const Json &provenance = results_.at("provenance");
        !plan_.train && provenance.contains("changes"))
        made["changes"] = provenance.at("changes");
    const EvaluationOutcome outcome =
        evaluate_and_keep(*network_, *test_data_, *evaluation_, *plan_.evaluate, *reporters_,
                          {folder_, made, options_.anyway});
    results_["evaluation"] = evaluation_results(outcome, *plan_.evaluate, evaluation_->attacks);
    for (const Crafting &one : crafting_)
        if (const Json::json_pointer place(one.pointer); one.pointer.starts_with("/evaluate/"))
            results_["evaluation"]["attacks"][std::stoul(place.back())]["crafting"] = to_json(one);
    missed_ = missed_thresholds(outcome, *plan_.evaluate);
}

std::vector<const Data *> RunUnderWay::data_in_use() const {
    std::vector<const Data *> data;
    for (const auto *set : {&train_data_, &unlabelled_data_, &validation_data_, &test_data_})
        if (*set) data.push_back(set->get());
    return data;
}

RunOutcome RunUnderWay::run() {
    warnings().begin(plan_.warnings);
    const RunFolder in_use(folder_, *plan_.resolved, options_.resume);
    set_threads(options_.threads);
    std::optional<Stoppable> stoppable(std::in_place);
    try {
        build();
    } catch (const Failure &failure) {
        // A message that suggests --resume is wrong here: there is nothing to resume yet.
        const bool early = std::string_view(failure.what()).starts_with("stopped while ");
        if (failure.exit() == Exit::stopped && !early) end_if_stopped("the run was prepared");
        throw;
    }
    const Json shown = shown_plan(plan_, crafting_);
    results_ = {{"version", 1},
                {"name", plan_.name},
                {"seed", plan_.seed},
                {"plan", shown},
                {"provenance", provenance(registry_, plan_, data_in_use(), made_with_)}};

    if (!weights_taken_.is_null()) results_["provenance"]["weights"] = weights_taken_;
    if (!plan_.train) settle();
    in_use.begin(shown);
    reporters_->begin(folder_, plan_.name, options_.terminal);
    if (plan_.train) train();
    save_model();
    if (plan_.evaluate) evaluate();
    results_["warnings"] = warning_results();
    results_ = json_without_secrets(results_);
    write_file(folder_ / run_files::results, json_text(results_));
    fs::remove(log_of(folder_));  // its content is stored elsewhere now
    stoppable.reset();            // nothing is left to save, and a reporter may block on its output
    reporters_->finish(results_);
    if (reporters_->failure()) throw Failure(*reporters_->failure());
    return {folder_, std::make_shared<const Json>(results_), missed_};
}

RunOutcome run_pipeline(const Plan &plan, const Registry &registry, const RunOptions &options) {
    return RunUnderWay(plan, registry, options).run();
}

}  // namespace spar::host
