// One small, sound component of each kind, for the zoo to spoil.
#pragma once

#include <spar/attack.hpp>
#include <spar/dataset.hpp>
#include <spar/method.hpp>
#include <spar/model.hpp>
#include <spar/optimizer.hpp>
#include <spar/reporter.hpp>
#include <spar/transform.hpp>

#include <vector>

namespace zoo {

constexpr std::int64_t pixels = 16, classes = 3;

struct Dataset : spar::Dataset {
    spar::DatasetInfo info() override {
        return {.size = 24, .shape = {1, 4, 4}, .outputs = classes};
    }
    void read(std::int64_t index, const spar::ExampleOut &out) override {
        spar::Random random(1, index);
        for (std::size_t i = 0; i < out.x.size(); ++i)
            out.x[i] = random.uniform(static_cast<std::int64_t>(i));
        *out.label = index % classes;
    }
};

/// outputs = W x
struct Model : spar::Model {
    void setup(const spar_model_setup &setup) override {
        if (setup.rank != 3) throw spar::invalid("expected images");
        for (std::int64_t i = 0; i < classes * pixels; ++i)
            weight.push_back(spar::Random(setup.key, 0).uniform(i, -1, 1));
        gradient.resize(weight.size());
    }
    std::int64_t outputs() const override { return classes; }
    std::int64_t parameter_count() const override { return 1; }
    void parameter(std::int64_t, spar_parameter &p) override {
        p.flags = SPAR_PARAMETER_TRAINABLE;
        p.name = "0.weight";
        p.rank = 2;
        p.shape[0] = classes;
        p.shape[1] = pixels;
        p.value = weight.data();
        p.gradient = gradient.data();
    }
    void parameters_changed() override {}
    void pass(const spar_pass &pass) override {
        const std::int64_t count = pass.x->shape[0];
        const auto *x = static_cast<const float *>(pass.x->data);
        std::vector<float> outputs(static_cast<std::size_t>(count * classes)), at(outputs.size());
        for (std::int64_t i = 0; i < count * classes; ++i)
            for (std::int64_t j = 0; j < pixels; ++j)
                outputs[static_cast<std::size_t>(i)] +=
                    weight[static_cast<std::size_t>(i % classes * pixels + j)] *
                    x[i / classes * pixels + j];
        if (pass.outputs != nullptr) std::copy(outputs.begin(), outputs.end(), pass.outputs);
        if (pass.head == nullptr) return;
        spar::checked([&](spar_error *e) {
            return pass.head(pass.head_context, 0, count, outputs.data(), at.data(), e);
        });
        pull(x, at, count, pass.wants, pass.dx);
    }
    void backward(std::int32_t, const float *, spar_wants, float *) override {
        throw spar::Error(SPAR_E_UNSUPPORTED, "no tapes");
    }
    void pull(const float *x, const std::vector<float> &at, std::int64_t count, spar_wants wants,
              float *dx) {
        if ((wants & SPAR_WANT_INPUT_GRADIENT) != 0) std::fill(dx, dx + count * pixels, 0.0F);
        for (std::int64_t i = 0; i < count * classes; ++i)
            for (std::int64_t j = 0; j < pixels; ++j) {
                const auto w = static_cast<std::size_t>(i % classes * pixels + j);
                const float g = at[static_cast<std::size_t>(i)];
                if ((wants & SPAR_WANT_INPUT_GRADIENT) != 0)
                    dx[i / classes * pixels + j] += g * weight[w];
                if ((wants & SPAR_WANT_PARAMETER_GRADIENTS) != 0)
                    gradient[w] += g * x[i / classes * pixels + j];
            }
    }
    std::vector<float> weight, gradient;
};

struct Loss : spar::Loss {
    double evaluate(const spar::LossRow &row) const override {
        if (!row.gradient.empty()) {
            std::fill(row.gradient.begin(), row.gradient.end(), 0.0F);
            row.gradient[static_cast<std::size_t>(*row.label)] = -1;
        }
        return -double{row.output[static_cast<std::size_t>(*row.label)]};
    }
};

struct Optimizer : spar::Optimizer {
    std::vector<const char *> state() const override { return {"memory"}; }
    void update(const spar::Update &update) const override {
        for (std::size_t i = 0; i < update.parameter.size(); ++i)
            update.parameter[i] -= 0.01F * update.gradient[i];
    }
};

struct Attack : spar::Attack {
    void perturb(const spar::Oracle &oracle, const spar::AttackBatch &batch) override {
        std::vector<float> outputs(static_cast<std::size_t>(batch.count() * oracle.outputs()));
        oracle.evaluate({.x = batch.x().data(), .count = batch.count(), .outputs = outputs.data()});
    }
};

struct Method : spar::Method {
    void gradients(const spar::Session &session) override {
        session.pass({.weight = session.mean()});
    }
};

struct Reporter : spar::Reporter {
    void begin(const spar_run &) override {}
    void finish(const spar::Results &) override {}
};

struct Transform : spar::Transform {
    void require(const spar::ExampleForm &) const override {}
    void apply(const spar::TransformExample &) const override {}
};

}  // namespace zoo
