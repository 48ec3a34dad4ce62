// ONNX files as tests read them: a network on its engine, and what was recorded of it.
#pragma once

#include "../threads.hpp"
#include "graph/executor.hpp"
#include "import/importer.hpp"

#include <spar/philox.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace fixture {

using namespace onnx;

struct Options {
    std::string output = {};
    bool cut_softmax = false, channels_last = false;
    int threads = 1;
};

struct Result {
    std::vector<float> outputs, dx, gradients;
    bool operator==(const Result &) const = default;
};

/// An imported model with its executor.
struct Net {
    Net(const Model &model, const Shape &examples, const Options &options = {})
        : parallel(options.threads), graph(16, examples), book(graph.parameters) {
        Importer importer(model, graph, book, examples, options.channels_last);
        importer.build(options.output, options.cut_softmax);
        ends_in_softmax = importer.ends_in_softmax();
        executor = std::make_unique<sequential::Executor>(graph, parallel);
        size = graph.value(0).size();
        outputs = graph.value(graph.output).size();
    }

    struct Head {
        const float *cotangent;
        std::int64_t outputs;
    };

    void zero_gradients() {
        for (std::int64_t i = 0; i < graph.parameters.size(); ++i)
            std::ranges::fill(graph.parameters[i].gradient, 0.0F);
    }

    /// The gradients of the outputs times `cotangent`.
    Result pass(const std::vector<float> &x, const std::vector<float> &cotangent,
                bool parameters = false, bool training = false) {
        const std::int64_t rows = std::ssize(x) / size;
        Result result;
        result.outputs.resize(static_cast<std::size_t>(rows * outputs));
        result.dx.resize(x.size());
        Head head{cotangent.data(), outputs};
        zero_gradients();
        executor->pass({.rows = rows,
                        .x = x.data(),
                        .key = 5,
                        .training = training,
                        .head =
                            [](void *context, std::int64_t first, std::int64_t count, const float *,
                               float *gradients, spar_error *) {
                                const auto &h = *static_cast<Head *>(context);
                                for (std::int64_t i = 0;
                                     gradients != nullptr && i < count * h.outputs; ++i)
                                    gradients[i] = h.cotangent[first * h.outputs + i];
                                return spar_status{SPAR_OK};
                            },
                        .head_context = &head,
                        .wants = {.input = true, .parameters = parameters},
                        .outputs = result.outputs.data(),
                        .dx = result.dx.data()});
        if (parameters) book.collect();
        for (std::int64_t i = 0; parameters && i < graph.parameters.size(); ++i)
            result.gradients.insert(result.gradients.end(), graph.parameters[i].gradient.begin(),
                                    graph.parameters[i].gradient.end());
        return result;
    }

    sequential::Parameter *parameter(const std::string &name) {
        for (std::int64_t i = 0; i < graph.parameters.size(); ++i)
            if (graph.parameters[i].name == name) return &graph.parameters[i];
        return nullptr;
    }
    void parameters_changed() {
        book.spread();
        executor->parameters_changed();
    }

    Threads parallel;
    sequential::Graph graph;
    Book book;
    std::unique_ptr<sequential::Executor> executor;
    std::int64_t size = 0, outputs = 0;
    bool ends_in_softmax = false;
};

inline std::vector<float> numbers(std::int64_t count, std::uint64_t key, float low = -1,
                                  float high = 1) {
    spar::Random random(key, 0);
    std::vector<float> values(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = random.uniform(static_cast<std::int64_t>(i), low, high);
    return values;
}

/// The largest difference, divided by the largest wanted value.
inline double gap(const std::vector<float> &wanted, const std::vector<float> &got) {
    REQUIRE(wanted.size() == got.size());
    double most = 0, largest = 1e-30;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        largest = std::max(largest, std::abs(static_cast<double>(wanted[i])));
        const double difference = std::abs(static_cast<double>(wanted[i]) - got[i]);
        most = std::isnan(difference) ? INFINITY : std::max(most, difference);
    }
    return most / largest;
}

/// SPAR_ONNX_NETS: others that record.py wrote.
inline std::filesystem::path nets() {
    if (const char *folder = std::getenv("SPAR_ONNX_NETS")) return folder;
    return std::filesystem::path(SPAR_SOURCE_DIR) / "tests/plugins/models/onnx/nets";
}

/// What record.py wrote of a network.
struct Record {
    explicit Record(const std::string &name) : folder(nets() / name / "test_data_set_0") {}
    Tensor tensor(const std::string &name) const {
        return read_tensor((folder / (name + ".pb")).string());
    }
    std::filesystem::path folder;
};

inline Shape example_of(const Tensor &rows) {
    return {rows.dims.begin() + 1, rows.dims.end()};
}

/// Every file of the fixtures, as "vit/old".
inline std::vector<std::string> files() {
    std::vector<std::string> names;
    for (const auto &folder : std::filesystem::directory_iterator(nets()))
        for (const auto &file : std::filesystem::directory_iterator(folder))
            if (file.path().extension() == ".onnx")
                names.push_back(folder.path().filename().string() + "/" +
                                file.path().stem().string());
    std::ranges::sort(names);
    REQUIRE(names.size() >= 10);
    return names;
}

inline std::string net_of(const std::string &file) {
    return file.substr(0, file.find('/'));
}

inline Model model(const std::string &file) {
    return read_model((nets() / (file + ".onnx")).string());
}

}  // namespace fixture
