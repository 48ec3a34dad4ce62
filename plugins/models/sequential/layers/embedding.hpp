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

/// frequency = each token's share of all tokens; the same for all if `counts` is null.
void count_tokens(Parameter &frequency, const std::int64_t *counts, std::int64_t vocabulary);

/// Turns tokens into vectors, and the vectors' gradients into those of the matrix.
class EmbeddingMatrix {
  public:
    /// With `frequency`, a buffer [vocabulary], the vectors are the rows of the matrix less their
    /// mean, over their standard deviation, both weighted by it (Miyato et al. 2017); the gradient
    /// goes through both.
    EmbeddingMatrix(Parameter &weight, const Parallel &parallel,
                    const Parameter *frequency = nullptr)
        : weight_(weight), parallel_(parallel), frequency_(frequency) {}

    std::int64_t width() const { return weight_.shape[1]; }
    /// To be called after parameters were written from outside.
    void parameters_changed() const { stale_ = true; }

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
    /// Calls work(first, end) for blocks of the vectors' columns, from several threads.
    template <class Work>
    void for_columns(Work work) const;
    /// The matrix that tokens are looked up in.
    const float *rows() const;
    void normalise(std::int64_t first, std::int64_t end) const;
    /// Adds the gradient of the matrix for that of the normalised rows.
    void pull_back(std::int64_t first, std::int64_t end) const;

    Parameter &weight_;
    const Parallel &parallel_;
    const Parameter *frequency_;
    mutable bool stale_ = true;
    mutable std::vector<float> normal_, gradient_;  // [vocabulary, width]
    mutable std::vector<double> deviation_;         // of each column
};

}  // namespace sequential
