// The model "onnx" as a component: a file's graph on the engine of `sequential`.
#include "graph/contract.hpp"
#include "import/importer.hpp"
#include "import/recorded.hpp"

#include <spar/model.hpp>

#include <cstdio>
#include <utility>

namespace onnx {
namespace {

using sequential::Executor;

class Onnx final : public spar::Model, private sequential::Parallel {
  public:
    static constexpr spar::About about{
        .type = "onnx",
        .summary = "A network from an ONNX file, run on the processor by the engine of sequential.",
        .formula = "f(x) = the file's graph of x, with gradients, for any number of examples",
        .reference = "https://onnx.ai",
        .example = R"({"version": 2, "name": "onnx",
  "data": {"test": {"type": "npz", "file": "test.npz"}},
  "model": {"type": "onnx", "file": "net.onnx"},
  "threat": {"norm": "linf", "eps": 0.1},
  "evaluate": {"attacks": [{"type": "fgsm"}]}})"};

    void setup(const spar_model_setup &setup) override {
        if (setup.rank < 1 || setup.rank > SPAR_MAX_RANK)
            throw spar::Error(SPAR_E_CONTRACT, "an example needs from 1 to 8 dimensions");
        if (setup.input == SPAR_INPUT_TOKENS)
            throw spar::invalid(
                "the data is text, and models in ONNX files read numbers here; a "
                "`sequential` model reads texts",
                "/type");
        const Shape shape(setup.shape, setup.shape + setup.rank);
        sequential::volume(shape);
        const onnx::Model model = read_model(*file_);
        graph_ = std::make_unique<sequential::Graph>(16, shape);
        book_ = std::make_unique<Book>(graph_->parameters);
        Importer importer(model, *graph_, *book_, shape, *channels_last_);
        importer.build(output_.value_or(""), cut_.is("softmax"));
        executor_ = std::make_unique<Executor>(*graph_, static_cast<Parallel &>(*this));
        folded_ = folds_normalisation(model);
        if (importer.ends_in_softmax())
            warn({.code = "trailing_softmax",
                  .message =
                      "the model ends in a softmax: where it is confident, gradients vanish, "
                      "and attacks find nothing although the model is not robust",
                  .remedy = "\"cut\": \"softmax\" leaves it out",
                  .pointer = "/file"});
        else if (!cut_.is("softmax") && !output_.given())
            compare_with_recorded();
    }

    std::int64_t outputs() const override { return graph_->value(graph_->output).size(); }
    std::int64_t parameter_count() const override { return graph_->parameters.size(); }

    void parameter(std::int64_t index, spar_parameter &target) override {
        sequential::describe_parameter(*graph_, index, target);
    }

    void parameters_changed() override {
        book_->spread();
        executor_->parameters_changed();
    }

    void pass(const spar_pass &request) override {
        if (request.space != SPAR_SPACE_INPUT)
            throw spar::Error(SPAR_E_UNSUPPORTED, "this model has no embedding");
        const sequential::Pass pass = sequential::pass_of(*graph_, request);
        const bool learns = pass.wants.parameters;
        if (learns && pass.training && std::exchange(folded_, false))
            warn({.code = "folded_normalisation",
                  .message = "the exporter has folded batch normalisation into the convolutions: "
                             "attacks are exact, but training trains another network",
                  .remedy = "export with training=torch.onnx.TrainingMode.PRESERVE, "
                            "do_constant_folding=False, dynamo=False",
                  .pointer = "/file"});
        executor_->pass(pass);
        if (learns && pass.head != nullptr) book_->collect();
    }

    void backward(std::int32_t tape, const float *cotangent, spar_wants wants, float *dx) override {
        const sequential::Wants wanted = sequential::wants_of(wants);
        executor_->backward(tape, cotangent, wanted, dx);
        if (wanted.parameters) book_->collect();
    }

    const void *extension(std::string_view id) override;
    spar_model_traits traits() const override { return SPAR_MODEL_OWN_WEIGHTS; }

  private:
    static const sequential::Counters &counters_of(void *self) {
        return static_cast<Onnx &>(*static_cast<spar::Model *>(self)).executor_->counters();
    }

    void run(std::int64_t count, Work work, void *context) const override {
        parallel_for(count, [&](std::int64_t i) { work(context, i); });
    }

    /// Convolutions whose names show that something was folded into them, and no normalisation.
    static bool folds_normalisation(const onnx::Model &model) {
        bool folded = false;
        for (const Node &node : model.nodes) {
            if (node.type.ends_with("Normalization")) return false;
            if (node.type != "Conv" || node.inputs.size() < 3) continue;
            folded = folded || node.inputs[2].starts_with("onnx::Conv_") ||
                     node.inputs[2] == node.inputs[1] + "_bias";
        }
        return folded;
    }

    void compare_with_recorded() {
        const auto recorded = find_recorded(*file_, graph_->value(0).size(), outputs());
        if (!recorded || *channels_last_) return;
        std::vector<float> logits(static_cast<std::size_t>(recorded->rows * outputs()));
        executor_->pass({.rows = recorded->rows,
                         .x = recorded->inputs.floats.data(),
                         .outputs = logits.data()});
        const double gap = difference(*recorded, logits);
        char text[160];
        std::snprintf(text, sizeof text,
                      "of %lld recorded examples, outputs differ by at most %.1e of the largest",
                      static_cast<long long>(recorded->rows), gap);
        if (gap > 1e-4)
            warn({.code = "other_outputs",
                  .message = std::string(text) + "; expected 1e-4",
                  .remedy = "look whether test_data_set_0 belongs to this file",
                  .pointer = "/file"});
        else
            log(SPAR_LOG_INFO, text);
    }

    spar::Path file_{this, "file", "the model, as torch.onnx.export writes it"};
    spar::Choice cut_{this,
                      "cut",
                      "what to leave out at its end: a softmax hides gradients",
                      {"none", "softmax"},
                      {.fallback = "none"}};
    spar::Text output_{this,
                       "output",
                       "name of the tensor with the outputs; left out, the file's first output",
                       {.optional = true}};
    spar::Boolean channels_last_{
        this,
        "channels_last",
        "turn images [channels, height, width] of the data into [height, width, channels] first, "
        "for models that TensorFlow exported",
        {.fallback = false}};
    std::unique_ptr<sequential::Graph> graph_;
    std::unique_ptr<Book> book_;
    std::unique_ptr<Executor> executor_;
    bool folded_ = false;  // and nobody was told
};

const void *Onnx::extension(std::string_view id) {
    if (id == SPAR_MODEL_ARITHMETIC) return sequential::arithmetic_table();
    if (id == SPAR_MODEL_COUNTERS) return sequential::counters_table<counters_of>();
    return nullptr;
}

}  // namespace
}  // namespace onnx

SPAR_PLUGIN("onnx", "0.1.0", onnx::Onnx)
