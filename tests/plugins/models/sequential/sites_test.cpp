// Sites of a network: values, perturbations, gradients and cotangents there, against the plain
// reference in double precision; cut texts and threads give the same bits.
#include "gradient_check.hpp"
#include "layers/site_table.hpp"
#include "reference_text.hpp"

#include <spar/error.hpp>

#include <cstring>

using namespace fixture;

namespace {

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
Pulled run(Net &net, const std::vector<float> &x, Everywhere &sites, bool taped,
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

/// One row of a network in double precision, with cotangents at sites as parts of its value.
struct SiteProblem {
    Problem problem;
    reference::Taps taps;
    std::map<std::string, std::vector<double>> cotangents;

    double value() {
        reference::taps = &taps;
        double sum = problem.value();
        reference::taps = nullptr;
        for (const auto &[site, g] : cotangents)
            for (std::size_t i = 0; i < g.size(); ++i) sum += g[i] * taps.values[site][i];
        return sum;
    }
    std::vector<double> slopes(std::vector<double> &arguments, std::size_t most = 40) {
        std::vector<double> result;
        for (std::size_t i = 0; i < arguments.size(); i += stride(arguments.size(), most))
            result.push_back(reference::slope(arguments[i], [&] { return value(); }));
        return result;
    }
};

std::vector<double> row_of(const std::vector<float> &all, std::int64_t row, std::int64_t rows) {
    const std::int64_t size = std::ssize(all) / rows;
    return {all.begin() + row * size, all.begin() + (row + 1) * size};
}
std::vector<float> floats(const std::vector<double> &values) {
    return {values.begin(), values.end()};
}

constexpr std::int64_t rows = 3;

SiteProblem problem_of(Net &net, const LayerList &layers, const std::vector<float> &x,
                       const Everywhere &sites, const Pulled &pulled, std::int64_t row,
                       bool from_outputs) {
    const Shape input = net.graph->value(0).shape;
    SiteProblem p{{layers, false, {}, {}, {}}, {}, {}};
    for (std::int64_t i = 0; i < net.graph->parameters.size(); ++i) {
        const Parameter &parameter = net.graph->parameters[i];
        p.problem.parameters[parameter.name] = {parameter.value.begin(), parameter.value.end()};
    }
    p.problem.rows.push_back({input, row_of(x, row, rows)});
    if (!net.mask.empty())
        p.problem.rows[0].tokens.assign(net.mask.begin() + row * input[0],
                                        net.mask.begin() + (row + 1) * input[0]);
    p.problem.weights.emplace_back();
    for (std::int64_t k = 0; k < net.outputs; ++k)
        p.problem.weights[0].push_back(
            from_outputs
                ? cotangent(100 + row, k,
                            pulled.outputs[static_cast<std::size_t>(row * net.outputs + k)])
                : 0);
    for (std::size_t s = 0; s < net.graph->sites.size(); ++s) {
        const std::string &name = net.graph->sites[s].name;
        if (name.ends_with("logits")) p.taps.add[name] = row_of(sites.add[s], row, rows);
        p.cotangents[name] = row_of(sites.cotangent[s], row, rows);
    }
    p.value();  // fills in the values
    return p;
}

void check_sites(const LayerList &layers, const Shape &input, bool padded, bool taped,
                 bool from_outputs = true) {
    CAPTURE(layers[0].dump());
    CAPTURE(padded);
    CAPTURE(taped);
    Net net(layers, input, 2);
    scatter_parameters(net);
    if (padded) net.mask = padding_of(rows, input[0]);
    const std::vector<float> x = numbers(rows * net.size, 9, -1, 1);
    Everywhere sites(*net.graph, rows);
    const Pulled pulled = run(net, x, sites, taped, from_outputs);
    std::map<std::string, std::vector<double>> gradients;
    for (std::int64_t row = 0; row < rows; ++row) {
        CAPTURE(row);
        SiteProblem p = problem_of(net, layers, x, sites, pulled, row, from_outputs);
        for (std::size_t s = 0; s < net.graph->sites.size(); ++s) {
            const std::string &name = net.graph->sites[s].name;
            CAPTURE(name);
            CHECK(error_of(p.taps.values[name], floats(row_of(sites.values[s], row, rows))) < 1e-5);
            if (!name.ends_with("logits")) continue;
            const auto wanted = p.slopes(p.taps.add[name]);
            CHECK(error_of(wanted, sample(floats(row_of(sites.gradient[s], row, rows)), 40)) <
                  1e-3);
        }
        const auto dx = p.slopes(p.problem.rows[0].values);
        CHECK(error_of(dx, sample(floats(row_of(pulled.dx, row, rows)), 40)) < 1e-3);
        for (auto &[name, values] : p.problem.parameters) {
            auto &sum = gradients[name];
            const auto own = p.slopes(values, 8);
            sum.resize(own.size());
            for (std::size_t i = 0; i < own.size(); ++i) sum[i] += own[i];
        }
    }
    for (std::int64_t i = 0; i < net.graph->parameters.size(); ++i) {
        const Parameter &parameter = net.graph->parameters[i];
        CAPTURE(parameter.name);
        CHECK(error_of(gradients[parameter.name], sample(parameter.gradient, 8)) < 1e-3);
    }
}

Json embedding() {
    return {{"type", "embedding"}, {"dim", 6}, {"vocabulary", 9}};
}

Json attention(const char *more = "none") {
    return with(with(named(layer("attention"), "look"), "heads", 2), "positions", more);
}

const std::vector<LayerList> looking = {
    {attention(), layer("mean_pool"), linear(3)},
    {with(attention("relative"), "causal", true), layer("mean_pool"), linear(3)},
    {with(attention("alibi"), "window", 2), layer("mean_pool"), linear(3)},
    {with(attention("relative"), "score", "additive"), layer("mean_pool"), linear(3)},
    {{{"type", "transformer"}, {"name", "encoder"}, {"layers", 2}, {"heads", 2}, {"hidden", 6}},
     layer("mean_pool"),
     linear(3)},
};

bool same(const std::vector<float> &a, const std::vector<float> &b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace

TEST_CASE("sites: values, perturbations, gradients and cotangents are those of the reference") {
    for (const LayerList &layers : looking)
        for (const bool padded : {false, true})
            for (const bool taped : {false, true}) check_sites(layers, {5, 8}, padded, taped);
}

TEST_CASE("sites: a cotangent without a gradient at the outputs") {
    for (const LayerList &layers : {looking[0], looking[3], looking[4]})
        check_sites(layers, {5, 8}, true, true, false);
}

TEST_CASE("sites: names follow the parameters', and follow each other as the layers do") {
    Net net({embedding(),
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
    Net net({embedding(), layer("positions"), layer("tanh"), layer("mean_pool"), linear(3)},
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
