// The model "sequential" as a component.
#include "graph/contract.hpp"
#include "layers/embedding.hpp"
#include "layers/layer_table.hpp"
#include "layers/names.hpp"
#include "layers/site_table.hpp"

#include <spar/model.hpp>

namespace sequential {
namespace {

class Sequential final : public spar::Model, private Parallel {
  public:
    static constexpr spar::About about{
        .type = "sequential",
        .summary = "A network of layers in sequence, run on the processor.",
        .formula = "f(x) = layer_n(... layer_2(layer_1(x)))",
        .reference = "",
        .example = R"({"version": 1, "name": "minimal",
  "data": {"test": {"type": "digits", "examples": 64}},
  "model": {"type": "sequential", "layers": [{"type": "flatten"}, {"type": "linear", "out": 10}]},
  "evaluate": {}})"};

    void configure() override { require_different_names(layers_); }

    void setup(const spar_model_setup &setup) override {
        if (setup.rank < 1 || setup.rank > SPAR_MAX_RANK)
            throw spar::Error(SPAR_E_CONTRACT, "an example needs from 1 to 8 dimensions");
        const Examples examples{Shape(setup.shape, setup.shape + setup.rank),
                                setup.input == SPAR_INPUT_TOKENS, setup.vocabulary};
        graph_ = build_network(layers_, graph_input(layers_, examples), setup.key,
                               stage_.given() ? std::optional<std::size_t>(*stage_) : std::nullopt,
                               examples.vocabulary);
        executor_ = std::make_unique<Executor>(*graph_, static_cast<Parallel &>(*this));
        if (!examples.tokens) return;
        greatest_length_ = examples.shape[0];
        Parameter *frequency = graph_->lookup_parameters > 1 ? &graph_->parameters[1] : nullptr;
        if (frequency != nullptr && setup.struct_size > offsetof(spar_model_setup, counts))
            count_tokens(*frequency, setup.counts, setup.vocabulary);
        embedding_.emplace(graph_->parameters[0], static_cast<Parallel &>(*this), frequency);
    }

    std::int64_t outputs() const override { return graph_->value(graph_->output).size(); }
    std::int64_t parameter_count() const override { return graph_->parameters.size(); }

    void parameter(std::int64_t index, spar_parameter &target) override {
        describe_parameter(*graph_, index, target);
    }

    void parameters_changed() override {
        executor_->parameters_changed();
        if (embedding_) embedding_->parameters_changed();
    }

    void pass(const spar_pass &request) override { pass(request, nullptr); }
    void pass(const spar_pass &request, const SiteUse *sites) {
        const spar_space space = embedding_ ? SPAR_SPACE_EMBEDDING : SPAR_SPACE_INPUT;
        if (request.space != space)
            throw spar::Error(SPAR_E_UNSUPPORTED,
                              embedding_ ? "this model reads the vectors of its embedding"
                                         : "this model has no embedding");
        take_length(*request.x);
        Pass own = pass_of(*graph_, request);
        own.wants.sites = sites;
        executor_->pass(own);
    }

    void backward(std::int32_t tape, const float *cotangent, spar_wants wants, float *dx) override {
        backward(tape, cotangent, wants, dx, nullptr);
    }
    void backward(std::int32_t tape, const float *cotangent, spar_wants wants, float *dx,
                  const SiteUse *sites) {
        Wants all = wants_of(wants);
        all.sites = sites;
        executor_->backward(tape, cotangent, all, dx);
    }

    const void *extension(std::string_view id) override;
    spar_model_traits traits() const override {
        return embedding_ && graph_->takes_lengths() ? SPAR_MODEL_LENGTHS : 0;
    }

  private:
    friend struct Extensions;

    /// Of a batch of texts, which may be shorter than they were set up.
    void take_length(const DLTensor &x) const {
        if (x.ndim == 3 && x.shape[1] >= 1 && x.shape[1] <= greatest_length_)
            graph_->set_length(x.shape[1]);
    }

    void run(std::int64_t count, Work work, void *context) const override {
        parallel_for(count, [&](std::int64_t i) { work(context, i); });
    }

    Layers layers_{this, "layers", "from the input to the outputs", "layer", layer_kinds};
    spar::Integer stage_{this,
                         "stage",
                         "how many layers the first stage has, through which yopo steps by itself; "
                         "left out: up to the first activation after the first layer with "
                         "parameters (an embedding and positions do not count), pooling between "
                         "them allowed",
                         {.min = 1, .optional = true}};
    std::unique_ptr<Graph> graph_;
    std::int64_t greatest_length_ = 0;  // of texts
    std::unique_ptr<Executor> executor_;
    std::optional<EmbeddingMatrix> embedding_;  // of a model of text
};

struct Extensions {
    static Sequential &of(void *self) {
        return static_cast<Sequential &>(*static_cast<spar::Model *>(self));
    }

    static EmbeddingMatrix::Texts texts(const DLTensor &tokens, const DLTensor *mask) {
        const auto *ids = static_cast<const std::byte *>(tokens.data) + tokens.byte_offset;
        return {tokens.shape[0], tokens.shape[1], reinterpret_cast<const std::int64_t *>(ids),
                mask != nullptr ? values_of(*mask) : nullptr};
    }

    static const spar_embedding *embedding() {
        static const spar_embedding table{
            .struct_size = sizeof(spar_embedding),
            .reserved = 0,
            .width = [](void *self) { return of(self).embedding_->width(); },
            .embed =
                [](void *self, const DLTensor *tokens, const DLTensor *mask, float *vectors,
                   spar_error *error) {
                    return spar::guarded(
                        error, [&] { of(self).embedding_->embed(texts(*tokens, mask), vectors); });
                },
            .accumulate =
                [](void *self, const DLTensor *tokens, const DLTensor *mask, const float *gradient,
                   spar_error *error) {
                    return spar::guarded(error, [&] {
                        of(self).embedding_->accumulate(texts(*tokens, mask), gradient);
                    });
                }};
        return &table;
    }

    static const spar_sites *sites() {
        static const spar_sites table{
            .struct_size = sizeof(spar_sites),
            .reserved = 0,
            .count = [](void *self) { return std::ssize(of(self).graph_->sites); },
            .describe =
                [](void *self, std::int64_t index, std::int64_t length, spar_site *site,
                   spar_error *error) {
                    return spar::guarded(error, [&] {
                        Sequential &model = of(self);
                        if (model.embedding_) model.graph_->set_length(length);
                        describe_site(*model.graph_, index, *site);
                    });
                },
            .mask =
                [](void *self, std::int64_t index, const DLTensor *mask, float *out,
                   spar_error *error) {
                    return spar::guarded(error,
                                         [&] { mark_site(*of(self).graph_, index, mask, out); });
                },
            .pass =
                [](void *self, const spar_pass *pass, const spar_site_use *uses, std::int64_t count,
                   spar_error *error) {
                    return spar::guarded(error, [&] {
                        const SiteUses sites(*of(self).graph_, uses, count);
                        sites.check(*pass);
                        of(self).pass(*pass, sites.data());
                    });
                },
            .backward =
                [](void *self, std::int32_t tape, const float *cotangent, const spar_site_use *uses,
                   std::int64_t count, spar_wants wants, float *dx, spar_error *error) {
                    return spar::guarded(error, [&] {
                        const SiteUses sites(*of(self).graph_, uses, count);
                        sites.check_way_back();
                        of(self).backward(tape, cotangent, wants, dx, sites.data());
                    });
                }};
        return &table;
    }

    static const spar_layers *layers() {
        static const spar_layers table{
            .struct_size = sizeof(spar_layers),
            .reserved = 0,
            .count = [](void *self) { return std::ssize(of(self).graph_->notes); },
            .layer =
                [](void *self, std::int64_t index, spar_layer *layer, spar_error *error) {
                    return spar::guarded(error,
                                         [&] { describe_layer(*of(self).graph_, index, *layer); });
                }};
        return &table;
    }

    static const Counters &counters_of(void *self) { return of(self).executor_->counters(); }
};

const void *Sequential::extension(std::string_view id) {
    if (id == SPAR_MODEL_EMBEDDING) return embedding_ ? Extensions::embedding() : nullptr;
    if (id == SPAR_MODEL_SITES) return graph_->sites.empty() ? nullptr : Extensions::sites();
    if (id == SPAR_MODEL_LAYERS) return Extensions::layers();
    if (id == SPAR_MODEL_ARITHMETIC) return arithmetic_table();
    if (id == SPAR_MODEL_COUNTERS) return counters_table<Extensions::counters_of>();
    return nullptr;
}

}  // namespace
}  // namespace sequential

using sequential::Sequential;
SPAR_PLUGIN("sequential", "0.1.0", Sequential)
