// The space of a site inside the model: a point is what is added there, and the clean example is
// zero. Several sites, the logits of all layers, form one space together.
#pragma once

#include "engine/network.hpp"

namespace spar::host {

class SiteSpace final : public Space {
  public:
    /// `name`: of a site, or SPAR_SITES_ALL_LOGITS. Throws Failure(Exit::pipeline) at `place` if
    /// the model has no such site, or nothing can be added there.
    SiteSpace(Network &network, const std::string &name, const std::string &place);

    /// The examples that points belong to, in the space of the network; they must outlive the
    /// passes. Their length is that of the batch that was embedded last.
    void attend(const Network::Points &examples);
    /// The same examples with points x; null: zero, the clean ones.
    Points points(const float *x) const {
        return {.count = examples_.count,
                .x = x != nullptr ? x : zero_.data(),
                .ids = examples_.ids,
                .mask = mask_.data()};
    }

    std::int64_t outputs() const override { return network_.outputs(); }
    std::span<const std::int64_t> shape() const override { return shape_; }
    std::int64_t size() const override { return size_; }
    std::int64_t room() const override { return room_; }

    void pass(const Points &points, spar_pass pass) override;
    void backward(const Points &points, std::int32_t tape, const float *cotangent, spar_wants wants,
                  float *dx) override;

  private:
    struct Part {
        std::int64_t index;
        std::int64_t size = 0;  /// values of one example
        FencedMatrix add{}, gradient{};
    };
    void measure();
    /// The examples of the points, and what is done at all sites: the space's own use joined with
    /// the caller's.
    Network::Points joined(const Points &points, bool adds, bool gradient);
    /// Copies the gradients to where the space's and the caller's are expected.
    void hand_out(const Points &points, float *dx) const;

    Network &network_;
    std::vector<Part> parts_;
    std::vector<std::int64_t> shape_;
    std::int64_t size_ = 0, room_ = 0;
    Network::Points examples_{};
    FencedMatrix zero_, mask_, x_;
    std::vector<spar_site_use> uses_;
    Fenced<std::int64_t> tokens_;
    Fenced<float> token_mask_;
};

}  // namespace spar::host
