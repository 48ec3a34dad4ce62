// The model in use: its parameters, its passes, and a count of the examples passed.
#pragma once

#include "engine/data.hpp"
#include "engine/space.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace spar::host {

struct NetworkParameter {
    std::string name;
    bool trainable;
    bool of_stage;
    std::vector<std::int64_t> shape;
    std::span<float> value;
    std::span<float> gradient;  /// empty for a buffer
};

/// See spar/abi/site.h.
struct NetworkSite {
    std::string name;
    spar_site_kind kind;
    bool adds;
};

class Network final : public Space {
  public:
    /// `counts`: see spar_model_setup; empty: not known.
    Network(std::unique_ptr<Instance> model, const Data &data,
            const std::vector<std::int64_t> &counts = {});

    const Instance &instance() const { return *model_; }
    std::int64_t outputs() const override { return outputs_; }
    const std::vector<NetworkParameter> &parameters() const { return parameters_; }

    /// The input of a pass: the data's own shape, or vectors if the data is tokens, as many as a
    /// row of the batch that was embedded last.
    std::span<const std::int64_t> shape() const override { return shape_; }
    std::int64_t size() const override { return size_; }
    std::int64_t room() const override { return product(widest_shape_); }
    /// At the greatest length.
    const std::vector<std::int64_t> &widest_shape() const { return widest_shape_; }
    /// Whether batches of text may be as short as their longest text.
    bool takes_lengths() const { return takes_lengths_; }
    /// Whether the model brought weights of its own.
    bool has_own_weights() const { return has_own_weights_; }
    spar_space space() const {
        return embedding_ != nullptr ? SPAR_SPACE_EMBEDDING : SPAR_SPACE_INPUT;
    }

    void pass(const Points &points, spar_pass pass) override;
    void backward(const Points &points, std::int32_t tape, const float *cotangent, spar_wants wants,
                  float *dx) override;

    /// The model's sites; empty: it names none.
    const std::vector<NetworkSite> &sites() const { return sites_; }
    /// With the shape at the length of the batch that was embedded last. Its name is the model's.
    spar_site site(std::int64_t index) const;
    /// Which of a site's values have an effect, for `count` examples: 1 or 0.
    void mark_site(std::int64_t index, std::int64_t count, const float *mask, float *out) const;

    /// Vectors of a batch of tokens [count, size()], whose length holds from now on.
    void embed(const Batch &batch, FencedMatrix &vectors);
    /// Passes are of rows of so many tokens from now on, as embedded before.
    void set_length(std::int64_t length);
    /// The vectors of single tokens; the length holds. `padding` fills rows.
    void vectors(std::span<const std::int64_t> tokens, std::int64_t padding, float *vectors);

    void zero_gradients();
    void parameters_changed();

    /// Whether the model supports spar_stage_steps.
    bool has_first_stage() const {
        return std::ranges::any_of(parameters_, &NetworkParameter::of_stage);
    }

    /// Name of the instruction set that the model computes with; empty if it does not say.
    const std::string &instructions() const { return instructions_; }

    /// Passes that ask for it may be coarse.
    bool coarse_attacks = false;
    /// Examples passed forward and backward so far.
    std::int64_t forward_examples = 0, backward_examples = 0;

  private:
    spar_model_traits traits() const;
    void read_parameters();
    void read_sites();
    spar_status call_pass(const spar_pass &pass, std::span<const spar_site_use> sites,
                          spar_error *error) const;
    void require_sites() const;
    /// Where the gradient at the vectors goes if a pass wants that of the embedding's parameters.
    bool embedding_wanted(const Points &points, spar_wants &wants, float *&dx);
    void accumulate_embedding(const Points &points, const float *dx);

    std::unique_ptr<Instance> model_;
    const spar_model_table *table_;
    const spar_embedding *embedding_ = nullptr;
    const spar_sites *site_table_ = nullptr;
    std::vector<NetworkSite> sites_;
    std::string instructions_;
    std::int64_t outputs_ = 0, size_ = 0;
    bool takes_lengths_ = false, has_own_weights_ = false;
    std::vector<std::int64_t> shape_, widest_shape_;
    std::vector<NetworkParameter> parameters_;
    FencedMatrix embedding_gradient_;
};

}  // namespace spar::host
