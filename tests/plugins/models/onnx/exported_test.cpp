// Networks as PyTorch's two exporters write them, beside what onnxruntime and PyTorch computed.
#include "fixture.hpp"

#include <set>

using namespace fixture;

TEST_CASE("outputs are onnxruntime's, and gradients at the inputs PyTorch's") {
    for (const std::string &file : files()) {
        CAPTURE(file);
        const Record record(net_of(file));
        const Tensor x = record.tensor("input_0");
        Net net(model(file), example_of(x));
        const Result result = net.pass(x.floats, record.tensor("cotangent").floats);
        CHECK(gap(record.tensor("output_0").floats, result.outputs) < 1e-5);
        CHECK(gap(record.tensor("input_gradient").floats, result.dx) < 2e-5);
    }
}

TEST_CASE("gradients of parameters are PyTorch's, under their names") {
    std::set<std::string> with_names;
    for (const std::string &file : files()) {
        // Where equal parameters are stored once, and nothing says so, they are one.
        if (file == "sequence/new") continue;
        CAPTURE(file);
        const Record record(net_of(file));
        const Tensor x = record.tensor("input_0");
        Net net(model(file), example_of(x));
        net.pass(x.floats, record.tensor("cotangent").floats, true);
        std::ifstream lines(record.folder / "parameter_gradients.txt");
        std::string name;
        std::size_t found = 0, all = 0;
        // The newer exporter folds normalisations into weights and leaves them their names.
        const bool folded = net_of(file) == "resnet18" || net_of(file) == "mobilenet" ||
                            net_of(file) == "wideresnet" || net_of(file) == "preactresnet18";
        for (double wanted = 0; lines >> name >> wanted; ++all) {
            const bool shifted = file.ends_with("new") && folded &&
                                 name.find("bn") == std::string::npos &&
                                 name.find("fc") == std::string::npos;
            const sequential::Parameter *parameter = net.parameter(name);
            if (parameter == nullptr || shifted) continue;
            ++found;
            double got = 0, size = 0;
            for (std::size_t i = 0; i < parameter->gradient.size(); ++i) {
                got += parameter->gradient[i] * std::sin(static_cast<double>(i + 1));
                size += std::abs(static_cast<double>(parameter->gradient[i]));
            }
            CAPTURE(name);
            CHECK(std::abs(got - wanted) < 1e-4 * size + 1e-5);
        }
        CHECK((found > 0 || file == "mobilenet/new"));
        if (found == all) with_names.insert(file);
    }
    CHECK(with_names.contains("resnet18/train"));
    CHECK(with_names.contains("mobilenet/train"));
    CHECK(with_names.contains("lenet/old"));
    CHECK(with_names.contains("lenet/new"));
}

TEST_CASE("gradients are the slopes of the outputs") {
    for (const std::string file : {"mlp/old", "lenet/new", "vit/old", "sequence/new"}) {
        CAPTURE(file);
        const Record record(net_of(file));
        const Tensor all = record.tensor("input_0");
        Net net(model(file), example_of(all));
        std::vector<float> x(all.floats.begin(), all.floats.begin() + net.size);
        const Tensor c = record.tensor("cotangent");
        const std::vector<float> cotangent(c.floats.begin(), c.floats.begin() + net.outputs);
        const Result result = net.pass(x, cotangent);
        const auto value = [&] {
            const Result r = net.pass(x, cotangent);
            double sum = 0;
            for (std::size_t i = 0; i < cotangent.size(); ++i)
                sum += static_cast<double>(cotangent[i]) * r.outputs[i];
            return sum;
        };
        double largest = 0;
        for (const float g : result.dx)
            largest = std::max(largest, std::abs(static_cast<double>(g)));
        for (std::size_t i = 0; i < x.size(); i += x.size() / 12 + 1) {
            const float kept = x[i], step = 4e-3F;
            x[i] = kept + step;
            const double above = value();
            x[i] = kept - step;
            const double below = value();
            x[i] = kept;
            CHECK(std::abs((above - below) / (2 * step) - result.dx[i]) < 0.02 * largest);
        }
    }
}

TEST_CASE("the number of threads and the split of the batch change no bit") {
    for (const std::string &file : files()) {
        CAPTURE(file);
        const Shape shape = example_of(Record(net_of(file)).tensor("input_0"));
        const std::int64_t rows = 37;
        std::optional<Result> first;
        for (const int threads : {1, 2, 3}) {
            Net net(model(file), shape, {.threads = threads});
            const std::vector<float> x = numbers(rows * net.size, 3, 0, 1);
            const std::vector<float> cotangent = numbers(rows * net.outputs, 4);
            const Result result = net.pass(x, cotangent, true, true);
            if (!first) first = result;
            CHECK((result == *first));
            if (threads != 2) continue;
            const Result whole = net.pass(x, cotangent);
            for (const std::int64_t split : {1, 7, 16}) {
                Result parts;
                for (std::int64_t at = 0; at < rows; at += split) {
                    const std::int64_t end = std::min(rows, at + split);
                    const Result part =
                        net.pass({x.begin() + at * net.size, x.begin() + end * net.size},
                                 {cotangent.begin() + at * net.outputs,
                                  cotangent.begin() + end * net.outputs});
                    parts.outputs.insert(parts.outputs.end(), part.outputs.begin(),
                                         part.outputs.end());
                    parts.dx.insert(parts.dx.end(), part.dx.begin(), part.dx.end());
                }
                CHECK((parts == whole));
            }
        }
    }
}

TEST_CASE("a step against the gradient lowers what it is the gradient of") {
    for (const std::string file :
         {"resnet18/train", "vit/old", "vit/new", "sequence/old", "mlp/new"}) {
        CAPTURE(file);
        const Record record(net_of(file));
        const Tensor x = record.tensor("input_0");
        const std::vector<float> cotangent = record.tensor("cotangent").floats;
        Net net(model(file), example_of(x));
        const auto value = [&] {
            const Result r = net.pass(x.floats, cotangent);
            double sum = 0;
            for (std::size_t i = 0; i < cotangent.size(); ++i)
                sum += static_cast<double>(cotangent[i]) * r.outputs[i];
            return sum;
        };
        const double before = value();
        net.pass(x.floats, cotangent, true);
        double squares = 0;
        for (std::int64_t i = 0; i < net.graph.parameters.size(); ++i)
            for (const float g : net.graph.parameters[i].gradient)
                squares += static_cast<double>(g) * g;
        constexpr double less = 2e-3;
        for (std::int64_t i = 0; i < net.graph.parameters.size(); ++i) {
            sequential::Parameter &p = net.graph.parameters[i];
            for (std::size_t k = 0; k < p.gradient.size(); ++k)
                p.value[k] -= static_cast<float>(less / squares * p.gradient[k]);
        }
        net.parameters_changed();
        CHECK(before - value() == doctest::Approx(less).epsilon(0.1));
    }
}

TEST_CASE("normalisation at the start is no parameter, and running statistics are buffers") {
    Net net(model("resnet18/train"), {3, 16, 16});
    CHECK(net.parameter("mean") == nullptr);
    CHECK(net.parameter("std") == nullptr);
    sequential::Parameter *mean = net.parameter("body.bn1.running_mean");
    REQUIRE(mean != nullptr);
    CHECK_FALSE(mean->trainable);
    const std::vector<float> before = mean->value;
    const std::vector<float> x = numbers(8 * net.size, 3, 0, 1), g = numbers(8 * net.outputs, 4);
    net.pass(x, g, false, true);
    CHECK(mean->value == before);
    net.pass(x, g, true, true);
    CHECK(mean->value != before);
}
