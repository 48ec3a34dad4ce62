// The model "python" as a component: see net.hpp for the passes, child.hpp for the process,
// runner.py for what runs there.
#include "call_name.hpp"
#include "net.hpp"

#include <spar/model.hpp>

#include <optional>
#include <set>

namespace python {
namespace {

constexpr std::int64_t head_rows = 64;  // at once

/// Texts that stay until the process ends, as the contract asks of some.
const char *kept(const std::string &text) {
    static std::set<std::string> &all = *new std::set<std::string>;
    return all.insert(text).first->c_str();
}

class Python final : public spar::Model {
  public:
    static constexpr spar::About about{
        .type = "python",
        .summary =
            "A model that Python evaluates in a process of its own: a torch.nn.Module, or "
            "any function that gives its outputs and a function that pulls gradients back.",
        .formula = "f(x) = net(x)",
        .example = R"({"version": 2, "name": "foreign",
  "data": {"test": {"type": "digits", "examples": 64}},
  "model": {"type": "python", "call": "net.py:net", "arrays": "memoryview"},
  "threat": {"norm": "linf", "eps": 0.1},
  "evaluate": {"attacks": [{"type": "fgsm"}]}})"};

    void configure() override {
        Start start{.interpreter = *interpreter_,
                    .file = call_.file,
                    .name = call_.net,
                    .options = {"arrays=" + *arrays_, "key=" + std::to_string(random_key())},
                    .patience = *timeout_};
        if (device_.given()) start.options.push_back("device=" + *device_);
        if (threads_.given()) start.options.push_back("threads=" + std::to_string(*threads_));
        if (embedding_.given()) start.options.push_back("embedding=" + *embedding_);
        child_ = std::make_unique<Child>(
            start, [this](const std::string &line) { log(SPAR_LOG_INFO, line); });
        if (!shape_.given()) return;
        child_->ask({.task = Task::try_out}, shape_words(*shape_, false));
    }

    void setup(const spar_model_setup &setup) override {
        text_ = setup.input == SPAR_INPUT_TOKENS;
        net_.emplace(*child_, std::vector<std::int64_t>(setup.shape, setup.shape + setup.rank),
                     text_);
    }

    std::int64_t outputs() const override { return net_->outputs(); }
    std::int64_t parameter_count() const override { return std::ssize(net_->parameters()); }

    void parameter(std::int64_t index, spar_parameter &target) override {
        if (index < 0 || index >= parameter_count())
            throw spar::Error(SPAR_E_CONTRACT, "there is no such parameter");
        const Parameter &parameter = net_->parameters()[static_cast<std::size_t>(index)];
        target.flags = parameter.trainable ? SPAR_PARAMETER_TRAINABLE : 0U;
        target.name = parameter.name.c_str();
        target.rank = static_cast<std::int32_t>(parameter.shape.size());
        std::copy(parameter.shape.begin(), parameter.shape.end(), target.shape);
        target.value = parameter.value;
        target.gradient = parameter.gradient;
    }

    void parameters_changed() override { net_->parameters_changed(); }

    void pass(const spar_pass &request) override {
        if (request.stage_steps != nullptr)
            throw spar::Error(SPAR_E_UNSUPPORTED, "this model has no first stage to step through");
        const std::int64_t rows = check(request);
        if (rows == 0) return;
        const Work work{.rows = rows,
                        .x = data<float>(*request.x),
                        .mask = request.mask != nullptr ? data<float>(*request.mask) : nullptr,
                        .ids = request.ids,
                        .key = request.key,
                        .tape = request.tape,
                        .training = request.mode == SPAR_MODE_TRAIN,
                        .wants = request.head != nullptr ? request.wants & gradients : 0,
                        .keeps = request.tape != 0};
        const Slot &slot = net_->forward(work);
        if (request.outputs != nullptr)
            std::copy_n(slot.outputs(), rows * outputs(), request.outputs);
        if (request.head == nullptr) return;
        call_head(request, slot, rows, work.wants != 0);
        if (work.wants == 0) return;
        net_->backward(work, request.dx);
        const bool at_input = (work.wants & SPAR_WANT_INPUT_GRADIENT) != 0;
        if (!measured_ && at_input && !work.training && rows > 1) measure(work, slot);
    }

    void backward(std::int32_t tape, const float *cotangent, spar_wants wants, float *dx) override {
        const Slot &slot = net_->recorded(tape);
        std::copy_n(cotangent, slot.rows * outputs(), slot.cotangent());
        net_->backward({.rows = slot.rows, .tape = tape, .wants = wants & gradients, .keeps = true},
                       dx);
    }

    const void *extension(std::string_view id) override;

    spar_model_traits traits() const override { return SPAR_MODEL_OWN_WEIGHTS; }

  private:
    friend struct Extensions;

    static constexpr spar_wants gradients =
        SPAR_WANT_INPUT_GRADIENT | SPAR_WANT_PARAMETER_GRADIENTS;

    template <class T>
    static T *data(const DLTensor &x) {
        return reinterpret_cast<T *>(static_cast<std::byte *>(x.data) + x.byte_offset);
    }

    /// Rows of a batch of the shape that was set up.
    std::int64_t check(const spar_pass &request) const {
        const DLTensor &x = *request.x;
        const std::vector<std::int64_t> &wanted = net_->reads();
        const bool fits = x.ndim == static_cast<int>(wanted.size()) + 1 &&
                          std::equal(wanted.begin(), wanted.end(), x.shape + 1);
        if (!fits || x.dtype.code != kDLFloat || x.dtype.bits != 32 ||
            request.space != (text_ ? SPAR_SPACE_EMBEDDING : SPAR_SPACE_INPUT))
            throw spar::Error(SPAR_E_CONTRACT, "the model was set up for float32 examples " +
                                                   spar::shape_text(wanted) + ", got a batch " +
                                                   spar::shape_text({x.shape, x.shape + x.ndim}));
        if (request.tape < 0 || request.tape >= Child::slot_count)
            throw spar::Error(SPAR_E_CONTRACT, "there is no tape " + std::to_string(request.tape));
        return x.shape[0];
    }

    void call_head(const spar_pass &request, const Slot &slot, std::int64_t rows, bool back) const {
        parallel_for((rows + head_rows - 1) / head_rows, [&](std::int64_t block) {
            const std::int64_t first = block * head_rows, at = first * outputs();
            const std::int64_t count = std::min(head_rows, rows - first);
            spar::checked([&](spar_error *error) {
                return request.head(request.head_context, first, count, slot.outputs() + at,
                                    back ? slot.cotangent() + at : nullptr, error);
            });
        });
    }

    void measure(const Work &work, const Slot &slot) {
        measured_ = true;
        const std::int64_t outputs = work.rows * net_->outputs(), inputs = work.rows * net_->size();
        const Exactness found = net_->measure(
            work, {{slot.outputs(), slot.outputs() + outputs}, {slot.dx(), slot.dx() + inputs}},
            {slot.cotangent(), slot.cotangent() + outputs});
        if (found.exact()) return log(SPAR_LOG_INFO, found.text());
        warn({.code = "not_exact",
              .message = found.text(),
              .remedy = "results repeat only as far, and depend on batch_size as far; the model "
                        "\"sequential\" is exact",
              .pointer = "/call"});
    }

    CallName call_{this, "call",
                   "Python file, relative to the pipeline's, and the name of the net in it: "
                   "\"net.py:net\""};
    Program interpreter_{this, "interpreter", "the Python that has the net's libraries", "python3"};
    spar::Text device_{this,
                       "device",
                       "where a torch.nn.Module computes, as \"cpu\" or \"cuda\"; left out: where "
                       "the file has put it",
                       {.optional = true}};
    spar::Integer threads_{this,
                           "threads",
                           "threads that PyTorch uses; left out: as many as it chooses",
                           {.min = 1, .max = 1024, .optional = true}};
    spar::Choice arrays_{this,
                         "arrays",
                         "what a function is given; \"memoryview\" needs no NumPy",
                         {"numpy", "memoryview"},
                         {.fallback = "numpy"}};
    spar::Text embedding_{this,
                          "embedding",
                          "for texts: the module that turns ids into vectors, as "
                          "\"bert.embeddings.word_embeddings\"",
                          {.optional = true}};
    spar::Integers shape_{this,
                          "shape",
                          "of one example; where given, spar check runs the net on two made-up "
                          "examples",
                          {.min = 1},
                          {.min_items = 1, .max_items = SPAR_MAX_RANK, .optional = true}};
    spar::Number timeout_{this,
                          "timeout",
                          "longest time that one call may take, and reading the file",
                          {.fallback = 600, .max = 1e6, .above = 0, .unit = "s"}};

    std::unique_ptr<Child> child_;
    std::optional<Net> net_;
    bool text_ = false, measured_ = false;
};

struct Extensions {
    static Python &of(void *self) {
        return static_cast<Python &>(*static_cast<spar::Model *>(self));
    }

    static const spar_arithmetic *arithmetic() {
        static const spar_arithmetic table{
            .struct_size = sizeof(spar_arithmetic), .reserved = 0, .instructions = [](void *self) {
                return kept(of(self).child_->made_with());
            }};
        return &table;
    }

    static const spar_embedding *embedding() {
        static const spar_embedding table{
            .struct_size = sizeof(spar_embedding),
            .reserved = 0,
            .width = [](void *self) { return of(self).net_->reads().back(); },
            .embed =
                [](void *self, const DLTensor *tokens, const DLTensor *, float *vectors,
                   spar_error *error) {
                    return spar::guarded(error, [&] {
                        of(self).net_->embed(tokens->shape[0], Python::data<std::int64_t>(*tokens),
                                             vectors);
                    });
                },
            .accumulate =
                [](void *self, const DLTensor *tokens, const DLTensor *, const float *gradient,
                   spar_error *error) {
                    return spar::guarded(error, [&] {
                        of(self).net_->accumulate(tokens->shape[0],
                                                  Python::data<std::int64_t>(*tokens), gradient);
                    });
                }};
        return &table;
    }
};

const void *Python::extension(std::string_view id) {
    if (id == SPAR_MODEL_ARITHMETIC) return Extensions::arithmetic();
    if (id == SPAR_MODEL_EMBEDDING) return text_ ? Extensions::embedding() : nullptr;
    return nullptr;
}

}  // namespace
}  // namespace python

using python::Python;
SPAR_PLUGIN("python", "0.1.0", Python)
