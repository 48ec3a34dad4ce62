// Sites of a network: their names, masks and limits; padding, threads and lengths change no bit.
#include "gradient_check.hpp"
#include "sites_fixture.hpp"

#include <doctest/doctest.h>

using namespace fixture;

namespace {

constexpr std::int64_t rows = rows_at_sites;

}  // namespace

TEST_CASE("sites: names follow the parameters', and follow each other as the layers do") {
    Net net({embedding_of_words(),
             named(layer("attention"), "first"),
             {{"type", "transformer"}, {"layers", 2}, {"heads", 2}, {"hidden", 6}},
             layer("mean_pool"),
             linear(3)},
            {5, 6});
    std::vector<std::string> names;
    for (std::int64_t i = 0; i < std::ssize(net.graph->sites); ++i) {
        spar_site site{};
        describe_site(*net.graph, i, site);
        names.emplace_back(site.name);
        CHECK((site.flags == SPAR_SITE_ADDS) == (site.kind != SPAR_SITE_MAPS));
        if (site.kind == SPAR_SITE_EMBEDDING) continue;
        CHECK(site.rank == 3);
        CHECK(site.room == site.shape[0] * 5 * 5);
    }
    CHECK(names ==
          std::vector<std::string>{"0.vectors", "first.logits", "first.maps",
                                   "2.layers.0.self_attn.logits", "2.layers.0.self_attn.maps",
                                   "2.layers.1.self_attn.logits", "2.layers.1.self_attn.maps"});
    CHECK_THROWS_AS(describe_site(*net.graph, 7, *std::make_unique<spar_site>()), spar::Error);
}

TEST_CASE(
    "sites: the embedding's vectors are perturbed before positions, not where there is none") {
    Net net(
        {embedding_of_words(), layer("positions"), layer("tanh"), layer("mean_pool"), linear(3)},
        {5, 6});
    scatter_parameters(net);
    net.mask = padding_of(rows, 5);
    std::vector<float> x = numbers(rows * net.size, 9, -1, 1);
    Everywhere sites(*net.graph, rows);
    const Pulled there = run(net, x, sites, false);
    CHECK(sites.gradient[0] == there.dx);  // with the cotangent, which an embedding learns from
    std::vector<float> moved = x;
    for (std::size_t i = 0; i < x.size(); ++i) moved[i] += sites.add[0][i];
    const Result here = net.pass(moved, ids(rows), {.input = true});
    CHECK(here.outputs == there.outputs);
    for (std::size_t i = 0; i < x.size(); ++i) {
        const bool token = net.mask[i / 6] != 0;
        CHECK(sites.values[0][i] == (token ? moved[i] : 0.0F));
        CHECK(there.dx[i] == (token ? here.dx[i] + sites.cotangent[0][i] : 0.0F));
    }
}

TEST_CASE("sites: a gradient there alone goes back no further, and needs no other") {
    Net net(looking[4], {5, 8});
    scatter_parameters(net);
    const std::vector<float> x = numbers(rows * net.size, 9, -1, 1);
    Everywhere sites(*net.graph, rows), again(*net.graph, rows);
    run(net, x, sites, false);
    const Pulled alone = run(net, x, again, false, true, {});
    for (std::size_t s = 0; s < sites.gradient.size(); ++s)
        CHECK(same(sites.gradient[s], again.gradient[s]));
    CHECK(std::ranges::all_of(alone.dx, [](float g) { return g == 0; }));
    CHECK(std::ranges::all_of(alone.gradients, [](float g) { return g == 0; }));
}

TEST_CASE("sites: threads, and reading alone, change no bit") {
    const std::int64_t many = 37;
    std::vector<std::vector<float>> first;
    for (const int threads : {1, 3}) {
        Net net(looking[4], {5, 8}, threads);
        scatter_parameters(net);
        net.mask = padding_of(many, 5);
        const std::vector<float> x = numbers(many * net.size, 9, -1, 1);
        Everywhere sites(*net.graph, many);
        const Pulled pulled = run(net, x, sites, false);
        std::vector<std::vector<float>> all{pulled.outputs, pulled.dx, pulled.gradients};
        for (const auto *more : {&sites.values, &sites.gradient})
            all.insert(all.end(), more->begin(), more->end());
        if (first.empty()) first = all;
        for (std::size_t i = 0; i < all.size(); ++i) CHECK(same(first[i], all[i]));

        const Result plain = net.pass(x, ids(many), {.input = true, .parameters = true});
        const Pulled read = [&] {
            Everywhere reading(*net.graph, many);
            for (auto &add : reading.add) std::ranges::fill(add, 0.0F);
            for (auto &g : reading.cotangent) std::ranges::fill(g, 0.0F);
            return run(net, x, reading, false);
        }();
        CHECK(same(plain.outputs, read.outputs));
        CHECK(plain.dx == read.dx);
        CHECK(plain.gradients == read.gradients);
    }
}

TEST_CASE("sites: a batch cut to its longest text has the bits of full length") {
    constexpr std::int64_t full = 37, cut = 6, dim = 8;
    Net net(looking[4], {full, dim}, 2);
    scatter_parameters(net);
    struct Run {
        Pulled pulled;
        std::vector<std::vector<float>> values, gradient;
    };
    const auto at_length = [&](std::int64_t length) {
        net.graph->set_length(length);
        std::vector<float> x;
        net.mask.clear();
        for (std::int64_t row = 0; row < rows; ++row)
            for (std::int64_t i = 0; i < length; ++i) {
                net.mask.push_back(i < cut - row ? 1.0F : 0.0F);
                for (std::int64_t c = 0; c < dim; ++c)
                    x.push_back(spar::Random(4, row).uniform(i * dim + c, -1, 1));
            }
        Everywhere sites(*net.graph, rows);
        for (std::size_t s = 0; s < sites.add.size(); ++s)
            for (std::int64_t k = 0; k < std::ssize(sites.add[s]); ++k) {
                const std::int64_t line = k / length, place = line % length * full + k % length +
                                                              line / length * full * full;
                const auto at = static_cast<std::size_t>(k);
                sites.add[s][at] = spar::Random(5, std::int64_t(s)).uniform(place, -1, 1);
                sites.cotangent[s][at] = spar::Random(6, std::int64_t(s)).uniform(place, -1, 1);
            }
        return Run{run(net, x, sites, false), sites.values, sites.gradient};
    };
    const Run whole = at_length(full), part = at_length(cut);
    CHECK(same(whole.pulled.outputs, part.pulled.outputs));
    CHECK(same(whole.pulled.gradients, part.pulled.gradients));
    const auto compare = [&](const auto &long_one, const auto &short_one) {
        for (std::size_t s = 0; s < long_one.size(); ++s)
            for (std::int64_t k = 0; k < std::ssize(long_one[s]); ++k) {
                const std::int64_t line = k / full, i = line % full, j = k % full;
                const bool inside = i < cut && j < cut;
                const float wanted =
                    inside ? short_one[s][std::size_t((line / full * cut + i) * cut + j)] : 0.0F;
                REQUIRE(long_one[s][std::size_t(k)] == wanted);
            }
    };
    compare(whole.values, part.values);
    compare(whole.gradient, part.gradient);
}

TEST_CASE("sites: which pairs have an effect") {
    Net net({with(with(named(layer("attention"), "look"), "causal", true), "window", 1),
             layer("mean_pool"), linear(3)},
            {4, 2});
    std::vector<float> mask{1, 1, 1, 0};
    std::int64_t extents[] = {1, 4};
    DLTensor tensor{};
    tensor.data = mask.data();
    tensor.ndim = 2;
    tensor.shape = extents;
    std::vector<float> effect(16, 9);
    mark_site(*net.graph, 0, &tensor, effect.data());
    CHECK(effect == std::vector<float>{1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0});
}

TEST_CASE("sites: what is not offered is refused") {
    Net net(looking[0], {4, 8});
    float number = 0;
    const auto refused = [&](std::vector<spar_site_use> uses, auto check) {
        CHECK_THROWS_AS(check(SiteUses(*net.graph, uses.data(), std::ssize(uses))), spar::Error);
    };
    const auto fine = [](const SiteUses &) {};
    const std::uint32_t size = sizeof(spar_site_use);
    refused({{size, 2, nullptr, &number, nullptr, nullptr}}, fine);  // there are two
    refused({{size, 1, &number, nullptr, nullptr, nullptr}}, fine);  // maps do not add
    refused({{size, 0, &number, nullptr, nullptr, nullptr},
             {size, 0, nullptr, &number, nullptr, nullptr}},
            fine);  // twice
    const auto forward = [](const SiteUses &sites) { sites.check(spar_pass{}); };
    refused({{size, 0, nullptr, nullptr, &number, nullptr}}, forward);  // without a head
    refused({{size, 1, nullptr, nullptr, nullptr, &number}}, forward);
    const auto back = [](const SiteUses &sites) { sites.check_way_back(); };
    refused({{size, 0, nullptr, &number, nullptr, nullptr}}, back);
    refused({{size, 0, &number, nullptr, nullptr, nullptr}}, back);
}
