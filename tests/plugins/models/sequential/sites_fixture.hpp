// What the tests of sites share: a pass that does everything at every site of a network, and
// networks with attention.
#pragma once

#include "fixture.hpp"
#include "layers/site_table.hpp"

#include <spar/error.hpp>

#include <cstring>

namespace fixture {

/// What a pass does at every site of a network, and what it gets.
struct Everywhere {
    Everywhere(const Graph &graph, std::int64_t rows) {
        uses.resize(graph.sites.size());
        for (std::size_t s = 0; s < graph.sites.size(); ++s) {
            const auto count = rows * spar::product(graph.sites[s].owner->site_shape());
            add.push_back(numbers(count, 60 + s, -0.7F, 0.7F));
            cotangent.push_back(numbers(count, 80 + s, -1, 1));
            values.emplace_back(static_cast<std::size_t>(count), 9.0F);
            gradient.emplace_back(static_cast<std::size_t>(count), 9.0F);
        }
    }
    /// Of the pass; the gradients too if `back`.
    const SiteUse *on(const Graph &graph, bool back = true) {
        for (std::size_t s = 0; s < uses.size(); ++s) {
            const bool adds = graph.sites[s].kind != SPAR_SITE_MAPS;
            uses[s] = {adds ? add[s].data() : nullptr, values[s].data(),
                       back ? gradient[s].data() : nullptr, back ? cotangent[s].data() : nullptr};
        }
        return uses.data();
    }
    const SiteUse *on_the_way_back() {
        for (std::size_t s = 0; s < uses.size(); ++s)
            uses[s] = {nullptr, nullptr, gradient[s].data(), cotangent[s].data()};
        return uses.data();
    }
    std::vector<SiteUse> uses;
    std::vector<std::vector<float>> add, cotangent, values, gradient;
};

struct Pulled {
    std::vector<float> outputs, dx, gradients;
};

/// By a head, or with a tape and the cotangent that the head would have given; `from_outputs`
/// false: no gradient there.
inline Pulled run(Net &net, const std::vector<float> &x, Everywhere &sites, bool taped,
                  bool from_outputs = true, Wants wants = {.input = true, .parameters = true}) {
    const std::int64_t rows = std::ssize(x) / spar::product(net.graph->value(0).shape);
    const auto names = ids(rows);
    HeadContext context{net.outputs, names.data()};
    Pulled result;
    result.outputs.resize(static_cast<std::size_t>(rows * net.outputs));
    result.dx.resize(x.size());
    net.zero_gradients();
    Pass pass{.rows = rows,
              .x = x.data(),
              .mask = net.mask.empty() ? nullptr : net.mask.data(),
              .ids = names.data(),
              .outputs = result.outputs.data(),
              .dx = result.dx.data()};
    if (!taped) {
        pass.head = head;
        pass.head_context = &context;
        pass.wants = wants;
        pass.wants.sites = sites.on(*net.graph);
        net.executor.pass(pass);
    } else {
        pass.tape = 2;
        pass.wants.sites = sites.on(*net.graph, false);
        net.executor.pass(pass);
        std::vector<float> g(result.outputs.size());
        spar::checked([&](spar_error *e) {
            return head(&context, 0, rows, result.outputs.data(), g.data(), e);
        });
        wants.sites = sites.on_the_way_back();
        net.executor.backward(2, from_outputs ? g.data() : nullptr, wants, result.dx.data());
    }
    result.gradients = net.gradients();
    return result;
}

constexpr std::int64_t rows_at_sites = 3;

inline Json embedding_of_words() {
    return {{"type", "embedding"}, {"dim", 6}, {"vocabulary", 9}};
}

inline Json attention(const char *more = "none") {
    return with(with(named(layer("attention"), "look"), "heads", 2), "positions", more);
}

inline const std::vector<LayerList> looking = {
    {attention(), layer("mean_pool"), linear(3)},
    {with(attention("relative"), "causal", true), layer("mean_pool"), linear(3)},
    {with(attention("alibi"), "window", 2), layer("mean_pool"), linear(3)},
    {with(attention("relative"), "score", "additive"), layer("mean_pool"), linear(3)},
    {{{"type", "transformer"}, {"name", "encoder"}, {"layers", 2}, {"heads", 2}, {"hidden", 6}},
     layer("mean_pool"),
     linear(3)},
    {{{"type", "transformer"}, {"name", "decoder"}, {"heads", 2}, {"hidden", 6}, {"queries", 3}},
     layer("mean_pool"),
     linear(3)},
};

inline bool same(const std::vector<float> &a, const std::vector<float> &b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace fixture
