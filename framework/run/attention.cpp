#include "run/attention.hpp"

#include <cmath>

namespace spar::host {
namespace {

/// Of one head: maps [queries, keys]. Rows of padded queries are zero.
float movement(const float *before, const float *after, std::int64_t queries, std::int64_t keys) {
    double sum = 0;
    std::int64_t rows = 0;
    for (std::int64_t i = 0; i < queries; ++i) {
        double mass = 0, gap = 0;
        for (std::int64_t j = 0; j < keys; ++j) {
            const double a = before[i * keys + j];
            mass += a;
            gap += std::abs(a - after[i * keys + j]);
        }
        if (mass == 0) continue;
        sum += gap / 2;
        ++rows;
    }
    return rows > 0 ? static_cast<float>(sum / static_cast<double>(rows)) : 0.0F;
}

}  // namespace

std::vector<AttentionMaps> attention_of(const Network &network, const std::string &place) {
    std::vector<AttentionMaps> maps;
    for (std::size_t i = 0; i < network.sites().size(); ++i) {
        if (network.sites()[i].kind != SPAR_SITE_MAPS) continue;
        const spar_site site = network.site(static_cast<std::int64_t>(i));
        if (site.rank != 3) continue;
        maps.push_back(
            {site.name, static_cast<std::int32_t>(i), static_cast<std::int32_t>(site.shape[0])});
    }
    if (maps.empty())
        throw Failure(Exit::pipeline,
                      "#" + place +
                          ": the model names no attention maps: leave this out, or take a model "
                          "that does, as sequential with a layer \"attention\" or "
                          "\"transformer\"");
    return maps;
}

std::int64_t heads_of(const std::vector<AttentionMaps> &maps) {
    std::int64_t heads = 0;
    for (const AttentionMaps &map : maps) heads += map.heads;
    return heads;
}

void AttentionMoves::measure(const Network &network, const std::vector<AttentionMaps> &maps,
                             Space &space, const Space::Points &clean, const float *x_adv) {
    moves_.resize(clean.count, heads_of(maps));
    before_.resize(maps.size());
    after_.resize(maps.size());
    const auto read = [&](const float *x, std::vector<FencedMatrix> &values) {
        std::vector<spar_site_use> uses;
        for (std::size_t m = 0; m < maps.size(); ++m) {
            const spar_site site = network.site(maps[m].index);
            values[m].resize(clean.count, product({site.shape, 3}));
            uses.push_back({sizeof(spar_site_use), maps[m].index, nullptr, values[m].data(),
                            nullptr, nullptr});
        }
        Space::Points points = clean;
        points.x = x;
        points.sites = uses;
        spar_pass pass{};
        pass.mode = SPAR_MODE_EVAL;
        space.pass(points, pass);
    };
    read(clean.x, before_);
    read(x_adv, after_);
    std::int64_t first = 0;
    for (std::size_t m = 0; m < maps.size(); ++m) {
        const spar_site site = network.site(maps[m].index);
        const std::int64_t queries = site.shape[1], keys = site.shape[2];
        for (std::int64_t row = 0; row < clean.count; ++row)
            for (std::int64_t head = 0; head < maps[m].heads; ++head) {
                const std::int64_t at = head * queries * keys;
                moves_[row][static_cast<std::size_t>(first + head)] = movement(
                    before_[m][row].data() + at, after_[m][row].data() + at, queries, keys);
            }
        first += maps[m].heads;
    }
}

}  // namespace spar::host
