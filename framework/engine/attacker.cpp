#include "engine/attacker.hpp"

#include "engine/fenced.hpp"
#include "engine/fit.hpp"
#include "engine/loss_head.hpp"
#include "engine/oracle.hpp"

#include <spar/geometry.hpp>
#include <spar/mask.hpp>

#include <fmt/format.h>
#include <cmath>

namespace spar::host {

namespace {

/// An attack proposes, the host decides whether it stayed inside.
void verify(const AttackTask &task, const float *x_adv, std::int64_t size) {
    const Ball ball(*task.batch.threat, task.space->shape());
    const auto breach = [&](std::int64_t row, const std::string &what) {
        throw Failure(
            Exit::plugin,
            fmt::format("#{}: attack \"{}\" broke the threat model on example {}: {}",
                        task.attack->pointer(), task.attack->type(), task.batch.ids[row], what));
    };
    const auto width = static_cast<std::size_t>(size);
    const std::int64_t length = task.mask_size();
    for (std::int64_t i = 0; i < task.batch.count; ++i) {
        const std::span<const float> x(task.batch.x + i * size, width);
        const std::span<const float> adv(x_adv + i * size, width);
        for (const float value : adv) {
            if (!std::isfinite(value)) breach(i, fmt::format("it holds {}", value));
            if (value < ball.lower || value > ball.upper)
                breach(i,
                       fmt::format("it holds {}, outside [{}, {}]", value, ball.lower, ball.upper));
        }
        if (length > 0)
            for_masked(task.batch.mask + i * length, length, size, [&](std::size_t at) {
                if (adv[at] != x[at])
                    breach(i, fmt::format("it moves position {}, which is {}",
                                          static_cast<std::int64_t>(at) * length / size,
                                          length == size ? "masked" : "padding"));
            });
        if (const double distance = ball.distance(x, adv); distance > ball.limit())
            breach(i, fmt::format("its distance is {}, more than eps {}", distance, ball.eps));
    }
}

/// What an attack sees and writes into: copies, so that it cannot touch the data by which the host
/// decides. Reused from call to call.
class ShownBatch {
  public:
    /// Replaces the arrays of the batch by copies; an empty batch keeps its own.
    void show(spar_attack_batch &batch, std::int64_t outputs) {
        threat_ = *batch.threat;
        batch.threat = &threat_;
        if (batch.count == 0) return;
        const auto copy = [&](auto &memory, const auto *&source, std::int64_t width) {
            if (source == nullptr) return;
            memory.assign(source, source + batch.count * width);
            source = memory.data();
        };
        copy(x_, batch.x, batch.size);
        copy(mask_, batch.mask, batch.mask_size);
        copy(labels_, batch.labels, 1);
        copy(values_, batch.values, outputs);
        copy(targets_, batch.targets, 1);
        copy(ids_, batch.ids, 1);
        copy(outputs_, batch.outputs, outputs);
        copy(limits_, batch.limits, 1);
        if (batch.tokens != nullptr) return show_texts(batch);
        x_adv_.assign(batch.x_adv, batch.x_adv + batch.count * batch.size);
        batch.x_adv = x_adv_.data();
    }
    /// What the attack wrote.
    void take(float *x_adv) const { std::copy(x_adv_.begin(), x_adv_.end(), x_adv); }

  private:
    /// The texts themselves are copies already.
    void show_texts(spar_attack_batch &batch) {
        const std::int64_t all = batch.count * batch.tokens->length;
        view_ = *batch.tokens;
        tokens_.assign(view_.tokens, view_.tokens + all);
        lengths_.assign(view_.lengths, view_.lengths + batch.count);
        words_.assign(batch.words, batch.words + all);
        view_.tokens = tokens_.data();
        view_.lengths = lengths_.data();
        batch.tokens = &view_;
        batch.words = words_.data();
    }

    spar_threat threat_{};
    spar_tokens view_{};
    Fenced<float> x_, mask_, values_, outputs_, x_adv_;
    Fenced<std::int64_t> labels_, targets_, ids_, limits_, tokens_, lengths_;
    Fenced<std::int32_t> words_;
};

/// Calls the attack and counts its queries.
void perturb(const AttackTask &task, float *x_adv, QueryCount &queries) {
    require_fit(*task.attack, *task.batch.threat);
    thread_local OracleMemory memory;
    thread_local ShownBatch shown;
    OracleHandle handle{task, queries, memory};
    const spar_oracle oracle = handle.table();
    const std::span<const std::int64_t> shape = task.space->shape();

    spar_attack_batch batch = task.batch;
    batch.struct_size = sizeof batch;
    batch.size = task.space->size();
    batch.mask_size = task.mask_size();
    batch.rank = static_cast<std::int32_t>(shape.size());
    std::copy(shape.begin(), shape.end(), batch.shape);
    batch.x_adv = x_adv;
    std::vector<std::int64_t> limits;
    if (task.texts != nullptr) {
        task.texts->show(batch);
    } else if (batch.threat->norm == SPAR_NORM_L0) {
        limits.assign(static_cast<std::size_t>(batch.count),
                      static_cast<std::int64_t>(std::min(batch.threat->eps, 1e15)));
        batch.limits = limits.data();
    }
    shown.show(batch, task.space->outputs());
    const auto check_what_was_shown = [&] {
        const spar_attack_batch &b = batch;
        check_ends(*task.attack, "perturb",
                   {{"x_adv", b.x_adv},
                    {"x", b.x},
                    {"mask", b.mask},
                    {"labels", b.labels},
                    {"values", b.values},
                    {"targets", b.targets},
                    {"ids", b.ids},
                    {"outputs", b.outputs},
                    {"limits", b.limits},
                    {"words", b.words},
                    {"tokens", b.tokens != nullptr ? b.tokens->tokens : nullptr},
                    {"lengths", b.tokens != nullptr ? b.tokens->lengths : nullptr}});
    };
    try {
        task.attack->call("perturb", [&](spar_error *error) {
            const spar_attack_batch given = batch;  // its pointers are not the attack's to change
            return task.attack->table<spar_attack_table>().perturb(task.attack->self(), &oracle,
                                                                   &given, error);
        });
        check_what_was_shown();
    } catch (const Failure &) {
        check_what_was_shown();
        if (handle.failure) std::rethrow_exception(handle.failure);
        if (!handle.budget_spent) throw;  // otherwise x_adv holds the best so far
    }
    if (batch.count > 0 && task.texts == nullptr) shown.take(x_adv);
}

}  // namespace

void run_attack(const AttackTask &task, float *x_adv, QueryCount &queries) {
    const std::int64_t count = task.batch.count, size = task.space->size();
    queries.forward.assign(static_cast<std::size_t>(count), 0);
    queries.gradient.assign(static_cast<std::size_t>(count), 0);
    queries.first_gradient.assign(static_cast<std::size_t>(count), FirstGradient::none);
    queries.notes.clear();
    queries.stages.clear();
    if (task.texts == nullptr) std::copy(task.batch.x, task.batch.x + count * size, x_adv);
    if (count == 0) return;
    perturb(task, x_adv, queries);
    if (task.texts == nullptr) verify(task, x_adv, size);  // texts are verified as proposed
}

void rehearse_attack(const Instance &attack, Space &space, const spar_threat &threat,
                     const spar_component_ref *loss, bool classes, AttackedTexts *texts) {
    // Room on both sides, for plugins that do not expect a batch without examples.
    const auto width = static_cast<std::size_t>(std::max(space.size(), space.outputs()));
    const Fenced<float> x(3 * width);
    Fenced<float> x_adv(3 * width);
    const std::int64_t numbers[3] = {};
    const float *const values = x.data() + width;
    AttackTask task{};
    task.attack = &attack;
    task.space = &space;
    task.loss = loss;
    task.texts = texts;
    task.batch.threat = &threat;
    task.batch.purpose = SPAR_PURPOSE_EVALUATE;
    task.batch.x = values;
    task.batch.ids = numbers + 1;
    const bool masked = threat.space == SPAR_SPACE_EMBEDDING || threat.space == SPAR_SPACE_SITE;
    task.batch.mask = masked ? values : nullptr;
    task.batch.labels = classes ? numbers + 1 : nullptr;
    task.batch.values = classes ? nullptr : values;
    task.batch.targets = threat.targeted != 0 ? numbers + 1 : nullptr;
    QueryCount queries;
    perturb(task, x_adv.data() + width, queries);
}

}  // namespace spar::host
