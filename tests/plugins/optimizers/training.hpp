// A tensor under an optimizer of the built plugins, fed with random gradients.
#pragma once

#include "plugin_loader.hpp"

#include <spar/philox.hpp>

#include <vector>

namespace spar::test {

constexpr std::int64_t steps = 100, size = 257;

inline std::vector<float> random_tensor(std::uint32_t draw) {
    std::vector<float> values(size);
    Random random(42, 0, draw);
    for (std::int64_t i = 0; i < size; ++i) values[static_cast<std::size_t>(i)] = random.normal(i);
    return values;
}

/// The gradient of step 1, 2, ...: of a size that differs from step to step.
inline std::vector<float> gradient(std::int64_t step) {
    std::vector<float> values = random_tensor(static_cast<std::uint32_t>(step));
    for (float &value : values) value *= 0.01F * static_cast<float>(1 + step % 7);
    return values;
}

class Trained {
  public:
    explicit Trained(const std::string &json)
        : made_(SPAR_KIND_OPTIMIZER, json), parameter(random_tensor(1000)) {
        const auto count = table().state_count(self());
        REQUIRE(count >= 0);
        state.assign(static_cast<std::size_t>(count), std::vector<float>(size, 0.0F));
    }

    std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (std::size_t i = 0; i < state.size(); ++i)
            all.emplace_back(table().state_name(self(), static_cast<std::int64_t>(i)));
        return all;
    }

    void step(std::int64_t number, double rate_factor = 1) {
        update(number, rate_factor, 0, size, gradient(number));
    }

    /// A step of the elements [begin, end) alone.
    void update(std::int64_t number, double rate_factor, std::int64_t begin, std::int64_t end,
                const std::vector<float> &gradients) {
        std::vector<float *> memory;
        for (auto &array : state) memory.push_back(array.data() + begin);
        const std::int64_t shape[] = {size};
        const spar_update update{.struct_size = sizeof(spar_update),
                                 .rank = 1,
                                 .step = number,
                                 .rate_factor = rate_factor,
                                 .name = "w",
                                 .size = end - begin,
                                 .parameter = parameter.data() + begin,
                                 .gradient = gradients.data() + begin,
                                 .state = memory.data(),
                                 .shape = shape,
                                 .offset = begin};
        made_.instance().call(
            "update", [&](spar_error *error) { return table().update(self(), &update, error); });
    }

  private:
    const spar_optimizer_table &table() const {
        return made_.instance().table<spar_optimizer_table>();
    }
    void *self() const { return made_.instance().self(); }
    Made made_;

  public:
    std::vector<float> parameter;
    std::vector<std::vector<float>> state;
};

/// The parameter after all steps.
inline std::vector<float> train(const std::string &json) {
    Trained trained(json);
    for (std::int64_t step = 1; step <= steps; ++step) trained.step(step);
    return trained.parameter;
}

/// The greatest difference of two tensors, relative to the greatest element.
inline double difference(const std::vector<float> &found, const std::vector<float> &expected) {
    REQUIRE(found.size() == expected.size());
    double worst = 0, scale = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
        const auto f = static_cast<double>(found[i]), e = static_cast<double>(expected[i]);
        worst = std::max(worst, std::isfinite(f - e) ? std::abs(f - e) : 1e300);
        scale = std::max(scale, std::abs(e));
    }
    return worst / scale;
}

}  // namespace spar::test
