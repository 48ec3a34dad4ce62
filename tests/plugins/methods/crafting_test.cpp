// Where each method goes to train: its random start, and its steps from there, written out again.
#include "tiny_net.hpp"

#include <spar/philox.hpp>

#include <functional>

using namespace spar::test;

namespace {

constexpr float eps = 0.1F;

Floats points_of(const std::string &method, const std::string &tensor = "x_adv",
                 const std::string &threat = R"({"norm":"linf","eps":0.1})") {
    Training t({.method = method, .threat = threat});
    t.gradients();
    return t.tensor(tensor);
}

struct Spread {
    double largest = 0, mean = 0, square = 0;
};

/// Of x_adv - x, in units of eps.
Spread spread(const Floats &x_adv, const Floats &x) {
    Spread s;
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double d = (double{x_adv[i]} - x[i]) / eps;
        s.largest = std::max(s.largest, std::fabs(d));
        s.mean += d / double(x.size());
        s.square += d * d / double(x.size());
    }
    return s;
}

/// Uniform in +-bound: by its largest value and its second moment, bound^2 / 3.
void check_uniform(const Floats &x_adv, const Floats &x, double bound) {
    const Spread s = spread(x_adv, x);
    CHECK(s.largest <= bound * (1 + 1e-5));
    CHECK(s.largest > 0.8 * bound);
    CHECK(std::fabs(s.mean) < 0.35 * bound);
    CHECK(s.square == doctest::Approx(bound * bound / 3).epsilon(0.35));
}

/// Every value of x moved by `step` in the direction of the gradient's sign, then brought back to
/// within eps of the center and into the box.
Floats sign_step(const Floats &from, const Floats &gradient, float step, const Floats &center) {
    Floats to(from.size());
    for (std::size_t i = 0; i < from.size(); ++i) {
        const float sign = gradient[i] > 0 ? 1.0F : gradient[i] < 0 ? -1.0F : 0.0F;
        const float moved = std::clamp(from[i] + step * sign, center[i] - eps, center[i] + eps);
        to[i] = std::clamp(moved, 0.0F, 1.0F);
    }
    return to;
}

/// But for rounding.
void check_same(const Floats &a, const Floats &b) {
    CHECK(difference(a, b) < 1e-6);
}

/// Gradient by x_adv of a divergence between the outputs there and at x, by differences.
using Divergence = std::function<double(const Doubles &at_x, const Doubles &at_x_adv)>;

Doubles divergence_gradient(Training &t, const Floats &x_adv, const Divergence &divergence) {
    const Net net;
    const Floats floats = t.weights(), x = t.x();
    const Doubles w(floats.begin(), floats.end());
    Doubles g;
    for (std::size_t row = 0; row < x.size(); row += Net::d) {
        const Doubles clean = net.log_p(w, {x.data() + row, Net::d});
        Floats here(x_adv.begin() + std::ptrdiff_t(row),
                    x_adv.begin() + std::ptrdiff_t(row + Net::d));
        for (std::size_t i = 0; i < Net::d; ++i) {
            const float middle = here[i];
            const auto at = [&](float value) {
                here[i] = value;
                return divergence(clean, net.log_p(w, here));
            };
            const float up = middle + 1e-3F, down = middle - 1e-3F;
            g.push_back((at(up) - at(down)) / (double{up} - down));
            here[i] = middle;
        }
    }
    return g;
}

double forward_kl(const Doubles &at_x, const Doubles &at_x_adv) {
    return kl(at_x, at_x_adv);
}

/// The mean divergence from the outputs at x to those at x_adv.
double mean_kl(Training &t, const Floats &x_adv) {
    const Net net;
    const Floats floats = t.weights(), x = t.x();
    const Doubles w(floats.begin(), floats.end());
    double total = 0;
    for (std::size_t row = 0; row < x.size(); row += Net::d)
        total += kl(net.log_p(w, {x.data() + row, Net::d}), net.log_p(w, {&x_adv[row], Net::d}));
    return total / double(t.batch().count);
}

}  // namespace

TEST_CASE("fgsm_at: a start uniform in the ball, box or no box, and one step of 1.25 eps") {
    Training own({.method = R"({"type":"natural"})"});
    const Floats x = own.x();
    const Floats plain = points_of(R"({"type":"fgsm_at","random_start":false})");
    check_same(plain, sign_step(x, own.natural_at(x).by_x, 1.25F * eps, x));
    check_same(points_of(R"({"type":"fgsm_at","random_start":false,"step":0.5})"),
               sign_step(x, own.natural_at(x).by_x, 0.5F * eps, x));

    // A step of no length shows the start.
    const Floats start = points_of(R"({"type":"fgsm_at","clamp_start":true,"step":1e-12})");
    check_uniform(start, x, 1);
    check_same(points_of(R"({"type":"fgsm_at","clamp_start":true})"),
               sign_step(start, own.natural_at(start).by_x, 1.25F * eps, x));
}

TEST_CASE("n_fgsm: noise of twice eps, one step of eps, and no way back into the ball") {
    Training own({.method = R"({"type":"natural"})"});
    const Floats x = own.x();
    const Floats start = points_of(R"({"type":"n_fgsm","step":1e-12})");
    check_uniform(start, x, 2);
    check_uniform(points_of(R"({"type":"n_fgsm","step":1e-12,"noise":0.5})"), x, 0.5);

    const Floats g = own.natural_at(start).by_x, moved = points_of(R"({"type":"n_fgsm"})");
    Floats wanted = start;
    for (std::size_t i = 0; i < x.size(); ++i) wanted[i] += g[i] > 0 ? eps : g[i] < 0 ? -eps : 0;
    check_same(moved, wanted);
    CHECK(spread(moved, x).largest > 2);
}

TEST_CASE("trades: the attack climbs KL(p(x) || p(x + d)) from its noisy start") {
    Training own({.method = R"({"type":"natural"})"});
    const auto attacked = [](const std::string &step) {
        return points_of(
            R"({"type":"trades","attack":{"type":"pgd","steps":1,"start_noise":0.02,"step_size":)" +
            step + "}}");
    };
    const Floats start = attacked("1e-12");
    const Doubles g = divergence_gradient(own, start, forward_kl);
    check_same(attacked("0.03"), sign_step(start, Floats(g.begin(), g.end()), 0.03F, own.x()));
    CHECK(mean_kl(own, attacked("0.03")) > mean_kl(own, start));
}

TEST_CASE("smart and alum: a normal start, and a step up the symmetric divergence") {
    Training own({.method = R"({"type":"natural"})"});
    const Floats x = own.x();
    for (const auto &[method, divided] :
         {std::pair<std::string, bool>{"smart", true}, {"alum", true}, {"alum", false}}) {
        CAPTURE(method);
        const auto moved = [&](const std::string &step) {
            return points_of(R"({"type":")" + method + R"(","noise":0.02,"normalize":)" +
                             (divided ? "true" : "false") + R"(,"step_size":)" + step + "}");
        };
        const Floats start = moved("0");
        const Spread s = spread(start, x);
        CHECK(s.square == doctest::Approx(0.2 * 0.2).epsilon(0.4));
        const Doubles g = divergence_gradient(own, start, symmetric);
        const Floats there = moved("0.05");
        for (std::size_t row = 0; row < x.size(); row += Net::d) {
            double length = 0;
            for (std::size_t i = row; i < row + Net::d; ++i)
                length = std::max(length, std::fabs(g[i]));
            const double scale = divided ? 0.05 / length : 0.05;
            for (std::size_t i = row; i < row + Net::d; ++i) {
                const double wanted =
                    std::clamp(start[i] + scale * g[i], double{x[i]} - eps, double{x[i]} + eps);
                CHECK(there[i] - start[i] ==
                      doctest::Approx(std::clamp(wanted, 0.0, 1.0) - start[i])
                          .epsilon(1e-2)
                          .scale(1e-3));
            }
        }
    }
}

TEST_CASE("vat: of all points at distance eps, one where the divergence is nearly largest") {
    // The divergence's second order alone is climbed: eps is small.
    const std::string threat = R"({"norm":"l2","eps":0.02,"lower":-1,"upper":2})";
    Training own({.method = R"({"type":"natural"})"});
    const Floats x = own.x();
    const Floats there = points_of(R"({"type":"vat","xi":0.01,"iterations":20})", "x_adv", threat);
    for (std::size_t row = 0; row < x.size(); row += Net::d) {
        double square = 0;
        for (std::size_t i = row; i < row + Net::d; ++i)
            square += (double{there[i]} - x[i]) * (double{there[i]} - x[i]);
        CHECK(std::sqrt(square) == doctest::Approx(0.02).epsilon(1e-3));
    }
    const double reached = mean_kl(own, there);
    double best = 0;
    spar::Random random(1, 0);
    for (std::int64_t attempt = 0; attempt < 2000; ++attempt) {
        Floats other = x;
        for (std::size_t row = 0; row < x.size(); row += Net::d) {
            Doubles d(Net::d);
            double square = 0;
            for (std::size_t i = 0; i < Net::d; ++i) {
                d[i] = random.normal(attempt * 1000 + std::int64_t(row + i));
                square += d[i] * d[i];
            }
            for (std::size_t i = 0; i < Net::d; ++i)
                other[row + i] += static_cast<float>(0.02 * d[i] / std::sqrt(square));
        }
        best = std::max(best, mean_kl(own, other));
    }
    CHECK(reached > 1.1 * best);  // no single draw is good for all examples at once
}

TEST_CASE("grad_align: an FGSM point without a start") {
    Training own({.method = R"({"type":"natural"})"});
    const Floats x = own.x();
    check_same(points_of(R"({"type":"grad_align"})"), sign_step(x, own.natural_at(x).by_x, eps, x));
}

TEST_CASE("the start of yopo and the noise of grad_align and n_fgsm leave the box") {
    Training own({.method = R"({"type":"natural"})"});
    const std::pair<Floats, double> starts[] = {
        {points_of(R"({"type":"yopo"})", "start"), 1},
        {points_of(R"({"type":"grad_align"})", "noisy"), 1},
        {points_of(R"({"type":"n_fgsm","step":1e-12})"), 2}};
    for (const auto &[start, bound] : starts) {
        check_uniform(start, own.x(), bound);
        CHECK(std::ranges::any_of(start, [](float v) { return v < 0 || v > 1; }));
    }
    const Floats kept = points_of(R"({"type":"n_fgsm","clamp":true})");
    CHECK(std::ranges::all_of(kept, [](float v) { return v >= 0 && v <= 1; }));
}

TEST_CASE("r3f: uniform or normal noise of the size asked for") {
    Training own({.method = R"({"type":"natural"})"});
    check_uniform(points_of(R"({"type":"r3f","noise":0.05})", "noisy"), own.x(), 0.5);
    const Spread s = spread(
        points_of(R"({"type":"r3f","noise":0.05,"distribution":"normal"})", "noisy"), own.x());
    CHECK(s.square == doctest::Approx(0.25).epsilon(0.4));
    CHECK(s.largest > 0.5);
}

TEST_CASE("alum ascends: at the paper's eps the divergence grows many times over the noise's") {
    const std::string threat = R"({"norm":"linf","eps":1e-5})";
    const auto reached = [&](const std::string &steps) {
        Training t({.method = R"({"type":"alum","steps":)" + steps + "}", .threat = threat});
        t.gradients();
        return t.session().take_reports().at("divergence").first;
    };
    // A normal start clipped to the box around x is as long as it can be only in some directions.
    CHECK(reached("1") > 2 * reached("0"));
    Training t({.method = R"({"type":"alum"})", .threat = threat});
    t.gradients();
    const Floats x_adv = t.tensor("x_adv"), x = t.x();
    int at_edge = 0;
    for (std::size_t i = 0; i < x.size(); ++i)
        at_edge += std::abs(x_adv[i] - x[i]) > 0.9e-5F || x[i] == 0 || x[i] == 1 ? 1 : 0;
    CHECK(at_edge > 0.9 * double(x.size()));
}

TEST_CASE("alum and smart, per token: the largest value of every position is 1") {
    for (const std::string method : {"alum", "smart"}) {
        CAPTURE(method);
        Training t({.method = R"({"type":")" + method + R"(","limit":"per_token"})",
                    .data = R"({"type":"tiny_data","kind":"text"})",
                    .threat = R"({"norm":"linf","eps":1e-3,"space":"embedding"})"});
        t.gradients();
        spar::host::FencedMatrix x;
        t.network().embed(t.batch(), x);
        const Floats x_adv = t.tensor("x_adv");
        for (std::size_t token = 0; token < x_adv.size() / 3; ++token) {
            double largest = 0;
            for (std::size_t i = 3 * token; i < 3 * token + 3; ++i)
                largest = std::max(largest, std::fabs(double{x_adv[i]} - x.data()[i]));
            CHECK(largest == doctest::Approx(t.batch().mask[token] == 0 ? 0 : 1).epsilon(2e-3));
        }
    }
}

TEST_CASE(
    "freelb under linf: a start uniform in the ball, steps of the gradient over its largest") {
    Training t({.method = R"({"type":"freelb","steps":2,"step_size":0.05})"});
    Training own({.method = R"({"type":"natural"})"});
    t.gradients();
    const Floats start = t.tensor("start"), x = own.x();
    CHECK(spread(start, x).largest > 0.8);
    const Floats g = own.natural_at(start).by_x;
    Floats wanted = start;
    for (std::size_t row = 0; row < x.size(); row += Net::d) {
        float length = 0;
        for (std::size_t i = row; i < row + Net::d; ++i) length = std::max(length, std::abs(g[i]));
        for (std::size_t i = row; i < row + Net::d; ++i)
            wanted[i] = std::clamp(
                std::clamp(start[i] + 0.05F * g[i] / length, x[i] - eps, x[i] + eps), 0.0F, 1.0F);
    }
    CHECK(difference(t.tensor("x_adv"), wanted) < 1e-5);
}
