// What is perturbed, hidden from attacks and methods: the input or an embedding of a network
// (Network), one of its parameters (ParameterSpace), or a site inside it (SiteSpace).
#pragma once

#include <spar/abi.h>

#include <cstdint>
#include <span>

namespace spar::host {

class Space {
  public:
    /// x [count, size()] in this space. If parameter gradients are wanted, `tokens` say where the
    /// embedding's gradient goes; `mask` belongs to vectors of tokens, and at a site to its values.
    /// `rows` are the examples of the batch that the points belong to; null: point i is example i.
    struct Points {
        std::int64_t count;
        const float *x;
        const std::int64_t *ids;
        const std::int64_t *tokens = nullptr;
        const float *mask = nullptr;
        const std::int64_t *rows = nullptr;
        /// What a pass, or the way back through a tape, does at sites.
        std::span<const spar_site_use> sites{};
    };

    Space() = default;
    Space(const Space &) = delete;
    Space &operator=(const Space &) = delete;
    virtual ~Space() = default;

    virtual std::int64_t outputs() const = 0;
    /// The shape of one point.
    virtual std::span<const std::int64_t> shape() const = 0;
    virtual std::int64_t size() const = 0;
    /// The largest size that a point can have.
    virtual std::int64_t room() const { return size(); }

    /// Forward, and backward as far as `pass` wants.
    virtual void pass(const Points &points, spar_pass pass) = 0;
    /// `points` are those recorded on the tape; only tokens and mask are read, for the embedding's
    /// gradient.
    virtual void backward(const Points &points, std::int32_t tape, const float *cotangent,
                          spar_wants wants, float *dx) = 0;
};

}  // namespace spar::host
