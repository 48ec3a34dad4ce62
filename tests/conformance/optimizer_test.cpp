// Every optimizer: from a state of zeros, by its arguments alone, downhill, and in its own memory.
#include "components.hpp"

#include <cmath>

using namespace spar;
using namespace spar::test;

namespace {

constexpr std::size_t size = 37, guard = 8;
constexpr float guard_value = 0x1.23456p+5F;

/// An array between guards.
struct Guarded {
    std::vector<float> all = std::vector<float>(size + 2 * guard, guard_value);

    Guarded() { std::fill_n(data(), size, 0.0F); }
    float *data() { return all.data() + guard; }
    bool untouched_around() const {
        return std::all_of(all.begin(), all.begin() + guard,
                           [](float v) { return v == guard_value; }) &&
               std::all_of(all.end() - guard, all.end(), [](float v) { return v == guard_value; });
    }
};

/// f(p) = sum a_i (p_i - t_i)^2 / 2
struct Quadratic {
    double value(const float *p) const {
        double sum = 0;
        for (std::size_t i = 0; i < size; ++i) sum += weight(i) * std::pow(p[i] - target(i), 2) / 2;
        return sum;
    }
    void gradient(const float *p, std::vector<float> &g) const {
        g.resize(size);
        for (std::size_t i = 0; i < size; ++i)
            g[i] = static_cast<float>(weight(i) * (p[i] - target(i)));
    }
    static double weight(std::size_t i) { return 0.5 + static_cast<double>(i) / size; }
    static double target(std::size_t i) { return i % 2 == 0 ? 1.0 : -2.0; }
};

class Descent {
  public:
    explicit Descent(const host::Instance &optimizer)
        : optimizer_(optimizer), table_(optimizer.table<spar_optimizer_table>()) {
        const std::int64_t count = table_.state_count(optimizer.self());
        REQUIRE((count >= 0 && count <= 16));
        state_.resize(static_cast<std::size_t>(count));
    }

    /// One step, the tensor in pieces of `piece` elements.
    void step(double factor = 1, std::size_t piece = size) {
        problem_.gradient(parameter.data(), gradient_);
        const std::vector<float> before = gradient_;
        ++steps_;
        for (std::size_t offset = 0; offset < size; offset += piece) {
            const std::int64_t shape[] = {size};
            std::vector<float *> memory;
            for (Guarded &array : state_) memory.push_back(array.data() + offset);
            const spar_update update{
                .struct_size = sizeof update,
                .rank = 1,
                .step = steps_,
                .rate_factor = factor,
                .name = "layer.weight",
                .size = static_cast<std::int64_t>(std::min(piece, size - offset)),
                .parameter = parameter.data() + offset,
                .gradient = gradient_.data() + offset,
                .state = memory.data(),
                .shape = shape,
                .offset = static_cast<std::int64_t>(offset)};
            optimizer_.call("update", [&](spar_error *error) {
                return table_.update(optimizer_.self(), &update, error);
            });
        }
        CHECK(gradient_ == before);
    }
    bool elementwise() const {
        return (table_.traits(optimizer_.self()) & SPAR_OPTIMIZER_ELEMENTWISE) != 0;
    }
    double value() { return problem_.value(parameter.data()); }
    std::vector<std::vector<float>> everything() const {
        std::vector<std::vector<float>> all{parameter.all};
        for (const Guarded &array : state_) all.push_back(array.all);
        return all;
    }
    bool guards_hold() const {
        return parameter.untouched_around() &&
               std::all_of(state_.begin(), state_.end(),
                           [](const Guarded &array) { return array.untouched_around(); });
    }

    Guarded parameter;

  private:
    const host::Instance &optimizer_;
    const spar_optimizer_table &table_;
    Quadratic problem_;
    std::vector<Guarded> state_;
    std::vector<float> gradient_;
    std::int64_t steps_ = 0;
};

}  // namespace

TEST_CASE("goes downhill from a state of zeros, inside its own memory") {
    for (const Sample &sample : samples(SPAR_KIND_OPTIMIZER)) {
        INFO(sample.name());
        const Made made = sample.make();
        Descent descent(made.instance());
        const double begin = descent.value();
        for (int i = 0; i < 200; ++i) descent.step();
        CHECK(descent.value() < begin * 0.999);
        CHECK(descent.guards_hold());
    }
}

TEST_CASE("gives the same bytes for the same arguments, whatever it did before") {
    for (const Sample &sample : samples(SPAR_KIND_OPTIMIZER)) {
        INFO(sample.name());
        const Made one = sample.make(1), other = sample.make(2);
        Descent a(one.instance()), b(one.instance()), c(other.instance());
        for (int i = 0; i < 20; ++i) a.step();
        for (int i = 0; i < 20; ++i) b.step(), c.step();
        CHECK((a.everything() == b.everything()));
        CHECK((a.everything() == c.everything()));
    }
}

TEST_CASE(
    "an optimizer that declares itself elementwise gives the same bytes in pieces, wherever they "
    "begin") {
    int tried = 0;
    for (const Sample &sample : samples(SPAR_KIND_OPTIMIZER)) {
        INFO(sample.name());
        const Made one = sample.make(), other = sample.make();
        Descent whole(one.instance());
        if (!whole.elementwise()) continue;
        ++tried;
        for (std::size_t piece = 1; piece <= 8; ++piece) {
            CAPTURE(piece);
            Descent a(one.instance()), b(other.instance());
            for (int i = 0; i < 20; ++i) a.step(), b.step(1, piece);
            CHECK((a.everything() == b.everything()));
        }
    }
    CHECK(tried > 0);
}

TEST_CASE("a rate factor of zero leaves the parameter where it is") {
    for (const Sample &sample : samples(SPAR_KIND_OPTIMIZER)) {
        INFO(sample.name());
        const Made made = sample.make();
        Descent descent(made.instance());
        for (int i = 0; i < 3; ++i) descent.step();
        const std::vector<float> before = descent.parameter.all;
        descent.step(0);
        CHECK((descent.parameter.all == before));
        CHECK(std::isfinite(descent.value()));
    }
}

TEST_CASE("its arrays have names of their own") {
    for (const Sample &sample : samples(SPAR_KIND_OPTIMIZER)) {
        INFO(sample.name());
        const Made made = sample.make();
        const auto &table = made.instance().table<spar_optimizer_table>();
        std::vector<std::string> names;
        for (std::int64_t i = 0; i < table.state_count(made.instance().self()); ++i) {
            const char *name = table.state_name(made.instance().self(), i);
            REQUIRE(name != nullptr);
            CHECK(std::string(name) != "");
            CHECK(std::find(names.begin(), names.end(), name) == names.end());
            names.emplace_back(name);
        }
    }
}
