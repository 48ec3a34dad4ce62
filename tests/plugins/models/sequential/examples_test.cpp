// The residual networks of docs/examples are the ones of the papers: by their numbers of
// parameters.
#include "fixture.hpp"

#include "base/json.hpp"
#include "plugin_loader.hpp"

#include <doctest/doctest.h>
#include <cmath>
#include <nlohmann/json.hpp>

using namespace fixture;

namespace {

Json layers_of(const std::string &example) {
    return Json::parse(spar::test::file_content(SPAR_SOURCE_DIR "/docs/examples/" + example))
        .at("model")
        .at("layers");
}

/// They start at zero, which is the fastest.
LayerList from_zero(const Json &list) {
    LayerList all = list;
    for (Json &layer : all) {
        if (layer.contains("out")) layer["init"] = "zero";
        for (const char *part : {"body", "shortcut"})
            if (layer.contains(part)) layer[part] = from_zero(layer[part]);
    }
    return all;
}

std::size_t trained(Graph &graph) {
    std::size_t count = 0;
    for (std::int64_t i = 0; i < graph.parameters.size(); ++i)
        if (graph.parameters[i].trainable) count += graph.parameters[i].value.size();
    return count;
}

std::size_t trained(const Json &layers) {
    return trained(*network(from_zero(layers), {3, 32, 32}, 1));
}

double length_of(const std::vector<float> &gradient) {
    double sum = 0;
    for (const float g : gradient) sum += double{g} * g;
    return std::sqrt(sum);
}

/// What the cotangent of a pass is the gradient of.
double value_of(const std::vector<float> &outputs, std::int64_t count) {
    double sum = 0;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        const auto at = static_cast<std::int64_t>(i);
        const double z = outputs[i], slope = cotangent(100 + at / count, at % count, 0);
        sum += slope * z + 0.05 * z * z;
    }
    return sum;
}

/// The value with the input, or all parameters, moved by `scale` times its gradient.
double value_at(Net &net, std::vector<float> x, const std::vector<float> &gradient, bool input,
                double scale, bool training) {
    std::vector<std::vector<float>> before;
    auto g = gradient.begin();
    for (std::int64_t i = 0; i < net.graph->parameters.size(); ++i) {
        Parameter &p = net.graph->parameters[i];
        before.push_back(p.value);
        for (std::size_t k = 0; !input && k < p.gradient.size(); ++k)
            p.value[k] = static_cast<float>(p.value[k] + scale * *g++);
    }
    for (float &value : x)
        if (input) value = static_cast<float>(value + scale * *g++);
    net.executor.parameters_changed();
    const auto rows = std::ssize(x) / net.size;
    const double value = value_of(net.pass(x, ids(rows), {}, training).outputs, net.outputs);
    for (std::int64_t i = 0; i < net.graph->parameters.size(); ++i)
        net.graph->parameters[i].value = before[static_cast<std::size_t>(i)];
    net.executor.parameters_changed();
    return value;
}

bool is(const Json &layer, const char *type) {
    return layer.at("type") == type;
}

}  // namespace

TEST_CASE("PreActResNet-18") {
    Json layers = layers_of("cifar10-preactresnet18-pgd.json");
    CHECK(trained(layers) == 11'172'170);
    // Without the normalisation and the relu in front of the pooling it is the older one.
    const auto last = std::find_if(layers.rbegin(), layers.rend(),
                                   [](const Json &l) { return is(l, "batchnorm"); });
    const auto at = std::prev(last.base());
    layers.erase(layers.erase(at));
    CHECK(trained(layers) == 11'171'146);
}

TEST_CASE("WideResNet-34-10, and 28-10 with one block less a group") {
    Json layers = layers_of("cifar10-wrn34-10-trades.json");
    CHECK(trained(layers) == 46'160'474);
    bool projected = false;
    for (auto layer = layers.begin(); layer != layers.end();) {
        const bool extra = projected && is(*layer, "residual") && !layer->contains("shortcut");
        projected = layer->contains("shortcut");
        layer = extra ? layers.erase(layer) : std::next(layer);
    }
    CHECK(trained(layers) == 36'479'194);
}

TEST_CASE("PreActResNet-18: outputs rise along its gradients as fast as these are long") {
    Net net(from_zero(layers_of("cifar10-preactresnet18-pgd.json")), {3, 32, 32}, 2);
    for (std::int64_t i = 0; i < net.graph->parameters.size(); ++i)
        if (Parameter &p = net.graph->parameters[i]; p.shape.size() > 1)
            initialise_weight(p, "pytorch", 1);
    net.executor.parameters_changed();
    const std::vector<float> x = numbers(18 * net.size, 3);
    for (const bool training : {false, true}) {
        const Result result = net.pass(x, ids(18), {.input = true, .parameters = true}, training);
        for (const auto *values : {&result.outputs, &result.dx, &result.gradients}) {
            CHECK(std::all_of(values->begin(), values->end(),
                              [](float v) { return std::isfinite(v); }));
            CHECK(std::any_of(values->begin(), values->end(), [](float v) { return v != 0; }));
        }
        CHECK(net.graph->value(net.graph->stage_end).shape == Shape{64, 32, 32});
        for (const bool input : {true, false}) {
            const std::vector<float> &gradient = input ? result.dx : result.gradients;
            const double length = length_of(gradient), step = 0.02 / length;
            const double rise = value_at(net, x, gradient, input, step / length, training) -
                                value_at(net, x, gradient, input, -step / length, training);
            CHECK(rise / (2 * step) == doctest::Approx(length).epsilon(0.02));
        }
    }
}
