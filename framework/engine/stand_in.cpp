#include "engine/stand_in.hpp"

#include "plugins/registry.hpp"

#include <spar/dataset.hpp>
#include <spar/model.hpp>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

namespace spar::host {
namespace {

constexpr std::int64_t outputs_of_all = 100, vocabulary_of_all = 100;

class Examples final : public Dataset {
  public:
    static constexpr About about{.type = "stand_in", .summary = "A few examples of any shape."};

    DatasetInfo info() override {
        return {.size = 2,
                .shape = *shape_,
                .outputs = *outputs_,
                .input = *tokens_ ? SPAR_INPUT_TOKENS : SPAR_INPUT_VALUES,
                .target = *classes_ ? SPAR_TARGET_CLASS : SPAR_TARGET_VALUES,
                .vocabulary = *tokens_ ? vocabulary_of_all : 0,
                .lower = *lower_,
                .upper = *upper_};
    }

    void read(std::int64_t index, const ExampleOut &out) override {
        for (std::size_t i = 0; i < out.x.size(); ++i)
            out.x[i] = static_cast<float>(std::lerp(*lower_, *upper_, share(index, i)));
        for (std::size_t i = 0; i < out.tokens.size(); ++i)
            out.tokens[i] = static_cast<std::int64_t>(vocabulary_of_all * share(index, i));
        std::ranges::fill(out.mask, 1.0F);
        if (out.label != nullptr) *out.label = index;
        for (std::size_t i = 0; i < out.values.size(); ++i)
            out.values[i] = static_cast<float>(share(index, i) / (mean_share * outputs_of_all));
    }

  private:
    /// Ten outputs; target values sum to 1, as shares of classes do.
    static constexpr double mean_share = 0.475;
    /// Numbers between 1/4 and 3/4 that vary with the place.
    static double share(std::int64_t index, std::size_t i) {
        return 0.25 +
               0.5 * static_cast<double>((i * 7 + static_cast<std::size_t>(index)) % 10) / 10;
    }

    Integers shape_{this, "shape", "of one example", {.min = 1}};
    Boolean tokens_{this, "tokens", "whether they are text", {}};
    Boolean classes_{this, "classes", "whether they have classes", {}};
    Integer outputs_{this, "outputs", "classes or target values", {.min = 1}};
    Number lower_{this, "lower", "of the box", {}};
    Number upper_{this, "upper", "of the box", {}};
};

/// Output k of an example is w_k times the mean of its values. The first stage is the whole model.
class MeanModel final : public Model {
  public:
    static constexpr About about{.type = "stand_in", .summary = "A small model of any input."};

    void setup(const spar_model_setup &) override {
        for (std::size_t k = 0; k < weight_.size(); ++k)
            weight_[k] = static_cast<float>((k % 2 == 0 ? 1.0 : -1.0) * static_cast<double>(k + 1) /
                                            static_cast<double>(weight_.size()));
    }
    std::int64_t outputs() const override { return outputs_of_all; }
    std::int64_t parameter_count() const override { return 1; }
    void parameter(std::int64_t, spar_parameter &p) override {
        p.flags = SPAR_PARAMETER_TRAINABLE | SPAR_PARAMETER_STAGE;
        p.name = stand_in_parameter;
        p.rank = 2;
        p.shape[0] = outputs_of_all;
        p.shape[1] = 1;
        p.value = weight_.data();
        p.gradient = gradient_.data();
    }
    void parameters_changed() override {}

    void pass(const spar_pass &pass) override {
        const std::int64_t count = pass.x->shape[0];
        const std::span<const std::int64_t> shape(pass.x->shape + 1,
                                                  static_cast<std::size_t>(pass.x->ndim - 1));
        Tape &tape = tapes_[static_cast<std::size_t>(pass.tape)];
        tape = {means(static_cast<const float *>(pass.x->data), count, product(shape)),
                product(shape)};
        Matrix outputs, gradients;
        outputs.resize(count, outputs_of_all);
        gradients.resize(count, outputs_of_all);
        for (std::int64_t row = 0; row < count; ++row)
            for (std::size_t k = 0; k < weight_.size(); ++k)
                outputs[row][k] = weight_[k] * tape.means[static_cast<std::size_t>(row)];
        if (pass.outputs != nullptr)
            std::copy_n(outputs.data(), count * outputs_of_all, pass.outputs);
        if (pass.head == nullptr) return;
        const bool back = pass.wants != 0;
        checked([&](spar_error *e) {
            return pass.head(pass.head_context, 0, count, outputs.data(),
                             back ? gradients.data() : nullptr, e);
        });
        if (!back) return;
        if (pass.stage_steps != nullptr)
            take_steps(pass, gradients, tape);
        else
            pull(tape, gradients.data(), pass.wants, pass.dx);
    }

    void backward(std::int32_t tape, const float *cotangent, spar_wants wants, float *dx) override {
        pull(tapes_[static_cast<std::size_t>(tape)], cotangent, wants, dx);
    }

    const void *extension(std::string_view id) override {
        if (id == SPAR_MODEL_SITES) return sites();
        if (id != SPAR_MODEL_EMBEDDING) return nullptr;
        static const spar_embedding embedding{
            sizeof(spar_embedding), 0, [](void *) { return width; },
            [](void *, const DLTensor *tokens, const DLTensor *, float *vectors, spar_error *) {
                const auto *ids = static_cast<const std::int64_t *>(tokens->data);
                for (std::int64_t i = 0; i < tokens->shape[0] * tokens->shape[1]; ++i)
                    for (std::int64_t k = 0; k < width; ++k)
                        *vectors++ = static_cast<float>(ids[i] - k) / vocabulary_of_all;
                return spar_status{SPAR_OK};
            },
            [](void *, const DLTensor *, const DLTensor *, const float *, spar_error *) {
                return spar_status{SPAR_OK};
            }};
        return &embedding;
    }

  private:
    static constexpr std::int64_t width = 4;  // of a token's vector
    static constexpr std::int64_t pairs = 2;  // positions that attend to each other

    /// Logits and maps that look like attention's, but have nothing to do with the outputs.
    static const spar_sites *sites() {
        static const spar_sites table{
            sizeof(spar_sites),
            0,
            [](void *) { return std::int64_t{2}; },
            [](void *, std::int64_t index, std::int64_t, spar_site *site, spar_error *) {
                site->kind = index == 0 ? SPAR_SITE_LOGITS : SPAR_SITE_MAPS;
                site->name = index == 0 ? "attention.logits" : "attention.maps";
                site->flags = index == 0 ? SPAR_SITE_ADDS : 0U;
                site->rank = 3;
                site->shape[0] = 1;
                site->shape[1] = site->shape[2] = pairs;
                site->room = pairs * pairs;
                return spar_status{SPAR_OK};
            },
            nullptr,
            [](void *self, const spar_pass *pass, const spar_site_use *uses, std::int64_t count,
               spar_error *error) {
                fill(uses, count, pass->x->shape[0]);
                return guarded(error, [&] { of(self).pass(*pass); });
            },
            [](void *self, std::int32_t tape, const float *cotangent, const spar_site_use *uses,
               std::int64_t count, spar_wants wants, float *dx, spar_error *error) {
                const Tape &kept = of(self).tapes_[static_cast<std::size_t>(tape)];
                fill(uses, count, std::ssize(kept.means));
                const std::vector<float> none(kept.means.size() * outputs_of_all);
                return guarded(error, [&] {
                    of(self).backward(tape, cotangent != nullptr ? cotangent : none.data(), wants,
                                      dx);
                });
            }};
        return &table;
    }
    static MeanModel &of(void *self) {
        return static_cast<MeanModel &>(*static_cast<Model *>(self));
    }
    static void fill(const spar_site_use *uses, std::int64_t count, std::int64_t rows) {
        for (std::int64_t i = 0; i < count; ++i) {
            if (uses[i].values != nullptr)
                std::fill_n(uses[i].values, rows * pairs * pairs, 1.0F / pairs);
            for (std::int64_t k = 0; uses[i].gradient != nullptr && k < rows * pairs * pairs; ++k)
                uses[i].gradient[k] = k % 2 == 0 ? 1.0F : -1.0F;
        }
    }

    /// What the backward pass needs.
    struct Tape {
        std::vector<float> means;
        std::int64_t size = 0;  // of an example
    };

    static std::vector<float> means(const float *x, std::int64_t count, std::int64_t size) {
        std::vector<float> all;
        for (std::int64_t row = 0; row < count; ++row, x += size)
            all.push_back(std::accumulate(x, x + size, 0.0F) / static_cast<float>(size));
        return all;
    }

    void pull(const Tape &tape, const float *gradient, spar_wants wants, float *dx) {
        for (const float mean : tape.means) {
            float slope = 0;
            for (std::size_t k = 0; k < weight_.size(); ++k) {
                slope += gradient[k] * weight_[k];
                if ((wants & SPAR_WANT_PARAMETER_GRADIENTS) != 0)
                    gradient_[k] += gradient[k] * mean;
            }
            gradient += outputs_of_all;
            if ((wants & SPAR_WANT_INPUT_GRADIENT) == 0) continue;
            dx = std::fill_n(dx, tape.size, slope / static_cast<float>(tape.size));
        }
    }

    void take_steps(const spar_pass &pass, const Matrix &gradients, const Tape &tape) {
        const spar_stage_steps &steps = *pass.stage_steps;
        const auto count = static_cast<std::int64_t>(tape.means.size());
        if (steps.full_pass != 0)
            pull(tape, gradients.data(), SPAR_WANT_PARAMETER_GRADIENTS, nullptr);
        std::vector<float> dx(static_cast<std::size_t>(count * tape.size));
        for (std::int64_t step = 0; step < steps.count; ++step) {
            pull(tape, gradients.data(), SPAR_WANT_INPUT_GRADIENT, dx.data());
            checked([&](spar_error *e) {
                return steps.ascent(steps.ascent_context, 0, count, steps.x, dx.data(), e);
            });
        }
        pull({means(steps.x, count, tape.size), tape.size}, gradients.data(), pass.wants, pass.dx);
    }

    std::array<float, outputs_of_all> weight_{}, gradient_{};
    std::array<Tape, 9> tapes_;  // the first serves passes without a tape
};

/// Registered as if it came from a plugin.
template <class Part>
const ComponentEntry &entry_of() {
    static const PluginFile file = [] {
        PluginFile spar;
        spar.path = "spar";
        return spar;
    }();
    static const ComponentEntry entry{.descriptor = glue::descriptor<Part>(),
                                      .plugin = &file,
                                      .schema = nullptr,
                                      .own = glue::descriptor<Part>()};
    return entry;
}

}  // namespace

std::unique_ptr<Instance> stand_in_dataset(const Builder &builder,
                                           const StandInExamples &examples) {
    const Json node{{"type", Examples::about.type}, {"shape", examples.shape},
                    {"tokens", examples.tokens},    {"classes", examples.classes},
                    {"lower", examples.lower},      {"upper", examples.upper},
                    {"outputs", examples.outputs}};
    return builder.build(entry_of<Examples>(), node, "/data/train");
}

std::unique_ptr<Instance> stand_in_model(const Builder &builder) {
    return builder.build(entry_of<MeanModel>(), Json{{"type", MeanModel::about.type}}, "/model");
}

}  // namespace spar::host
