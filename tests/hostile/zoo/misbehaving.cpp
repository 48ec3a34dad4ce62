// A component of each kind that keeps to the letter of the contract and answers nonsense: what the
// host must find out on its own.
#include "plain.hpp"

#include <xmmintrin.h>
#include <cfenv>
#include <cmath>
#include <limits>

namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();

/// "how" it misbehaves, one word of a few.
#define ZOO_HOW(kind_word, ...)                                          \
    static constexpr spar::About about{.type = "misbehaving_" kind_word, \
                                       .summary = "Answers nonsense."};  \
    spar::Choice how{this, "how", "what is wrong with it", {"", __VA_ARGS__}, {.fallback = ""}};

class Attack final : public zoo::Attack {
  public:
    ZOO_HOW("attack", "leaves_ball", "leaves_box", "moves_padding", "last_value_nan", "infinite",
            "rounds_upward", "flushes_denormals", "fails_without_a_word", "fails_with_unknown_code",
            "asks_for_rows_that_are_not_there", "asks_with_newer_fields", "asks_with_a_tape_of_99",
            "pulls_back_through_no_tape")

    void perturb(const spar::Oracle &oracle, const spar::AttackBatch &batch) override {
        const auto last = batch.x_adv()[batch.count() - 1];
        const auto eps = static_cast<float>(batch.threat().eps);
        if (how.is("leaves_ball")) last[0] = last[0] < 0.5F ? 1.0F : 0.0F;
        if (how.is("leaves_box")) last.back() = last.back() < 0.5F ? -eps / 64 : 1 + eps / 64;
        if (how.is("moves_padding")) last.back() += eps / 2;
        if (how.is("last_value_nan")) last.back() = nan;
        if (how.is("infinite")) last[0] = -std::numeric_limits<float>::infinity();
        if (how.is("rounds_upward")) std::fesetround(FE_UPWARD);
        if (how.is("flushes_denormals")) _mm_setcsr(_mm_getcsr() | 0x8040U);
        if (how.is("fails_without_a_word")) throw spar::Error(SPAR_E_INTERNAL, "");
        if (how.is("fails_with_unknown_code")) throw spar::Error(4711, "code 4711");
        ask(oracle, batch);
    }

  private:
    void ask(const spar::Oracle &oracle, const spar::AttackBatch &batch) const {
        std::vector<float> outputs(static_cast<std::size_t>(batch.count() * oracle.outputs()));
        std::vector<float> gradient(static_cast<std::size_t>(batch.count() * batch.size()));
        const std::vector<std::int64_t> rows(static_cast<std::size_t>(batch.count()), 1 << 20);
        struct {
            spar_query known;
            std::uint64_t newer;
        } query{{}, 1};
        query.known.struct_size = sizeof query.known;
        query.known.count = batch.count();
        query.known.x = batch.x().data();
        query.known.outputs = outputs.data();
        if (how.is("asks_for_rows_that_are_not_there")) query.known.rows = rows.data();
        if (how.is("asks_with_newer_fields")) query.known.struct_size = sizeof query;
        if (how.is("asks_with_a_tape_of_99")) query.known.tape = 99;
        spar::checked(
            [&](spar_error *e) { return oracle.raw()->evaluate(oracle.raw(), &query.known, e); });
        if (how.is("pulls_back_through_no_tape"))
            oracle.pullback(5, outputs.data(), gradient.data());
    }
};

class Dataset final : public zoo::Dataset {
  public:
    ZOO_HOW("dataset", "label_too_large", "label_negative", "nan", "outside_box", "empty",
            "negative", "no_shape", "shape_overflows", "too_many_dimensions", "no_classes",
            "box_upside_down", "more_than_memory", "past_the_end")

    spar::DatasetInfo info() override {
        spar::DatasetInfo info = zoo::Dataset::info();
        if (how.is("empty")) info.size = 0;
        if (how.is("negative")) info.size = -5;
        if (how.is("no_shape")) info.shape.clear();
        if (how.is("shape_overflows")) info.shape = {1 << 30, 1 << 30, 1 << 30};
        if (how.is("too_many_dimensions")) info.shape.assign(9, 1);
        if (how.is("no_classes")) info.outputs = 0;
        if (how.is("box_upside_down")) info.lower = 2;
        if (how.is("more_than_memory")) info.shape = {1 << 20, 1 << 20, 1 << 2};
        return info;
    }
    void read(std::int64_t index, const spar::ExampleOut &out) override {
        zoo::Dataset::read(index, out);
        if (how.is("past_the_end")) out.x.data()[out.x.size()] = 0.5F;
        if (index != 7) return;
        if (how.is("label_too_large")) *out.label = 3;
        if (how.is("label_negative")) *out.label = -1;
        if (how.is("nan")) out.x.back() = nan;
        if (how.is("outside_box")) out.x.front() = 1.25F;
    }
};

class Model final : public zoo::Model {
  public:
    ZOO_HOW("model", "nan_outputs", "nan_gradients", "few_outputs", "no_outputs", "null_value",
            "null_gradient", "null_name", "negative_shape", "endless_parameters", "takes_no_steps",
            "past_the_end")

    std::int64_t outputs() const override {
        return how.is("few_outputs") ? 2 : how.is("no_outputs") ? 0 : zoo::Model::outputs();
    }
    std::int64_t parameter_count() const override {
        return how.is("endless_parameters") ? std::numeric_limits<std::int64_t>::max() : 1;
    }
    void parameter(std::int64_t index, spar_parameter &p) override {
        if (index > 5) throw spar::invalid("enough");
        zoo::Model::parameter(index, p);
        if (how.is("null_value")) p.value = nullptr;
        if (how.is("null_gradient")) p.gradient = nullptr;
        if (how.is("null_name")) p.name = nullptr;
        if (how.is("negative_shape")) p.shape[0] = -3;
        if (how.is("takes_no_steps")) p.flags |= SPAR_PARAMETER_STAGE;
    }
    void pass(const spar_pass &pass) override {
        zoo::Model::pass(pass);
        if (how.is("nan_outputs") && pass.outputs != nullptr) pass.outputs[0] = nan;
        if (how.is("past_the_end") && pass.outputs != nullptr)
            pass.outputs[pass.x->shape[0] * zoo::classes + 1] = 0;
        if (how.is("nan_gradients")) gradient[3] = nan;
    }
};

class Loss final : public zoo::Loss {
  public:
    ZOO_HOW("loss", "nan_gradient", "nan_value", "needs_the_impossible")
    double evaluate(const spar::LossRow &row) const override {
        const double value = zoo::Loss::evaluate(row);
        if (how.is("nan_gradient") && !row.gradient.empty()) row.gradient[0] = nan;
        return how.is("nan_value") ? std::nan("") : value;
    }
    spar_loss_needs needs() const override {
        return how.is("needs_the_impossible") ? SPAR_LOSS_NEEDS_VALUES : 0U;
    }
};

class Optimizer final : public zoo::Optimizer {
  public:
    ZOO_HOW("optimizer", "nan", "infinite", "past_the_end")
    void update(const spar::Update &update) const override {
        zoo::Optimizer::update(update);
        if (how.is("past_the_end")) update.state[0][update.parameter.size()] = 1;
        if (how.is("nan")) update.parameter.back() = nan;
        if (how.is("infinite")) update.parameter.front() = HUGE_VALF;
    }
};

class Method final : public zoo::Method {
  public:
    ZOO_HOW("method", "nan", "steps_without_gradients", "tensor_of_two_sizes", "endless_tensor",
            "attacks_with_nothing", "steps_with_input_gradients", "steps_with_other_x",
            "steps_with_negative_count", "steps_with_no_ascent", "steps_with_tape",
            "steps_with_forward_only")
    void gradients(const spar::Session &session) override {
        if (how.is("steps_without_gradients")) session.optimizer_step();
        if (how.is("tensor_of_two_sizes")) {
            session.tensor("a", 3, 4);
            session.tensor("a", 4, 4);
        }
        if (how.is("endless_tensor")) session.tensor("a", 1L << 40, 1L << 30);
        if (how.is("attacks_with_nothing")) {
            std::vector<float> x(static_cast<std::size_t>(session.count() * session.size()));
            spar::checked([&](spar_error *e) {
                return session.raw().attack(&session.raw(), nullptr, nullptr, 0, x.data(), e);
            });
        }
        if (how->starts_with("steps_with_")) take_wrong_steps(session);
        zoo::Method::gradients(session);
        if (how.is("nan")) session.parameters().front().gradient.front() = nan;
    }

  private:
    void take_wrong_steps(const spar::Session &session) const {
        std::vector<float> x(static_cast<std::size_t>(session.count() * session.size())), other = x;
        auto stay = [](std::int64_t, std::int64_t, float *, const float *) {};
        const spar::AscentRef ascent(stay);
        const spar_stage_steps steps{
            .struct_size = sizeof(spar_stage_steps),
            .full_pass = 0,
            .count = how.is("steps_with_negative_count") ? -1 : 1,
            .x = x.data(),
            .ascent = how.is("steps_with_no_ascent") ? nullptr : ascent.function,
            .ascent_context = ascent.context};
        spar_session_pass pass{};
        pass.struct_size = sizeof pass;
        pass.wants = how.is("steps_with_input_gradients") ? SPAR_WANT_INPUT_GRADIENT
                                                          : SPAR_WANT_PARAMETER_GRADIENTS;
        pass.tape = how.is("steps_with_tape") ? 1 : 0;
        pass.forward_only = how.is("steps_with_forward_only") ? 1 : 0;
        pass.weight = 1;
        pass.x = how.is("steps_with_other_x") ? other.data() : x.data();
        pass.stage_steps = &steps;
        spar::checked([&](spar_error *e) { return session.raw().pass(&session.raw(), &pass, e); });
    }
};

class Reporter final : public zoo::Reporter {
  public:
    ZOO_HOW("reporter", "fails")
    void finish(const spar::Results &) override {
        if (how.is("fails")) throw spar::Error(SPAR_E_INTERNAL, "the printer is on fire");
    }
};

class Transform final : public zoo::Transform {
  public:
    ZOO_HOW("transform", "leaves_box", "nan", "infinite", "fails", "does_not_fit", "past_the_end")
    void require(const spar::ExampleForm &) const override {
        if (how.is("does_not_fit")) throw spar::invalid("needs other examples", "/how");
    }
    void apply(const spar::TransformExample &example) const override {
        if (how.is("past_the_end")) example.x.data()[example.x.size()] = 0.5F;
        if (how.is("leaves_box")) example.x.back() = 1.5F;
        if (how.is("nan")) example.x.back() = nan;
        if (how.is("infinite")) example.x[0] = -std::numeric_limits<float>::infinity();
        if (how.is("fails")) throw spar::Error(SPAR_E_INTERNAL, "the scissors are blunt");
    }
};

}  // namespace

SPAR_PLUGIN("misbehaving", "1.0.0", Attack, Dataset, Model, Loss, Optimizer, Method, Reporter,
            Transform)
