#include "engine/site_space.hpp"

#include <fmt/format.h>
#include <algorithm>

namespace spar::host {

SiteSpace::SiteSpace(Network &network, const std::string &name, const std::string &place)
    : network_(network) {
    const auto refuse = [&](const std::string &what) {
        throw Failure(Exit::pipeline, "#" + place + ": " + what);
    };
    const auto &sites = network.sites();
    std::string names;
    bool found = false, logits = false;
    for (std::size_t i = 0; i < sites.size(); ++i) {
        const bool named = sites[i].name == name;
        const bool one_of_all =
            name == SPAR_SITES_ALL_LOGITS && sites[i].kind == SPAR_SITE_LOGITS && sites[i].adds;
        found = found || named;
        logits = logits || (sites[i].kind == SPAR_SITE_LOGITS && sites[i].adds);
        if (sites[i].adds) names += (names.empty() ? "" : ", ") + sites[i].name;
        if (named && !sites[i].adds)
            refuse(fmt::format("nothing can be added at \"{}\"; perturb the logits instead", name));
        if (named || one_of_all) parts_.push_back({static_cast<std::int64_t>(i)});
    }
    if (logits) names = std::string(SPAR_SITES_ALL_LOGITS) + ", " + names;
    if (sites.empty())
        refuse(
            "the model names no sites, so nothing inside it can be perturbed: take a model that "
            "does, as sequential with a layer \"attention\" or \"transformer\"");
    if (parts_.empty())
        refuse(fmt::format("the model has no site \"{}\" that can be perturbed, but it has {}",
                           name, names.empty() ? "none at all" : names));
    measure();
    for (const Part &part : parts_) room_ += network.site(part.index).room;
}

void SiteSpace::measure() {
    shape_.clear();
    size_ = 0;
    bool stacks = true;
    for (Part &part : parts_) {
        const spar_site site = network_.site(part.index);
        const std::span<const std::int64_t> own(site.shape, static_cast<std::size_t>(site.rank));
        part.size = product(own);
        size_ += part.size;
        if (shape_.empty()) {
            shape_.assign(own.begin(), own.end());
            continue;
        }
        stacks = stacks && std::ranges::equal(own.subspan(1), std::span(shape_).subspan(1));
        shape_[0] += own[0];
    }
    if (!stacks) shape_ = {size_};  // layers over different lengths
}

void SiteSpace::attend(const Network::Points &examples) {
    examples_ = examples;
    measure();
    zero_.resize(examples.count, size_);
    std::fill_n(zero_.data(), examples.count * size_, 0.0F);
    mask_.resize(examples.count, size_);
    FencedMatrix own;
    std::int64_t first = 0;
    for (const Part &part : parts_) {
        own.resize(examples.count, part.size);
        network_.mark_site(part.index, examples.count, examples.mask, own.data());
        for (std::int64_t row = 0; row < examples.count; ++row)
            std::ranges::copy(own[row], mask_[row].begin() + first);
        first += part.size;
    }
}

Network::Points SiteSpace::joined(const Points &points, bool adds, bool gradient) {
    uses_.clear();
    std::int64_t first = 0;
    for (Part &part : parts_) {
        spar_site_use use{sizeof(spar_site_use),
                          static_cast<std::int32_t>(part.index),
                          nullptr,
                          nullptr,
                          nullptr,
                          nullptr};
        if (adds) {
            part.add.resize(points.count, part.size);
            for (std::int64_t row = 0; row < points.count; ++row)
                std::copy_n(points.x + row * size_ + first, part.size, part.add[row].begin());
            use.add = part.add.data();
        }
        if (gradient) {
            part.gradient.resize(points.count, part.size);
            use.gradient = part.gradient.data();
        }
        first += part.size;
        uses_.push_back(use);
    }
    for (const spar_site_use &theirs : points.sites) {
        const auto own = std::ranges::find(uses_, theirs.site, &spar_site_use::site);
        if (own == uses_.end()) {
            uses_.push_back(theirs);
            continue;
        }
        Part &part = parts_[static_cast<std::size_t>(own - uses_.begin())];
        for (std::int64_t i = 0; theirs.add != nullptr && i < points.count * part.size; ++i)
            part.add.data()[i] += theirs.add[i];
        own->values = theirs.values;
        own->cotangent = theirs.cotangent;
        if (own->gradient == nullptr) own->gradient = theirs.gradient;
    }

    Network::Points all = examples_;
    all.count = points.count;
    all.sites = uses_;
    if (points.rows == nullptr) return all;
    const std::int64_t width = network_.size();
    const std::int64_t length = examples_.tokens != nullptr ? network_.shape()[0] : 0;
    x_.resize(points.count, width);
    tokens_.resize(static_cast<std::size_t>(points.count * length));
    token_mask_.resize(tokens_.size());
    for (std::int64_t i = 0; i < points.count; ++i) {
        const std::int64_t row = points.rows[i];
        std::copy_n(examples_.x + row * width, width, x_[i].begin());
        if (length == 0) continue;
        std::copy_n(examples_.tokens + row * length, length, tokens_.data() + i * length);
        std::copy_n(examples_.mask + row * length, length, token_mask_.data() + i * length);
    }
    all.x = x_.data();
    all.ids = points.ids;
    if (length > 0) {
        all.tokens = tokens_.data();
        all.mask = token_mask_.data();
    }
    return all;
}

void SiteSpace::hand_out(const Points &points, float *dx) const {
    std::int64_t first = 0;
    for (const Part &part : parts_) {
        for (std::int64_t row = 0; dx != nullptr && row < points.count; ++row)
            std::ranges::copy(part.gradient[row], dx + row * size_ + first);
        first += part.size;
        if (dx == nullptr) continue;
        for (const spar_site_use &theirs : points.sites)
            if (theirs.site == part.index && theirs.gradient != nullptr)
                std::copy_n(part.gradient.data(), points.count * part.size, theirs.gradient);
    }
}

void SiteSpace::pass(const Points &points, spar_pass pass) {
    if (pass.stage_steps != nullptr)
        throw Error(SPAR_E_UNSUPPORTED,
                    "the first stage does not hold the site that is perturbed, so that steps "
                    "through it alone change nothing: take another method");
    const bool moves =
        pass.head != nullptr && pass.dx != nullptr && (pass.wants & SPAR_WANT_INPUT_GRADIENT) != 0;
    float *dx = moves ? pass.dx : nullptr;
    pass.dx = nullptr;
    pass.wants &= ~(SPAR_WANT_INPUT_GRADIENT | SPAR_WANT_COARSE);
    network_.pass(joined(points, true, moves), pass);
    hand_out(points, dx);
}

void SiteSpace::backward(const Points &points, std::int32_t tape, const float *cotangent,
                         spar_wants wants, float *dx) {
    const bool moves = dx != nullptr && (wants & SPAR_WANT_INPUT_GRADIENT) != 0;
    network_.backward(joined(points, false, moves), tape, cotangent,
                      wants & ~SPAR_WANT_INPUT_GRADIENT, nullptr);
    hand_out(points, moves ? dx : nullptr);
}

}  // namespace spar::host
