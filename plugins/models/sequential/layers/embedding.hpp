// The matrix of word embeddings. It stands in front of the graph, which reads vectors: an attack
// perturbs these, and the host asks for both steps by themselves (see spar_embedding).
#pragma once

#include "graph/executor.hpp"
#include "layers/spec.hpp"

namespace sequential {

/// What the graph reads, from what the data is: an embedding as the first layer turns tokens
/// [length] into vectors [length, dim], and learns the data's vocabulary unless it names its own.
/// Refuses tokens without an embedding, and an embedding without tokens.
Shape graph_input(std::vector<LayerSpec> &layers, const spar_model_setup &setup);

class Embedding {
  public:
    Embedding(Parameter &weight, const Parallel &parallel) : weight_(weight), parallel_(parallel) {}

    std::int64_t width() const { return weight_.shape[1]; }

    /// Tokens of a batch; `mask` is 0 at padding, null: there is none.
    struct Texts {
        std::int64_t count, length;
        const std::int64_t *tokens;
        const float *mask;

        bool padding(std::int64_t position) const { return mask != nullptr && mask[position] == 0; }
    };
    /// vectors [count, length, width]; zero at padding.
    void embed(const Texts &texts, float *vectors) const;
    /// Adds the gradient at the vectors to that of the matrix, in the order of the positions.
    void accumulate(const Texts &texts, const float *gradient) const;

  private:
    void check(const Texts &texts) const;

    Parameter &weight_;
    const Parallel &parallel_;
};

}  // namespace sequential
