// The model "python" as a component: see child.hpp for the process, runner.py for what runs there.
#include "call_name.hpp"
#include "child.hpp"
#include "exactness.hpp"
#include "parameters.hpp"

#include <spar/model.hpp>
#include <spar/philox.hpp>

#include <cmath>
#include <cstring>
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
        .summary = "A model that Python evaluates in a process of its own: a torch.nn.Module, or "
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
        shape_of_example_ = *shape_;
        child_->ask({.task = Task::try_out}, shape_words(false));
    }

    void setup(const spar_model_setup &setup) override {
        shape_of_example_.assign(setup.shape, setup.shape + setup.rank);
        const bool text = setup.input == SPAR_INPUT_TOKENS;
        const Answer answer = child_->ask({.task = Task::setup}, shape_words(text));
        outputs_ = answer.value;
        parameters_ = read_parameters(answer.text, child_->parameters());
        widths_ = {spar::product(shape_of_example_), outputs_, 0};
    }

    std::int64_t outputs() const override { return outputs_; }
    std::int64_t parameter_count() const override { return std::ssize(parameters_); }

    void parameter(std::int64_t index, spar_parameter &target) override {
        if (index < 0 || index >= parameter_count())
            throw spar::Error(SPAR_E_CONTRACT, "there is no such parameter");
        const Parameter &parameter = parameters_[static_cast<std::size_t>(index)];
        target.flags = parameter.trainable ? SPAR_PARAMETER_TRAINABLE : 0U;
        target.name = parameter.name.c_str();
        target.rank = static_cast<std::int32_t>(parameter.shape.size());
        std::copy(parameter.shape.begin(), parameter.shape.end(), target.shape);
        target.value = parameter.value;
        target.gradient = parameter.gradient;
    }

    void parameters_changed() override { stale_ = true; }

    void pass(const spar_pass &request) override {
        if (request.stage_steps != nullptr)
            throw spar::Error(SPAR_E_UNSUPPORTED, "this model has no first stage to step through");
        const std::int64_t rows = check(request);
        if (rows == 0) return;
        const Work work{.rows = rows,
                        .x = data(*request.x),
                        .ids = request.ids,
                        .key = request.key,
                        .tape = request.tape,
                        .training = request.mode == SPAR_MODE_TRAIN,
                        .wants = request.head != nullptr ? request.wants : 0,
                        .keeps = request.tape != 0};
        Slot &slot = forward(work);
        if (request.outputs != nullptr)
            std::copy_n(slot.outputs(), rows * outputs_, request.outputs);
        if (request.head == nullptr) return;
        const bool back = (work.wants & both_gradients) != 0;
        call_head(request, slot, rows, back);
        if (!back) return;
        backward(work, slot, request.dx);
        if (!measured_ && !work.training && rows > 1 && request.dx != nullptr &&
            (work.wants & SPAR_WANT_INPUT_GRADIENT) != 0)
            measure(work, {{slot.outputs(), slot.outputs() + rows * outputs_},
                           {request.dx, request.dx + rows * widths_.inputs}},
                    {slot.cotangent(), slot.cotangent() + rows * outputs_});
    }

    void backward(std::int32_t tape, const float *cotangent, spar_wants wants, float *dx) override {
        if (tape < 1 || tape >= static_cast<std::int32_t>(Child::slot_count) ||
            child_->slot(tape).rows == 0)
            throw spar::Error(SPAR_E_CONTRACT,
                              "nothing was recorded on tape " + std::to_string(tape));
        Slot &slot = child_->slot(tape);
        std::copy_n(cotangent, slot.rows * outputs_, slot.cotangent());
        backward({.rows = slot.rows, .tape = tape, .wants = wants, .keeps = true}, slot, dx);
    }

    const void *extension(std::string_view id) override {
        if (id != SPAR_MODEL_ARITHMETIC) return nullptr;
        static const spar_arithmetic table{
            .struct_size = sizeof(spar_arithmetic), .reserved = 0, .instructions = [](void *self) {
                const auto &model = static_cast<Python &>(*static_cast<spar::Model *>(self));
                return kept(model.child_->made_with());
            }};
        return &table;
    }

    spar_model_traits traits() const override {
#ifdef SPAR_MODEL_WEIGHTS
        return SPAR_MODEL_WEIGHTS;
#else
        return 0;
#endif
    }

  private:
    static constexpr spar_wants both_gradients =
        SPAR_WANT_INPUT_GRADIENT | SPAR_WANT_PARAMETER_GRADIENTS;

    /// One pass forward, or back.
    struct Work {
        std::int64_t rows = 0;
        const float *x = nullptr;
        const std::int64_t *ids = nullptr;
        std::uint64_t key = 0;
        std::int32_t tape = 0;
        bool training = false;
        spar_wants wants = 0;
        bool keeps = false;  // the tape
    };

    static float *data(const DLTensor &x) {
        return reinterpret_cast<float *>(static_cast<std::byte *>(x.data) + x.byte_offset);
    }

    std::string shape_words(bool text) const {
        std::string words = text ? "text" : "values";
        for (const std::int64_t extent : shape_of_example_) words += " " + std::to_string(extent);
        return words;
    }

    /// Rows of a batch of the shape that was set up.
    std::int64_t check(const spar_pass &request) const {
        const DLTensor &x = *request.x;
        const bool fits =
            x.ndim == static_cast<int>(shape_of_example_.size()) + 1 &&
            std::equal(shape_of_example_.begin(), shape_of_example_.end(), x.shape + 1);
        if (!fits || request.space != SPAR_SPACE_INPUT || x.dtype.code != kDLFloat ||
            x.dtype.bits != 32)
            throw spar::Error(SPAR_E_CONTRACT, "the model was set up for float32 examples " +
                                                   spar::shape_text(shape_of_example_) +
                                                   ", got a batch " +
                                                   spar::shape_text({x.shape, x.shape + x.ndim}));
        if (request.tape < 0 || request.tape >= static_cast<std::int32_t>(Child::slot_count))
            throw spar::Error(SPAR_E_CONTRACT, "there is no tape " + std::to_string(request.tape));
        return x.shape[0];
    }

    Request request_of(Task task, const Work &work, const Slot &slot) const {
        Request request{.task = task,
                        .slot = work.tape,
                        .rows = work.rows,
                        .room = slot.room(),
                        .key = work.key};
        // The same key and the same examples, the same random numbers.
        for (std::int64_t i = 0; work.ids != nullptr && i < work.rows; ++i)
            request.key = spar::mix_key(request.key, static_cast<std::uint64_t>(work.ids[i]));
        if (work.training) request.flags |= training;
        if ((work.wants & SPAR_WANT_INPUT_GRADIENT) != 0) request.flags |= at_input;
        if ((work.wants & SPAR_WANT_PARAMETER_GRADIENTS) != 0) request.flags |= at_parameters;
        if (work.keeps) request.flags |= keep_tape;
        return request;
    }

    Slot &forward(const Work &work) {
        Slot &slot = child_->slot(work.tape);
        slot.rows = 0;
        slot.reserve(work.rows, widths_);
        std::copy_n(work.x, work.rows * widths_.inputs, slot.x());
        Request request = request_of(Task::forward, work, slot);
        if (work.keeps) request.flags |= at_input | at_parameters;  // asked for later, perhaps
        if ((work.wants & SPAR_WANT_PARAMETER_GRADIENTS) != 0) request.flags |= learns;
        if (stale_) request.flags |= stale;
        child_->ask(request);
        stale_ = false;
        slot.rows = work.rows;
        require_finite("outputs", slot.outputs(), outputs_, work, slot);
        return slot;
    }

    void call_head(const spar_pass &request, const Slot &slot, std::int64_t rows, bool back) {
        parallel_for((rows + head_rows - 1) / head_rows, [&](std::int64_t block) {
            const std::int64_t first = block * head_rows, at = first * outputs_;
            const std::int64_t count = std::min(head_rows, rows - first);
            spar::checked([&](spar_error *error) {
                return request.head(request.head_context, first, count, slot.outputs() + at,
                                    back ? slot.cotangent() + at : nullptr, error);
            });
        });
    }

    void backward(const Work &work, const Slot &slot, float *dx) {
        child_->ask(request_of(Task::backward, work, slot));
        if ((work.wants & SPAR_WANT_INPUT_GRADIENT) == 0) return;
        require_finite("gradient", slot.dx(), widths_.inputs, work, slot);
        if (dx != nullptr) std::copy_n(slot.dx(), work.rows * widths_.inputs, dx);
    }

    /// Throws with the first row that holds NaN or an infinity. A sum finds them at the speed of
    /// memory.
    void require_finite(const char *what, const float *values, std::int64_t width, const Work &work,
                        const Slot &slot) const {
        float sum = 0;
        for (std::int64_t i = 0; i < work.rows * width; ++i) sum += values[i] * 0.0F;
        if (sum == 0) return;
        std::int64_t at = 0;
        while (std::isfinite(values[at])) ++at;
        const std::int64_t row = at / width;
        const float *const x = slot.x() + row * widths_.inputs;
        const bool from_outside =
            !std::all_of(x, x + widths_.inputs, [](float value) { return std::isfinite(value); });
        throw spar::invalid(
            child_->who() + ": the " + what + " of " +
                (work.ids != nullptr ? "example " + std::to_string(work.ids[row])
                                     : "row " + std::to_string(row)) +
                " holds " + (std::isnan(values[at]) ? "NaN" : "an infinity") + " at " +
                std::to_string(at % width) +
                (from_outside ? ", but so does its input: look at the attack and the learning rate"
                              : ". Look there for a division by zero, a logarithm or a root of 0, "
                                "an overflow in 16 bits, or a learning rate that is too large; "
                                "torch.autograd.set_detect_anomaly(True) finds the operation"),
            "/call");
    }

    /// The same batch again, and in halves.
    void measure(Work work, const Numbers &first, const std::vector<float> &cotangent) {
        measured_ = true;
        work.tape = 0;
        work.keeps = false;
        work.wants = SPAR_WANT_INPUT_GRADIENT;
        const auto run = [&](std::int64_t begin, std::int64_t end, Numbers &into) {
            Work part = work;
            part.rows = end - begin;
            part.x += begin * widths_.inputs;
            if (part.ids != nullptr) part.ids += begin;
            Slot &slot = forward(part);
            std::copy_n(cotangent.data() + begin * outputs_, part.rows * outputs_,
                        slot.cotangent());
            backward(part, slot, nullptr);
            into.outputs.insert(into.outputs.end(), slot.outputs(),
                                slot.outputs() + part.rows * outputs_);
            into.gradients.insert(into.gradients.end(), slot.dx(),
                                  slot.dx() + part.rows * widths_.inputs);
        };
        Numbers again, halves;
        run(0, work.rows, again);
        run(0, work.rows / 2, halves);
        run(work.rows / 2, work.rows, halves);
        const Exactness found = compare(work.rows, first, again, halves);
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
    std::vector<Parameter> parameters_;
    std::vector<std::int64_t> shape_of_example_;
    std::int64_t outputs_ = 0;
    Widths widths_;
    bool stale_ = false, measured_ = false;
};

}  // namespace
}  // namespace python

using python::Python;
SPAR_PLUGIN("python", "0.1.0", Python)
