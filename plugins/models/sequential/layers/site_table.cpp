#include "layers/site_table.hpp"

#include <spar/error.hpp>

#include <algorithm>

namespace sequential {
namespace {

const Site &site_of(const Graph &graph, std::int64_t index) {
    if (index < 0 || index >= std::ssize(graph.sites))
        throw spar::Error(SPAR_E_CONTRACT, "there is no site " + std::to_string(index) +
                                               "; the model has " +
                                               std::to_string(graph.sites.size()));
    return graph.sites[static_cast<std::size_t>(index)];
}

float *data_of(const DLTensor &x) {
    return reinterpret_cast<float *>(static_cast<std::byte *>(x.data) + x.byte_offset);
}

}  // namespace

void describe_site(const Graph &graph, std::int64_t index, spar_site &target) {
    const Site &site = site_of(graph, index);
    const Shape shape = site.owner->site_shape();
    target.kind = site.kind;
    target.name = site.name.c_str();
    target.flags = site.kind != SPAR_SITE_MAPS ? SPAR_SITE_ADDS : 0U;
    target.rank = static_cast<std::int32_t>(shape.size());
    std::ranges::copy(shape, target.shape);
    target.room = site.room;
}

void mark_site(Graph &graph, std::int64_t index, const DLTensor *mask, float *out) {
    const Site &site = site_of(graph, index);
    Batch batch;
    std::int64_t rows = 1;
    if (mask != nullptr) {
        graph.set_length(mask->shape[1]);
        rows = mask->shape[0];
        batch.mask = data_of(*mask);
        batch.length = mask->shape[1];
    }
    const std::int64_t size = spar::product(site.owner->site_shape());
    for (std::int64_t row = 0; row < rows; ++row)
        site.owner->mark_site(batch, row, out + row * size);
}

SiteUses::SiteUses(const Graph &graph, const spar_site_use *uses, std::int64_t count)
    : uses_(graph.sites.size()) {
    std::vector<bool> used(uses_.size());
    for (std::int64_t i = 0; i < count; ++i) {
        const Site &site = site_of(graph, uses[i].site);
        const auto at = static_cast<std::size_t>(uses[i].site);
        if (used[at])
            throw spar::Error(SPAR_E_CONTRACT, "the site \"" + site.name + "\" is used twice");
        used[at] = true;
        if (uses[i].add != nullptr && site.kind == SPAR_SITE_MAPS)
            throw spar::Error(SPAR_E_UNSUPPORTED,
                              "the maps \"" + site.name +
                                  "\" cannot be perturbed, because their rows sum to 1; perturb "
                                  "the logits instead");
        uses_[at] = {uses[i].add, uses[i].values, uses[i].gradient, uses[i].cotangent};
    }
}

void SiteUses::check(const spar_pass &pass) const {
    const bool back = std::ranges::any_of(uses_, [](const SiteUse &use) {
        return use.gradient != nullptr || use.cotangent != nullptr;
    });
    if (back && pass.head == nullptr)
        throw spar::Error(SPAR_E_UNSUPPORTED,
                          "a pass without a head does not go back, so there are no gradients at "
                          "its sites");
    if (pass.stage_steps != nullptr)
        throw spar::Error(SPAR_E_UNSUPPORTED,
                          "steps through the first stage do not go together with sites");
}

void SiteUses::check_way_back() const {
    if (std::ranges::any_of(
            uses_, [](const SiteUse &use) { return use.add != nullptr || use.values != nullptr; }))
        throw spar::Error(SPAR_E_UNSUPPORTED,
                          "values at sites are read and added to in a pass, not on a way back");
}

}  // namespace sequential
