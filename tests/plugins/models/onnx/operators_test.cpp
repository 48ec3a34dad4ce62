// Every operator beside onnxruntime, and its gradients beside differences.
#include "fixture.hpp"

#include "operators/operators.hpp"

#include <functional>
#include <set>

using namespace fixture;

namespace {

std::vector<std::string> cases() {
    std::vector<std::string> names;
    for (const auto &file : std::filesystem::directory_iterator(nets().parent_path() / "operators"))
        names.push_back(file.path().stem().string());
    std::ranges::sort(names);
    REQUIRE(names.size() > 100);
    return names;
}

Model model_of(const std::string &name) {
    return read_model((nets().parent_path() / "operators" / (name + ".onnx")).string());
}

/// The outputs of a row times a fixed cotangent.
double value(Net &net, const std::vector<float> &x, const std::vector<float> &cotangent) {
    const Result result = net.pass(x, cotangent);
    double sum = 0;
    for (std::size_t i = 0; i < cotangent.size(); ++i)
        sum += static_cast<double>(cotangent[i]) * result.outputs[i];
    return sum;
}

/// Two-sided differences of two lengths; where they disagree there is a kink, and nothing to see.
std::optional<double> slope(const std::function<double()> &at, float &argument) {
    const float kept = argument;
    const auto difference = [&](float step) {
        argument = kept + step;
        const double above = at();
        argument = kept - step;
        const double below = at();
        argument = kept;
        return (above - below) / (2 * static_cast<double>(step));
    };
    const double wide = difference(8e-3F), narrow = difference(4e-3F);
    if (std::abs(wide - narrow) > 0.01 * std::abs(wide) + 2e-3) return std::nullopt;
    return narrow;
}

struct Compared {
    int agree = 0, all = 0;
    double worst = 0;
};

void compare(
    Compared &c, const std::function<double()> &at, float &argument, float got,
    const std::function<void()> &changed = [] {}) {
    const auto wanted = slope(
        [&] {
            changed();
            return at();
        },
        argument);
    changed();
    ++c.all;
    if (!wanted) return;
    ++c.agree;
    c.worst = std::max(c.worst, std::abs(*wanted - got) / (std::abs(*wanted) + 1));
}

}  // namespace

TEST_CASE("operators give what onnxruntime gives") {
    for (const std::string &name : cases()) {
        CAPTURE(name);
        const Model model = model_of(name);
        const Tensor &x = model.initialisers.at("recorded.input");
        Net net(model, example_of(x));
        const Result result = net.pass(x.floats, numbers(x.dims[0] * net.outputs, 4));
        CHECK(gap(model.initialisers.at("recorded.output").floats, result.outputs) < 3e-6);
    }
}

TEST_CASE("their gradients are slopes, at the inputs and at parameters") {
    for (const std::string &name : cases()) {
        CAPTURE(name);
        const Model model = model_of(name);
        const Tensor &all = model.initialisers.at("recorded.input");
        Net net(model, example_of(all));
        std::vector<float> x(all.floats.begin(), all.floats.begin() + 2 * net.size);
        const std::vector<float> cotangent = numbers(2 * net.outputs, 4);
        const auto at = [&] { return value(net, x, cotangent); };
        const Result alone = net.pass(x, cotangent), result = net.pass(x, cotangent, true);
        CHECK(gap(result.dx, alone.dx) < 1e-6);
        std::vector<std::vector<float>> gradients;
        for (std::int64_t i = 0; i < net.graph.parameters.size(); ++i)
            gradients.push_back(net.graph.parameters[i].gradient);
        Compared compared;
        for (std::size_t i = 0; i < x.size(); i += x.size() / 10 + 1)
            compare(compared, at, x[i], result.dx[i]);
        for (std::int64_t i = 0; i < net.graph.parameters.size(); ++i) {
            sequential::Parameter &p = net.graph.parameters[i];
            if (!p.trainable) continue;
            for (std::size_t k = 0; k < p.value.size(); k += p.value.size() / 5 + 1)
                compare(compared, at, p.value[k], gradients[static_cast<std::size_t>(i)][k],
                        [&] { net.parameters_changed(); });
        }
        CHECK(compared.worst < 0.02);
        CHECK(compared.agree * 3 >= compared.all);
    }
}

TEST_CASE("docs/models.md lists the operators") {
    std::string wanted = "| operator | what of it |\n| --- | --- |\n";
    std::vector<Operator> all = operators();
    std::ranges::sort(all, {}, [](const Operator &one) { return std::string(one.type); });
    for (const Operator &one : all) {
        const std::string limits = one.limits;
        wanted += std::string("| ") + one.type + " | " + (limits.empty() ? "all" : limits) + " |\n";
    }
    std::ifstream page(std::filesystem::path(SPAR_SOURCE_DIR) / "docs/models.md");
    const std::string text{std::istreambuf_iterator<char>(page), {}};
    const auto begin = text.find("| operator |");
    REQUIRE(begin != std::string::npos);
    CHECK(text.substr(begin, wanted.size()) == wanted);
    CHECK(text.substr(begin + wanted.size(), 2) != "| ");
}

TEST_CASE("every operator of the table is tried, or only computes shapes") {
    std::set<std::string> tried;
    for (const std::string &name : cases())
        for (const Node &node : model_of(name).nodes) tried.insert(node.type);
    for (const std::string &file : files())
        for (const Node &node : model(file).nodes) tried.insert(node.type);
    const std::set<std::string> untried{
        "And", "CastLike", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Not", "Or", "Size"};
    for (const Operator &one : operators()) {
        CAPTURE(std::string(one.type));
        CHECK(tried.contains(one.type) != untried.contains(one.type));
    }
}
