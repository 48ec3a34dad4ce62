// The sites of a model, as the host sees them.
#include "engine/network.hpp"

#include <fmt/format.h>
#include <set>

namespace spar::host {

void Network::read_sites() {
    if (site_table_ == nullptr) return;
    const std::int64_t count =
        model_->ask("the sites", [&] { return site_table_->count(model_->self()); });
    std::set<std::string> names;
    for (std::int64_t i = 0; i < count; ++i) {
        const spar_site found = site(i);
        if (found.name == nullptr || !names.insert(found.name).second || found.room < 1)
            throw Failure(Exit::plugin,
                          fmt::format("#{}: site {} of the model has no name of its own, or no "
                                      "values",
                                      model_->pointer(), i));
        sites_.push_back({found.name, found.kind, (found.flags & SPAR_SITE_ADDS) != 0});
    }
}

void Network::require_sites() const {
    if (site_table_ == nullptr)
        throw Error(SPAR_E_UNSUPPORTED,
                    "the model names no sites, where values could be read or perturbed: take one "
                    "that does, as sequential with attention");
}

spar_site Network::site(std::int64_t index) const {
    require_sites();
    spar_site found{};
    found.struct_size = sizeof found;
    model_->call("the sites", [&](spar_error *e) {
        return site_table_->describe(model_->self(), index, embedding_ != nullptr ? shape_[0] : 0,
                                     &found, e);
    });
    if (found.rank < 1 || found.rank > SPAR_MAX_RANK ||
        std::any_of(found.shape, found.shape + found.rank,
                    [](std::int64_t extent) { return extent < 1; }))
        throw Failure(Exit::plugin, fmt::format("#{}: site {} of the model has no shape",
                                                model_->pointer(), index));
    return found;
}

void Network::mark_site(std::int64_t index, std::int64_t count, const float *mask,
                        float *out) const {
    const spar_site found = site(index);
    const std::int64_t size = product({found.shape, static_cast<std::size_t>(found.rank)});
    if (site_table_->mask == nullptr) {
        std::fill_n(out, count * size, 1.0F);
        return;
    }
    const std::int64_t extents[] = {count, shape_[0]};
    View tokens(mask, View::float32, extents);
    model_->call("the sites", [&](spar_error *e) {
        return site_table_->mask(model_->self(), index, mask != nullptr ? tokens.view() : nullptr,
                                 out, e);
    });
    for (std::int64_t i = 1; mask == nullptr && i < count; ++i)  // values: all alike
        std::copy_n(out, size, out + i * size);
}

spar_status Network::call_pass(const spar_pass &pass, std::span<const spar_site_use> sites,
                               spar_error *error) const {
    if (sites.empty()) return table_->pass(model_->self(), &pass, error);
    require_sites();
    return site_table_->pass(model_->self(), &pass, sites.data(), std::ssize(sites), error);
}

}  // namespace spar::host
