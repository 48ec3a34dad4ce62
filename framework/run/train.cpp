#include "run/train.hpp"

#include "instances/services.hpp"
#include "report/progress.hpp"
#include "run/checkpoint.hpp"
#include "run/schedule.hpp"
#include "run/suspicions.hpp"

#include <spar/philox.hpp>

#include <fmt/format.h>
#include <chrono>
#include <cmath>
#include <limits>

namespace spar::host {
namespace {

using Clock = std::chrono::steady_clock;
constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

/// While an object lives, the moving average, if there is one, takes the place of the weights.
class AverageInPlace {
  public:
    explicit AverageInPlace(Optimization &optimization) : optimization_(optimization) { swap(); }
    ~AverageInPlace() { swap(); }
    AverageInPlace(const AverageInPlace &) = delete;
    AverageInPlace &operator=(const AverageInPlace &) = delete;

  private:
    void swap() {
        if (optimization_.averages()) optimization_.swap_average();
    }
    Optimization &optimization_;
};

std::int64_t batches_an_epoch(const TrainingTask &task) {
    const std::int64_t examples = std::ssize(task.indices), size = task.plan.batch_size;
    return task.plan.drop_last ? examples / size : (examples + size - 1) / size;
}

class Trainer {
  public:
    Trainer(const TrainingTask &task, TrainingState &state, Reporters &reporters)
        : task_(task), state_(state), reporters_(reporters) {
        batches_ = batches_an_epoch(task);
        steps_ = batches_ * task.plan.epochs;
        state.planned_epochs = task.plan.epochs;
    }

    void run() {
        reporters_.event(state_.step, "train", "epochs", static_cast<double>(task_.plan.epochs));
        task_.network.zero_gradients();
        while (state_.step < steps_ || under_way()) epoch((state_.step - under_way()) / batches_);
        finish();
    }

  private:
    void epoch(std::int64_t epoch);
    void batch(std::int64_t epoch, std::int64_t index);
    void add_unlabelled();
    void close_epoch(std::int64_t epoch);
    void validate(EpochRecord &record);
    void keep_best(const EpochRecord &record);
    void announce(const EpochRecord &record);
    void finish();
    void save(const ComponentStates &components) { save_checkpoint(task_, state_, components); }
    void save() { save(saved_states(task_.participants)); }
    /// 1 in an epoch that has begun but is not closed; all its batches may be done.
    std::int64_t under_way() const { return state_.seen > 0 ? 1 : 0; }

    const TrainingTask &task_;
    TrainingState &state_;
    Reporters &reporters_;
    std::int64_t batches_ = 0, steps_ = 0;
    std::vector<std::int64_t> order_;
    Batch batch_;
    // The unlabelled set has rounds of its own, each in another order.
    std::vector<std::int64_t> unlabelled_order_, chosen_;
    std::int64_t unlabelled_round_ = -1;
    Batch unlabelled_;
};

void Trainer::epoch(std::int64_t epoch) {
    if (state_.step == epoch * batches_ && under_way() == 0)  // otherwise it was reported before
                                                              // the stop
        reporters_.event(state_.step, "train", "epoch", static_cast<double>(epoch));
    order_ = task_.indices;
    shuffle(order_, mix_key(task_.order_key, static_cast<std::uint64_t>(epoch)));
    {
        Progress progress(fmt::format("epoch {}/{}", epoch + 1, task_.plan.epochs),
                          static_cast<std::int64_t>(order_.size()), "examples", state_.seen);
        for (std::int64_t i = state_.step - epoch * batches_; i < batches_; ++i) {
            if (embedder().stop_requested()) {
                save();
                throw Failure(
                    Exit::stopped,
                    fmt::format("stopped in epoch {} of {} after {} of {} batches; the same "
                                "command with --resume goes on",
                                epoch + 1, task_.plan.epochs, i, batches_));
            }
            batch(epoch, i);
            progress.advance(batch_.labelled());
        }
    }
    close_epoch(epoch);
}

void Trainer::batch(std::int64_t epoch, std::int64_t index) {
    const auto begin_time = Clock::now();
    const std::int64_t forward = task_.network.forward_examples;
    const std::int64_t backward = task_.network.backward_examples;
    const std::int64_t size = task_.plan.batch_size;
    const auto first = static_cast<std::size_t>(index * size);
    const std::size_t count = std::min(static_cast<std::size_t>(size), order_.size() - first);
    task_.data.read(std::span(order_).subspan(first, count), batch_);
    if (task_.unlabelled != nullptr) add_unlabelled();
    if (task_.augmentation != nullptr) task_.augmentation->apply(batch_, epoch);

    const double factor = schedule_factor(task_.plan.schedule, state_.step, steps_, batches_);
    const double eps_factor = warmup_factor(task_.plan.eps_warmup_epochs, state_.step, batches_);
    const TrainingSession::Outcome outcome =
        task_.session.run(batch_, {.epoch = epoch,
                                   .epochs = task_.plan.epochs,
                                   .step = state_.step,
                                   .steps = steps_,
                                   .batch_size = size + task_.plan.unlabelled_batch_size,
                                   .rate_factor = factor,
                                   .eps_factor = eps_factor});
    task_.optimization.step(factor);

    ++state_.step;
    if (std::isnan(state_.first_loss) && eps_factor == 1)
        state_.first_loss = outcome.loss / static_cast<double>(batch_.labelled());
    state_.loss += outcome.loss;
    state_.correct += outcome.correct;
    state_.seen += batch_.labelled();
    state_.forward_examples += task_.network.forward_examples - forward;
    state_.backward_examples += task_.network.backward_examples - backward;
    for (const auto &[name, sum] : task_.session.take_reports()) {
        state_.reported[name].first += sum.first;
        state_.reported[name].second += sum.second;
    }
    state_.seconds += std::chrono::duration<double>(Clock::now() - begin_time).count();
}

/// Adds the next examples of the unlabelled set; which ones follows from the step alone, so that a
/// resumed run takes the same.
void Trainer::add_unlabelled() {
    const Data &data = *task_.unlabelled;
    const std::int64_t size = task_.plan.unlabelled_batch_size;
    chosen_.clear();
    for (std::int64_t i = state_.step * size; i < (state_.step + 1) * size; ++i) {
        if (const std::int64_t round = i / data.size(); round != unlabelled_round_) {
            unlabelled_round_ = round;
            unlabelled_order_ = index_range(0, data.size());
            shuffle(unlabelled_order_,
                    mix_key(task_.unlabelled_key, static_cast<std::uint64_t>(round)));
        }
        chosen_.push_back(unlabelled_order_[static_cast<std::size_t>(i % data.size())]);
    }
    data.read(chosen_, unlabelled_);
    append_unlabelled(batch_, unlabelled_, task_.data.size());
}

void Trainer::close_epoch(std::int64_t epoch) {
    EpochRecord record;
    record.epoch = epoch;
    const auto seen = static_cast<double>(state_.seen);
    record.loss = state_.loss / seen;
    record.train_accuracy =
        task_.data.classes() ? static_cast<double>(state_.correct) / seen : unknown;
    record.seconds = state_.seconds;
    record.forward_examples = state_.forward_examples;
    record.backward_examples = state_.backward_examples;
    record.learning_rate_factor =
        schedule_factor(task_.plan.schedule, state_.step - 1, steps_, batches_);
    for (const auto &[name, sum] : state_.reported)
        record.reported[name] = sum.first / static_cast<double>(sum.second);
    // A stopped validation is repeated from its beginning, so save the components' states from
    // before it.
    const ComponentStates before =
        task_.validation ? saved_states(task_.participants) : ComponentStates{};
    try {
        validate(record);
    } catch (const Failure &failure) {
        if (failure.exit() == Exit::stopped) save(before);
        throw;
    }
    keep_best(record);
    announce(record);

    state_.epochs.push_back(record);
    state_.loss = state_.seconds = 0;
    state_.correct = state_.seen = state_.forward_examples = state_.backward_examples = 0;
    state_.reported.clear();
    const std::int64_t every = task_.plan.checkpoint_every;
    if (state_.step == steps_ || (every > 0 && (epoch + 1) % every == 0)) save();
}

void Trainer::validate(EpochRecord &record) {
    record.validation_accuracy = record.validation_robust_accuracy = unknown;
    record.validation_loss = unknown;
    if (!task_.validation) return;
    const AverageInPlace average(task_.optimization);
    const EvaluationOutcome outcome =
        evaluate(task_.network, task_.validation_data, *task_.validation, nullptr, "validation: ");
    record.validation_accuracy = outcome.clean_accuracy;
    record.validation_loss = outcome.clean_loss;
    if (!outcome.attacks.empty())
        record.validation_robust_accuracy = outcome.attacks.front().robust_accuracy;
}

void Trainer::keep_best(const EpochRecord &record) {
    if (!task_.plan.keep_best) return;
    double score = record.validation_robust_accuracy;
    if (!std::isfinite(score)) score = record.validation_accuracy;
    if (!std::isfinite(score)) score = -record.validation_loss;
    if (!(score > state_.best_score)) return;
    state_.best_score = score;
    state_.best_epoch = record.epoch;
    state_.best.clear();
    const AverageInPlace average(task_.optimization);
    for (const NetworkParameter &p : task_.network.parameters())
        state_.best.emplace_back(p.value.begin(), p.value.end());
}

void Trainer::announce(const EpochRecord &record) {
    const auto say = [&](const char *name, double value) {
        if (std::isfinite(value)) reporters_.event(state_.step, "train", name, value);
    };
    say("loss", record.loss);
    say("train_accuracy", record.train_accuracy);
    say("validation_accuracy", record.validation_accuracy);
    say("validation_robust_accuracy", record.validation_robust_accuracy);
    say("validation_loss", record.validation_loss);
    say("seconds", record.seconds);
    say("examples_per_second", static_cast<double>(task_.indices.size()) / record.seconds);
    say("learning_rate_factor", record.learning_rate_factor);
    for (const auto &[name, value] : record.reported) say(name.c_str(), value);
    say("epoch_end", static_cast<double>(record.epoch));
}

void Trainer::finish() {
    warn_of_training(state_, task_.plan);
    if (task_.optimization.averages()) task_.optimization.swap_average();
    if (task_.plan.keep_best)
        reporters_.event(state_.step, "train", "kept_epoch",
                         static_cast<double>(state_.best_epoch));
    if (state_.best.empty()) return;
    std::size_t i = 0;
    for (const NetworkParameter &p : task_.network.parameters())
        std::ranges::copy(state_.best[i++], p.value.begin());
    task_.network.parameters_changed();
}

}  // namespace

void refuse_single_example(const TrainingTask &task) {
    const std::int64_t examples = std::ssize(task.indices), size = task.plan.batch_size;
    if (batches_an_epoch(task) == 0)
        throw Failure(Exit::pipeline,
                      fmt::format("#/train/drop_last: {} examples make no whole batch of {}, and "
                                  "what is left over is dropped; choose a smaller batch_size",
                                  examples, size));
    if (size > 1 && (examples % size != 1 || task.plan.drop_last)) return;
    if (task.unlabelled != nullptr) return;  // which adds some
    Batch batch;
    FencedMatrix vectors, outputs;
    task.data.read(std::span(task.indices).first(1), batch);
    if (task.data.tokens()) task.network.embed(batch, vectors);
    outputs.resize(1, task.network.outputs());
    spar_pass pass{};
    pass.mode = SPAR_MODE_TRAIN;
    pass.outputs = outputs[0].data();
    const bool tokens = task.data.tokens();
    try {
        task.network.pass(
            {1, (tokens ? vectors : batch.x).data(), batch.ids.data(),
             tokens ? batch.tokens.data() : nullptr, tokens ? batch.mask.data() : nullptr},
            pass);
    } catch (const Failure &failure) {
        throw Failure(
            Exit::pipeline,
            fmt::format("#/train/batch_size: {} examples in batches of {} leave a batch of "
                        "one, which this model cannot train on; choose another size{}. {}",
                        examples, size, size > 1 ? ", or \"drop_last\": true" : "",
                        failure.what()));
    }
}

void train(const TrainingTask &task, TrainingState &state, Reporters &reporters) {
    Trainer(task, state, reporters).run();
}

}  // namespace spar::host
