#include "training.hpp"

#include <cmath>
#include <functional>

using namespace spar;
using namespace spar::test;

namespace {

/// What a formula remembers of one number; all zero at first.
struct Memory {
    double a = 0, b = 0, c = 0;
};

/// One step of one number in double precision: (w, g, t, memory) to the new w, which is then stored
/// in single precision.
using Formula = std::function<double(double, double, double, Memory &)>;

std::vector<float> train(const Formula &formula) {
    std::vector<float> w = random_tensor(1000);
    std::vector<Memory> memory(w.size());
    for (std::int64_t step = 1; step <= steps; ++step) {
        const std::vector<float> g = gradient(step);
        for (std::size_t i = 0; i < w.size(); ++i)
            w[i] = static_cast<float>(formula(static_cast<double>(w[i]), static_cast<double>(g[i]),
                                              static_cast<double>(step), memory[i]));
    }
    return w;
}

void check(const std::string &json, const Formula &formula) {
    CAPTURE(json);
    const double found = difference(test::train(json), train(formula));
    CHECK(found < 1e-6);
    CHECK(difference(test::train(json), random_tensor(1000)) > 1e-3);  // it moved
}

/// What decoupled decay leaves of a weight. It rounds to single precision, as in PyTorch: a weight
/// far above its steps otherwise drifts from the reference by the same half unit in every one of
/// them.
double kept(double w, double lr, double decay) {
    const auto factor = static_cast<float>(1 - lr * decay);
    return static_cast<double>(factor * static_cast<float>(w));
}

Formula sgd(double lr, double momentum, bool nesterov, double decay) {
    return [=](double w, double g, double, Memory &m) {
        g += decay * w;
        m.a = momentum * m.a + g;
        return w - lr * (nesterov ? g + momentum * m.a : m.a);
    };
}

Formula adam(double lr, double b1, double b2, double eps, double coupled, double decoupled) {
    return [=](double w, double g, double t, Memory &m) {
        g += coupled * w;
        m.a = b1 * m.a + (1 - b1) * g;
        m.b = b2 * m.b + (1 - b2) * g * g;
        const double mean = m.a / (1 - std::pow(b1, t)), square = m.b / (1 - std::pow(b2, t));
        return kept(w, lr, decoupled) - lr * mean / (std::sqrt(square) + eps);
    };
}

Formula rmsprop(double lr, double alpha, double eps, double momentum, bool centered, double decay) {
    return [=](double w, double g, double, Memory &m) {
        g += decay * w;
        m.a = alpha * m.a + (1 - alpha) * g * g;
        m.b = alpha * m.b + (1 - alpha) * g;
        const double square = centered ? m.a - m.b * m.b : m.a;
        m.c = momentum * m.c + g / (std::sqrt(square) + eps);
        return w - lr * m.c;
    };
}

const std::vector<std::string> all = {
    R"({"type":"sgd","lr":0.1})",
    R"({"type":"sgd","lr":0.1,"momentum":0.9,"nesterov":true,"weight_decay":0.01})",
    R"({"type":"adam","weight_decay":0.01})",
    R"({"type":"adamw"})",
    R"({"type":"adagrad"})",
    R"({"type":"rmsprop","momentum":0.9,"centered":true})",
    R"({"type":"lion","weight_decay":0.1})",
};

}  // namespace

TEST_CASE("sgd is its formula") {
    check(R"({"type":"sgd","lr":0.1})", sgd(0.1, 0, false, 0));
    check(R"({"type":"sgd","lr":0.1,"weight_decay":0.02})", sgd(0.1, 0, false, 0.02));
    check(R"({"type":"sgd","lr":0.1,"momentum":0.9})", sgd(0.1, 0.9, false, 0));
    check(R"({"type":"sgd","lr":0.1,"momentum":0.9,"nesterov":true,"weight_decay":0.02})",
          sgd(0.1, 0.9, true, 0.02));
}

TEST_CASE("adam and adamw are their formulas") {
    check(R"({"type":"adam"})", adam(0.001, 0.9, 0.999, 1e-8, 0, 0));
    check(R"({"type":"adam","lr":0.01,"beta1":0.8,"beta2":0.99,"eps":1e-3,"weight_decay":0.02})",
          adam(0.01, 0.8, 0.99, 1e-3, 0.02, 0));
    check(R"({"type":"adamw"})", adam(0.001, 0.9, 0.999, 1e-8, 0, 0.01));
    check(R"({"type":"adamw","lr":0.01,"weight_decay":0.3})", adam(0.01, 0.9, 0.999, 1e-8, 0, 0.3));
}

TEST_CASE("adagrad is its formula") {
    check(R"({"type":"adagrad","lr":0.02,"lr_decay":0.1,"weight_decay":0.02})",
          [](double w, double g, double t, Memory &m) {
              g += 0.02 * w;
              m.a += g * g;
              return w - 0.02 / (1 + (t - 1) * 0.1) * g / (std::sqrt(m.a) + 1e-10);
          });
}

TEST_CASE("rmsprop is its formula") {
    check(R"({"type":"rmsprop","lr":0.001})", rmsprop(0.001, 0.99, 1e-8, 0, false, 0));
    check(R"({"type":"rmsprop","lr":0.001,"alpha":0.9,"momentum":0.5,"weight_decay":0.02})",
          rmsprop(0.001, 0.9, 1e-8, 0.5, false, 0.02));
    // The first variance is a difference of nearly equal numbers, so eps is made to matter.
    check(R"({"type":"rmsprop","lr":0.001,"eps":0.01,"momentum":0.5,"centered":true})",
          rmsprop(0.001, 0.99, 0.01, 0.5, true, 0));
}

TEST_CASE("lion is its formula") {
    check(R"({"type":"lion","lr":0.001,"weight_decay":0.1})",
          [](double w, double g, double, Memory &m) {
              const double c = 0.9 * m.a + 0.1 * g;
              m.a = 0.99 * m.a + 0.01 * g;
              return kept(w, 0.001, 0.1) - 0.001 * ((c > 0) - (c < 0));
          });
}

TEST_CASE("what is remembered has names") {
    const auto names = [](const std::string &json) { return Trained(json).names(); };
    CHECK(names(all[0]).empty());
    CHECK(names(all[1]) == std::vector<std::string>{"momentum"});
    CHECK(names(all[2]) == std::vector<std::string>{"mean", "square"});
    CHECK(names(all[3]) == std::vector<std::string>{"mean", "square"});
    CHECK(names(all[4]) == std::vector<std::string>{"sum"});
    CHECK(names(all[5]) == std::vector<std::string>{"square", "mean", "momentum"});
    CHECK(names(all[6]) == std::vector<std::string>{"momentum"});
}

TEST_CASE("a second instance continues from parameter and state, to the last bit") {
    for (const std::string &json : all) {
        CAPTURE(json);
        Trained first(json);
        for (std::int64_t step = 1; step <= 50; ++step) first.step(step, 0.7);
        Trained second(json);
        second.parameter = first.parameter;
        second.state = first.state;
        for (std::int64_t step = 51; step <= steps; ++step) {
            first.step(step, 0.7);
            second.step(step, 0.7);
        }
        CHECK(second.parameter == first.parameter);
        CHECK(second.state == first.state);
    }
}

TEST_CASE("an element does not depend on the others, nor on where a tensor is cut") {
    for (const std::string &json : all) {
        CAPTURE(json);
        Trained whole(json), cut(json);
        for (std::int64_t step = 1; step <= 10; ++step) {
            whole.step(step);
            cut.update(step, 1, 0, 13, gradient(step));
            cut.update(step, 1, 13, 13, gradient(step));
            cut.update(step, 1, 13, size, gradient(step));
        }
        CHECK(cut.parameter == whole.parameter);
    }
}

TEST_CASE("the schedule's factor multiplies the rate") {
    Trained factor(R"({"type":"adamw","lr":0.02,"weight_decay":0.1})");
    Trained plain(R"({"type":"adamw","lr":0.005,"weight_decay":0.1})");
    for (std::int64_t step = 1; step <= steps; ++step) {
        factor.step(step, 0.25);
        plain.step(step);
    }
    CHECK(factor.parameter == plain.parameter);
    for (const std::string &json : all) {
        Trained still(json);
        still.step(1, 0);
        CHECK(still.parameter == random_tensor(1000));
    }
}

TEST_CASE("nesterov without momentum is a mistake") {
    const auto failure = failure_of([] { Trained(R"({"type":"sgd","lr":0.1,"nesterov":true})"); });
    CHECK(failure.exit() == host::Exit::pipeline);
    CHECK(std::string(failure.what()).find("/nesterov") != std::string::npos);
}
