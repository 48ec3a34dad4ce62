#include "run/keeper.hpp"

#include <algorithm>

namespace spar::host {

void Keeper::keep_clean(const ExampleResult &result, std::span<const float> x) {
    if (log_ != nullptr && log_->find(-1, result.row) == nullptr) log_->append(result, x);
}

void Keeper::written() {
    if (log_ == nullptr) return;
    const auto begin = Clock::now();
    log_->write();
    if (begin - synced_ > std::chrono::seconds(1)) {
        synced_ = begin;
        if (files_ != nullptr)
            files_->sync_log();
        else
            log_->sync();
    }
    spent_ += Clock::now() - begin;
}

void Keeper::written(std::int64_t attack, const std::vector<std::string> &stages) {
    if (log_ != nullptr) log_->note_stages(attack, stages);
    written();
}

void Keeper::make_file(const std::string &name, std::int64_t attack,
                       const EvaluationOutcome &outcome, const AttackOutcome *found) {
    if (files_ == nullptr) return;
    AdversarialColumns columns{outcome.labels, outcome.indices, {}, {}};
    if (found != nullptr) {
        columns.success.assign(found->success.begin(), found->success.end());
        if (std::ranges::any_of(found->targets, [](auto t) { return t >= 0; }))
            columns.targets = found->targets;
    }
    files_->make(name, attack, std::move(columns));
}

double Keeper::finish() {
    const auto begin = Clock::now();
    if (files_ != nullptr) files_->finish();
    spent_ += Clock::now() - begin;
    return std::chrono::duration<double>(spent_).count();
}

}  // namespace spar::host
