// The matrix of word embeddings. It precedes the graph, which reads vectors: attacks perturb these,
// so the host calls both steps separately (see spar_embedding).
#pragma once

#include "graph/executor.hpp"
#include "layers/builder.hpp"

namespace sequential {

/// The form of the data's examples.
struct Examples {
    Shape shape;
    bool tokens = false;          /// of a text: [length]
    std::int64_t vocabulary = 0;  /// of the tokens
};

/// The shape that the graph reads: an embedding as the first layer turns tokens [length] into
/// vectors [length, dim]. Refuses tokens without an embedding, and an embedding without tokens.
Shape graph_input(const Layers &layers, const Examples &examples);

/// Turns tokens into vectors, and the vectors' gradients into those of the matrix.
class EmbeddingMatrix {
  public:
    EmbeddingMatrix(Parameter &weight, const Parallel &parallel)
        : weight_(weight), parallel_(parallel) {}

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
