// Sites of a network: values, perturbations, gradients and cotangents there, against the plain
// reference in double precision.
#include "gradient_check.hpp"
#include "reference_text.hpp"
#include "sites_fixture.hpp"

using namespace fixture;

namespace {

constexpr std::int64_t rows = rows_at_sites;

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
