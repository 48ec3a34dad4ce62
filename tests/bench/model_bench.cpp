// Times single passes of a model of any kind.
//
//     model_bench NODE ROWS SECONDS SHAPE...
//
// NODE is the model's JSON. Prints one JSON line: microseconds of a forward pass, and of one with
// the gradient at the input, as median and least.
#include "instances/instance.hpp"
#include "instances/services.hpp"
#include "plugins/registry.hpp"

#include <spar/head.hpp>
#include <spar/tensor.hpp>

#include <fmt/format.h>
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>

namespace {

using namespace spar::host;
using Clock = std::chrono::steady_clock;
using Floats = std::vector<float>;

/// Median and least microseconds.
template <class Work>
std::string timed(double seconds, Work &&work) {
    work();
    std::vector<double> took;
    const auto begin = Clock::now();
    while (took.size() < 3 || Clock::now() - begin < std::chrono::duration<double>(seconds)) {
        const auto one = Clock::now();
        work();
        took.push_back(std::chrono::duration<double, std::micro>(Clock::now() - one).count());
    }
    std::sort(took.begin(), took.end());
    return fmt::format(R"({{"median": {:.1f}, "least": {:.1f}, "passes": {}}})",
                       took[took.size() / 2], took[0], took.size());
}

void run(const std::string &text, std::int64_t rows, double seconds,
         std::vector<std::int64_t> shape) {
    const auto registry = Registry::discover({SPAR_PLUGIN_DIR}, host_table());
    const Builder builder(registry, 1, [](const auto &, const std::string &path) { return path; });
    const auto node = nlohmann::ordered_json::parse(text);
    const auto model = builder.build(SPAR_KIND_MODEL, node, "/model");
    const auto &table = model->table<spar_model_table>();

    spar_model_setup setup{};
    setup.struct_size = sizeof setup;
    setup.rank = static_cast<std::int32_t>(shape.size());
    std::copy(shape.begin(), shape.end(), setup.shape);
    setup.outputs = 10;
    model->call("setup", [&](spar_error *e) { return table.setup(model->self(), &setup, e); });
    const std::int64_t outputs = table.outputs(model->self());

    const auto size = static_cast<std::size_t>(rows * spar::product(shape));
    Floats x(size, 0.5F), dx(size), z(static_cast<std::size_t>(rows * outputs));
    for (std::size_t i = 0; i < size; ++i) x[i] = static_cast<float>(i * 7 % 31) / 31;
    std::vector<std::int64_t> ids(static_cast<std::size_t>(rows));
    shape.insert(shape.begin(), rows);
    spar::View view(x.data(), spar::View::float32, shape);
    auto head = [&](std::int64_t, std::int64_t count, const float *, float *gradients) {
        std::fill_n(gradients, count * outputs, 1.0F);
    };
    const spar::HeadRef ref(head);
    spar_pass pass{};
    pass.struct_size = sizeof pass;
    pass.ids = ids.data();
    pass.x = view.view();
    pass.outputs = z.data();
    pass.dx = dx.data();
    const auto once = [&] {
        model->call("pass", [&](spar_error *e) { return table.pass(model->self(), &pass, e); });
    };
    const std::string forward = timed(seconds, once);
    pass.head = ref.function;
    pass.head_context = ref.context;
    pass.wants = SPAR_WANT_INPUT_GRADIENT;
    fmt::print("{{\"forward\": {}, \"gradient\": {}}}\n", forward, timed(seconds, once));
}

}  // namespace

int main(int count, char **words) {
    if (count < 5) {
        fmt::print(stderr, "usage: model_bench NODE ROWS SECONDS SHAPE...\n");
        return 2;
    }
    std::vector<std::int64_t> shape;
    for (int i = 4; i < count; ++i) shape.push_back(std::atoll(words[i]));
    try {
        run(words[1], std::atoll(words[2]), std::atof(words[3]), shape);
    } catch (const std::exception &error) {
        fmt::print(stderr, "model_bench: {}\n", error.what());
        return 1;
    }
    return 0;
}
