// A model and datasets small enough to be written out again in a test: f(x) = W2 a(W1 x + b1) + b2,
// in double inside, with a first stage, tapes and, for tokens, an embedding.
#include <spar/dataset.hpp>
#include <spar/math.hpp>
#include <spar/model.hpp>
#include <spar/optimizer.hpp>

#include <cmath>
#include <map>

namespace {

using Doubles = std::vector<double>;

struct Tensor {
    std::string name;
    std::vector<std::int64_t> shape;
    bool of_stage;
    std::vector<float> value{}, gradient{};
};

class TinyMlp final : public spar::Model {
  public:
    static constexpr spar::About about{.type = "tiny_mlp", .summary = "For tests."};

    spar::Integer hidden{this, "hidden", "", {.fallback = 5}};
    spar::Choice activation{
        this, "activation", "", {"identity", "relu", "tanh"}, {.fallback = "tanh"}};
    spar::Integer width{this, "width", "of an embedding", {.fallback = 3}};
    spar::Boolean stage{this, "stage", "", {.fallback = true}};

    void setup(const spar_model_setup &setup) override {
        const std::int64_t extent = spar::product({setup.shape, std::size_t(setup.rank)});
        const bool tokens = setup.input == SPAR_INPUT_TOKENS;
        inputs_ = tokens ? extent * *width : extent;
        outputs_ = setup.outputs;
        vocabulary_ = setup.vocabulary;
        if (tokens) add("embedding.weight", {vocabulary_, *width}, false, setup.key);
        add("0.weight", {*hidden, inputs_}, true, setup.key);
        add("0.bias", {*hidden}, true, setup.key);
        add("2.weight", {outputs_, *hidden}, false, setup.key);
        add("2.bias", {outputs_}, false, setup.key);
    }
    std::int64_t outputs() const override { return outputs_; }
    std::int64_t parameter_count() const override { return std::ssize(tensors_); }
    void parameter(std::int64_t index, spar_parameter &p) override {
        Tensor &t = tensors_.at(std::size_t(index));
        p.flags = SPAR_PARAMETER_TRAINABLE | (t.of_stage && *stage ? SPAR_PARAMETER_STAGE : 0U);
        p.name = t.name.c_str();
        p.rank = std::int32_t(t.shape.size());
        std::ranges::copy(t.shape, p.shape);
        p.value = t.value.data();
        p.gradient = t.gradient.data();
    }
    void parameters_changed() override {}

    void pass(const spar_pass &pass) override {
        const auto *x = static_cast<const float *>(pass.x->data);
        const std::int64_t n = pass.x->shape[0];
        std::vector<float> outputs(std::size_t(n * outputs_)), cotangent(outputs.size());
        for (std::int64_t row = 0; row < n; ++row) {
            const Doubles a = stage_of(x + row * inputs_, nullptr);
            for (std::int64_t k = 0; k < outputs_; ++k) {
                double z = of("2.bias").value[std::size_t(k)];
                for (std::int64_t j = 0; j < *hidden; ++j)
                    z += of("2.weight").value[std::size_t(k * *hidden + j)] * a[std::size_t(j)];
                outputs[std::size_t(row * outputs_ + k)] = static_cast<float>(z);
            }
        }
        if (pass.outputs != nullptr) std::ranges::copy(outputs, pass.outputs);
        if (pass.tape > 0) tapes_[pass.tape].assign(x, x + n * inputs_);
        if (pass.head == nullptr) return;
        const bool back = pass.wants != 0;
        for (std::int64_t row = 0; row < n; ++row)  // in blocks of one row: heads must cope
            spar::checked([&](spar_error *e) {
                return pass.head(pass.head_context, row, 1, outputs.data() + row * outputs_,
                                 back ? cotangent.data() + row * outputs_ : nullptr, e);
            });
        if (back) pull(n, x, cotangent.data(), pass.wants, pass.dx, pass.stage_steps);
    }

    void backward(std::int32_t tape, const float *cotangent, spar_wants wants, float *dx) override {
        const std::vector<float> &x = tapes_.at(tape);
        pull(std::ssize(x) / inputs_, x.data(), cotangent, wants, dx, nullptr);
    }

    const void *extension(std::string_view id) override {
        return id == SPAR_MODEL_EMBEDDING && vocabulary_ > 0 ? embedding() : nullptr;
    }

  private:
    void add(const std::string &name, std::vector<std::int64_t> shape, bool of_stage,
             std::uint64_t key) {
        Tensor t{name, std::move(shape), of_stage};
        t.value.resize(std::size_t(spar::product(t.shape)));
        t.gradient.resize(t.value.size());
        spar::Random random(key, std::ssize(tensors_));
        for (std::size_t i = 0; i < t.value.size(); ++i)
            t.value[i] = 0.7F * random.normal(std::int64_t(i));
        tensors_.push_back(std::move(t));
    }
    Tensor &of(std::string_view name) { return *std::ranges::find(tensors_, name, &Tensor::name); }

    /// a(W1 x + b1), and a's slopes.
    Doubles stage_of(const float *x, Doubles *slopes) {
        Doubles a(static_cast<std::size_t>(*hidden)), slope(a.size());
        for (std::size_t j = 0; j < a.size(); ++j) {
            double h = of("0.bias").value[j];
            for (std::size_t i = 0; i < std::size_t(inputs_); ++i)
                h += double{of("0.weight").value[j * std::size_t(inputs_) + i]} * x[i];
            const bool tanh = activation.is("tanh"), relu = activation.is("relu");
            a[j] = tanh ? std::tanh(h) : relu ? std::max(h, 0.0) : h;
            slope[j] = tanh ? 1 - a[j] * a[j] : relu ? double(h > 0) : 1;
        }
        if (slopes != nullptr) *slopes = slope;
        return a;
    }

    static void grow(Tensor &t, std::size_t at, double by) {
        t.gradient[at] = static_cast<float>(t.gradient[at] + by);
    }

    void pull(std::int64_t n, const float *x, const float *cotangent, spar_wants wants, float *dx,
              const spar_stage_steps *steps) {
        const auto h = std::size_t(*hidden);
        for (std::int64_t row = 0; row < n; ++row) {
            const float *g = cotangent + row * outputs_;
            const Doubles a = stage_of(x + row * inputs_, nullptr);
            Doubles at_stage(h);
            for (std::size_t k = 0; k < std::size_t(outputs_); ++k) {
                for (std::size_t j = 0; j < h; ++j) {
                    at_stage[j] += of("2.weight").value[k * h + j] * double{g[k]};
                    if ((wants & SPAR_WANT_PARAMETER_GRADIENTS) != 0)
                        grow(of("2.weight"), k * h + j, a[j] * g[k]);
                }
                if ((wants & SPAR_WANT_PARAMETER_GRADIENTS) != 0) grow(of("2.bias"), k, g[k]);
            }
            if (steps != nullptr)
                take_steps(*steps, row, at_stage, wants,
                           dx != nullptr ? dx + row * inputs_ : nullptr);
            else
                pull_stage(x + row * inputs_, at_stage, wants,
                           dx != nullptr ? dx + row * inputs_ : nullptr);
        }
    }

    void take_steps(const spar_stage_steps &steps, std::int64_t row, const Doubles &p,
                    spar_wants wants, float *all_dx) {
        float *x = steps.x + row * inputs_;
        std::vector<float> dx(static_cast<std::size_t>(inputs_)), full(dx.size());
        if (steps.full_pass != 0) pull_stage(x, p, wants, full.data());
        for (std::int64_t step = 0; step < steps.count; ++step) {
            pull_stage(x, p, SPAR_WANT_INPUT_GRADIENT, dx.data());
            spar::checked([&](spar_error *error) {
                return steps.ascent(steps.ascent_context, row, 1, x, dx.data(), error);
            });
        }
        pull_stage(x, p, wants, dx.data());
        if (all_dx == nullptr || (wants & SPAR_WANT_INPUT_GRADIENT) == 0) return;
        for (std::size_t i = 0; i < dx.size(); ++i) all_dx[i] = full[i] + dx[i];
    }

    void pull_stage(const float *x, const Doubles &p, spar_wants wants, float *dx) {
        Doubles slope;
        stage_of(x, &slope);
        const auto d = std::size_t(inputs_);
        Doubles sum(d);
        for (std::size_t j = 0; j < p.size(); ++j) {
            const double g = p[j] * slope[j];
            for (std::size_t i = 0; i < d; ++i) sum[i] += of("0.weight").value[j * d + i] * g;
            if ((wants & SPAR_WANT_PARAMETER_GRADIENTS) == 0) continue;
            grow(of("0.bias"), j, g);
            for (std::size_t i = 0; i < d; ++i) grow(of("0.weight"), j * d + i, g * x[i]);
        }
        if (dx != nullptr && (wants & SPAR_WANT_INPUT_GRADIENT) != 0)
            for (std::size_t i = 0; i < d; ++i) dx[i] = static_cast<float>(sum[i]);
    }

    static TinyMlp &self_of(void *self) {
        return static_cast<TinyMlp &>(*static_cast<spar::Model *>(self));
    }

    static const spar_embedding *embedding() {
        static const spar_embedding table{
            sizeof(spar_embedding), 0, [](void *self) { return *self_of(self).width; },
            [](void *self, const DLTensor *tokens, const DLTensor *, float *vectors, spar_error *) {
                self_of(self).each(
                    *tokens, [&](float &value, float &, std::size_t at) { vectors[at] = value; });
                return SPAR_OK;
            },
            [](void *self, const DLTensor *tokens, const DLTensor *, const float *g, spar_error *) {
                self_of(self).each(*tokens,
                                   [&](float &, float &sum, std::size_t at) { sum += g[at]; });
                return SPAR_OK;
            }};
        return &table;
    }
    template <class Touch>
    void each(const DLTensor &tokens, Touch &&touch) {
        const auto *ids = static_cast<const std::int64_t *>(tokens.data);
        const auto w = std::size_t(*width);
        for (std::size_t i = 0; i < std::size_t(tokens.shape[0] * tokens.shape[1]); ++i)
            for (std::size_t j = 0; j < w; ++j) {
                const std::size_t in = std::size_t(ids[i]) * w + j;
                touch(tensors_[0].value[in], tensors_[0].gradient[in], i * w + j);
            }
    }

    std::int64_t inputs_ = 0, outputs_ = 0, vocabulary_ = 0;
    std::vector<Tensor> tensors_;
    std::map<std::int32_t, std::vector<float>> tapes_;
};

/// Random values in [0, 1], of classes or with values to regress; or tokens with padding.
class TinyData final : public spar::Dataset {
  public:
    static constexpr spar::About about{.type = "tiny_data", .summary = "For tests."};

    spar::Choice kind{
        this, "kind", "", {"values", "regression", "one_value", "text"}, {.fallback = "values"}};
    spar::Integer width{this, "width", "", {.fallback = 6}};

    spar::DatasetInfo info() override {
        const bool text = kind.is("text");
        return {.size = 24,
                .shape = {text ? 4 : *width},
                .outputs = kind.is("one_value") ? 1 : 3,
                .input = text ? SPAR_INPUT_TOKENS : SPAR_INPUT_VALUES,
                .target = kind.is("regression") || kind.is("one_value") ? SPAR_TARGET_VALUES
                                                                        : SPAR_TARGET_CLASS,
                .vocabulary = text ? 7 : 0};
    }
    void read(std::int64_t index, const spar::ExampleOut &out) override {
        spar::Random random(99, index);
        for (std::size_t i = 0; i < out.x.size(); ++i)  // a few at the ends of the box
            out.x[i] = std::clamp(random.uniform(std::int64_t(i), -0.1F, 1.1F), 0.0F, 1.0F);
        for (std::size_t i = 0; i < out.tokens.size(); ++i) {
            out.mask[i] = i < 2 || (index + std::int64_t(i)) % 3 != 0 ? 1.0F : 0.0F;
            out.tokens[i] = out.mask[i] != 0 ? 1 + random.below(std::int64_t(i), 6) : 0;
        }
        if (out.label != nullptr) *out.label = random.below(100, 3);
        for (std::size_t i = 0; i < out.values.size(); ++i)
            out.values[i] = random.normal(200 + std::int64_t(i));
    }
};

/// Moves every element by its tensor's gradient over the length of that: it must see it whole.
class Normed final : public spar::Optimizer {
  public:
    static constexpr spar::About about{.type = "normed", .summary = "For tests."};

    std::vector<const char *> state() const override { return {}; }
    void update(const spar::Update &u) const override {
        const double length = spar::norm_l2(u.gradient);
        for (std::size_t i = 0; i < u.parameter.size(); ++i)
            u.parameter[i] -= static_cast<float>(u.gradient[i] / length);
    }
};

/// Writes where each element lay: the size of the piece, and its place in the whole tensor.
class Placing final : public spar::Optimizer {
  public:
    static constexpr spar::About about{.type = "placing", .summary = "For tests."};

    std::vector<const char *> state() const override { return {"place"}; }
    bool elementwise() const override { return true; }
    void update(const spar::Update &u) const override {
        for (std::size_t i = 0; i < u.parameter.size(); ++i) {
            u.parameter[i] = static_cast<float>(u.parameter.size());
            u.memory(0)[i] = static_cast<float>(u.offset + std::int64_t(i));
        }
        if (u.offset + std::ssize(u.parameter) > spar::product(u.shape))
            throw spar::invalid("a piece that goes beyond its tensor");
    }
};

}  // namespace

SPAR_PLUGIN("tiny", "1.0.0", TinyMlp, TinyData, Normed, Placing)
