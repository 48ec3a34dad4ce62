// Each norm against its definition, written out in double; and l0, whose projection is tried
// against every subset of a small example and against the program of its authors.
#include <doctest/doctest.h>

#include <spar/fit.hpp>
#include <spar/geometry.hpp>

#include <vector>

using spar::Ball;
using spar::Random;

namespace {

using Floats = std::vector<float>;
const std::vector<std::int64_t> image{3, 2, 3};  // 18 values, 6 pixels
constexpr std::size_t values = 18, pixels = 6;

Ball ball(spar_norm norm, double eps, spar_group group = SPAR_GROUP_NONE, double lower = 0,
          double upper = 1) {
    spar_threat threat{};
    threat.norm = norm;
    threat.eps = eps;
    threat.lower = lower;
    threat.upper = upper;
    threat.group = group;
    return Ball(threat, image);
}

Floats numbers(std::uint64_t key, std::size_t size, float low, float high) {
    Random random(key, 0);
    Floats all(size);
    for (std::size_t i = 0; i < size; ++i)
        all[i] = random.uniform(static_cast<std::int64_t>(i), low, high);
    return all;
}

/// How many groups differ: `count` of them, value i in group i % count.
std::size_t changed(const Floats &a, const Floats &b, std::size_t count) {
    std::vector<bool> differs(count);
    for (std::size_t i = 0; i < a.size(); ++i)
        if (a[i] != b[i]) differs[i % count] = true;
    return static_cast<std::size_t>(std::count(differs.begin(), differs.end(), true));
}

double squared(const Floats &a, const Floats &b) {
    double total = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        total += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
    return total;
}

std::size_t groups_of(spar_group group) {
    return group == SPAR_GROUP_PIXEL ? pixels : values;
}

}  // namespace

TEST_CASE("distance, length, dual and diameter are what the norm's definition says") {
    for (std::uint64_t key = 0; key < 20; ++key) {
        const Floats a = numbers(key, values, -2, 2);
        Floats b = numbers(key + 50, values, -2, 2);
        for (std::size_t i = key % 5; i < values; i += 3) b[i] = a[i];
        Floats difference(values);
        double sum = 0, squares = 0, largest = 0, sum_a = 0, squares_a = 0, largest_a = 0;
        for (std::size_t i = 0; i < values; ++i) {
            difference[i] = a[i] - b[i];
            const double d = std::fabs(double{a[i]} - double{b[i]}), v = std::fabs(double{a[i]});
            sum += d, squares += d * d, largest = std::max(largest, d);
            sum_a += v, squares_a += v * v, largest_a = std::max(largest_a, v);
        }
        const auto is = [&](spar_norm norm, double distance, double length, double dual,
                            double diameter) {
            const Ball b1 = ball(norm, 1, SPAR_GROUP_NONE, -1, 2);
            CHECK(b1.distance(a, b) == doctest::Approx(distance).epsilon(1e-12));
            CHECK(b1.length(a) == doctest::Approx(length).epsilon(1e-12));
            CHECK(b1.dual(a) == doctest::Approx(dual).epsilon(1e-12));
            CHECK(b1.diameter(values) == doctest::Approx(diameter));
        };
        is(SPAR_NORM_LINF, largest, largest_a, sum_a, 3);
        is(SPAR_NORM_L2, std::sqrt(squares), std::sqrt(squares_a), std::sqrt(squares_a),
           3 * std::sqrt(18.0));
        is(SPAR_NORM_L1, sum, sum_a, largest_a, 54);
        is(SPAR_NORM_L0, static_cast<double>(changed(a, b, values)), 18, largest_a, 18);

        const Ball whole = ball(SPAR_NORM_L0, 1, SPAR_GROUP_PIXEL);
        CHECK(whole.distance(a, b) == static_cast<double>(changed(a, b, pixels)));
        CHECK(whole.diameter(values) == 6);
        double steepest = 0;
        for (std::size_t p = 0; p < pixels; ++p)
            steepest = std::max(steepest, std::fabs(double{a[p]}) + std::fabs(double{a[p + 6]}) +
                                              std::fabs(double{a[p + 12]}));
        CHECK(whole.dual(a) == doctest::Approx(steepest));
    }
}

TEST_CASE("under l0 changed means other bits, and 0 is -0") {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const float inf = std::numeric_limits<float>::infinity();
    const Ball b = ball(SPAR_NORM_L0, 1);
    const Floats zero{0.0F, 1.0F}, minus{-0.0F, 1.0F}, least{1e-45F, std::nextafter(1.0F, 2.0F)};
    CHECK(b.distance(zero, minus) == 0);
    CHECK(b.distance(zero, least) == 2);
    CHECK(std::isnan(b.distance(zero, Floats{0.0F, nan})));
    CHECK(b.distance(zero, Floats{inf, -inf}) == 2);
    CHECK(b.limit() == 1);  // a count is not rounded
    CHECK(ball(SPAR_NORM_L0, 2.9).limit() == 2);
    CHECK(ball(SPAR_NORM_LINF, 2.9).limit() > 2.9);
}

TEST_CASE("l0 projects to the nearest point of ball and box: no subset of groups does better") {
    for (const spar_group group : {SPAR_GROUP_NONE, SPAR_GROUP_PIXEL})
        for (std::uint64_t key = 0; key < 12; ++key) {
            // 12 values and a pixel of three of them would be an image of its own; 18 are few too.
            const std::size_t count = groups_of(group);
            const auto most = static_cast<std::size_t>(key % 4);
            const Ball b = ball(SPAR_NORM_L0, static_cast<double>(most), group);
            Floats center = numbers(key, values, -0.3F, 1.3F);
            b.clamp(center);
            const Floats start = numbers(key + 9, values, -1, 2);
            Floats x = start;
            b.project(center, x);
            CHECK(changed(center, x, count) <= most);
            double best = 1e9;
            for (std::uint32_t subset = 0; subset < (1U << count); ++subset) {
                if (static_cast<std::size_t>(std::popcount(subset)) > most) continue;
                Floats point = center;
                for (std::size_t i = 0; i < values; ++i)
                    if ((subset >> (i % count) & 1U) != 0) point[i] = b.clamped(start[i]);
                best = std::min(best, squared(start, point));
            }
            CHECK(squared(start, x) == doctest::Approx(best).epsilon(1e-12));
            const Floats before = x;
            b.project(center, x);
            CHECK(x == before);
        }
}

// The numbers are what project_L0_box of github.com/fra31/sparse-imperceivable-attacks made of
// these images of three channels (here consecutive) and k pixels.
TEST_CASE("l0 projects pixels as the authors' program does") {
    struct Case {
        double k;
        Floats center, x, projected;
    };
    const Case cases[] = {{1,
                           {0.62F, 0.94F, 0.03F, 0.65F, 0.47F, 0.57F, 0.74F, 0.74F, 0.47F, 0.90F,
                            0.25F, 0.01F, 0.80F, 0.92F, 0.94F, 0.11F, 0.54F, 0.22F},
                           {-0.16F, -0.52F, 0.85F, 1.61F, 1.95F, 1.88F, 1.75F, 1.39F, -0.62F,
                            -0.37F, 1.62F, 0.62F, 1.30F, -0.58F, -0.99F, -0.35F, -0.13F, 1.03F},
                           {0.62F, 0.94F, 0.85F, 0.65F, 0.47F, 0.57F, 0.74F, 0.74F, 0.00F, 0.90F,
                            0.25F, 0.01F, 0.80F, 0.92F, 0.00F, 0.11F, 0.54F, 0.22F}},
                          {2,
                           {0.20F, 0.97F, 0.36F, 0.07F, 0.00F, 0.31F, 0.94F, 0.89F, 0.17F, 0.30F,
                            0.68F, 0.82F, 0.69F, 0.30F, 0.15F, 0.60F, 0.34F, 0.48F},
                           {-0.05F, -0.83F, 1.25F, 1.36F, -0.97F, 1.87F, 0.44F, 1.93F, 1.53F, 0.10F,
                            -0.86F, -0.41F, 1.11F, -0.93F, -0.95F, 0.74F, -0.46F, 1.27F},
                           {0.20F, 0.00F, 0.36F, 0.07F, 0.00F, 1.00F, 0.94F, 1.00F, 0.17F, 0.30F,
                            0.68F, 0.00F, 0.69F, 0.00F, 0.15F, 0.60F, 0.34F, 1.00F}},
                          {3,
                           {0.93F, 0.35F, 0.11F, 0.86F, 0.09F, 0.92F, 0.94F, 0.52F, 0.75F, 0.04F,
                            0.34F, 0.34F, 0.34F, 0.78F, 0.80F, 0.95F, 0.61F, 0.92F},
                           {0.64F, -0.47F, 1.07F, -0.85F, 0.22F, 1.48F, -0.06F, -0.77F, 1.99F,
                            1.96F, -0.29F, 0.37F, -0.05F, -0.55F, -0.52F, 0.60F, 0.78F, 0.27F},
                           {0.93F, 0.00F, 1.00F, 0.00F, 0.09F, 0.92F, 0.94F, 0.00F, 1.00F, 1.00F,
                            0.34F, 0.34F, 0.34F, 0.00F, 0.00F, 0.60F, 0.61F, 0.92F}}};
    for (const Case &one : cases) {
        Floats x = one.x;
        ball(SPAR_NORM_L0, one.k, SPAR_GROUP_PIXEL).project(one.center, x);
        for (std::size_t i = 0; i < values; ++i) CHECK(x[i] == doctest::Approx(one.projected[i]));
    }
}

TEST_CASE("what l0 leaves out is clean to the bit, and so is what is no number") {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const Ball b = ball(SPAR_NORM_L0, 2, SPAR_GROUP_PIXEL);
    const Floats center = numbers(3, values, 0, 1);
    for (const float strange : {nan, std::numeric_limits<float>::infinity()}) {
        Floats x = numbers(4, values, -1, 2);
        x[1] = x[8] = strange;  // pixels 1 and 2
        b.project(center, x);
        CHECK(changed(center, x, pixels) == 2);
        for (const std::size_t i : {1, 7, 13, 2, 8, 14}) CHECK(x[i] == center[i]);
    }
    Floats x = center;
    b.ascend(center, Floats(values, nan), 1, x);
    CHECK(x == center);
    const Floats even(values, 0.5F);  // of equal gains the first ones
    Floats wanted = even;
    for (const std::size_t i : {0, 6, 12, 1, 7, 13}) wanted[i] = 1;
    x.assign(values, 2.0F);
    b.project(even, x);
    CHECK(x == wanted);
}

TEST_CASE("a step under l0 is the gradient over its l1 norm, then projected") {
    const Ball b = ball(SPAR_NORM_L0, 2);
    Floats gradient(values, 0.0F), direction(values);
    gradient[4] = 3, gradient[9] = -1;
    b.steepest(gradient, direction);
    CHECK(direction[4] == 0.75F);
    CHECK(direction[9] == -0.25F);
    const Floats center(values, 0.5F);
    Floats x = center;
    x[0] = 0.9F, x[1] = 0.6F;  // the ball is full
    b.ascend(center, gradient, 1, x);
    Floats wanted = center;
    wanted[4] = 1, wanted[0] = 0.9F;  // a gain of 1/2 (2 * 3/4 - 1/2), one of 0.4^2; 1/16 is less
    CHECK(x == wanted);
}

TEST_CASE("random points under l0 change eps groups, each as often, to values all over the box") {
    for (const spar_group group : {SPAR_GROUP_NONE, SPAR_GROUP_PIXEL}) {
        const std::size_t count = groups_of(group);
        const Ball b = ball(SPAR_NORM_L0, 2, group);
        const Floats center(values, 0.25F);
        std::vector<int> hits(values);
        double sum = 0, squares = 0;
        int drawn = 0;
        constexpr int draws = 9000;
        Floats x(values);
        for (int draw = 0; draw < draws; ++draw) {
            b.random_point(center, Random(7, draw), x);
            REQUIRE(changed(center, x, count) == 2);
            for (std::size_t i = 0; i < values; ++i) {
                if (x[i] == center[i]) continue;
                ++hits[i];
                ++drawn;
                sum += x[i];
                squares += double{x[i]} * x[i];
            }
        }
        for (const int number : hits)
            CHECK(number ==
                  doctest::Approx(draws * 2.0 / static_cast<double>(count)).epsilon(0.12));
        CHECK(sum / drawn == doctest::Approx(0.5).epsilon(0.02));
        CHECK(squares / drawn == doctest::Approx(1.0 / 3).epsilon(0.02));
    }
    Floats x(values);
    const Floats center(values, 0.25F);
    ball(SPAR_NORM_L0, 2).without_box().random_point(center, Random(7, 0), x);
    CHECK(x == center);  // there is no uniform value
}

TEST_CASE("an unknown norm or group is an error everywhere") {
    const Ball unknown = ball(7, 1);
    const Floats a(values), b(values);
    Floats x(values);
    CHECK_THROWS_AS(unknown.distance(a, b), spar::Error);
    CHECK_THROWS_AS(unknown.length(a), spar::Error);
    CHECK_THROWS_AS(unknown.dual(a), spar::Error);
    CHECK_THROWS_AS(unknown.project(a, x), spar::Error);
    CHECK_THROWS_AS(unknown.random_point(a, Random(1, 1), x), spar::Error);
    CHECK_THROWS_AS(unknown.steepest(a, x), spar::Error);
    CHECK_THROWS_AS(unknown.ascend(a, b, 1, x), spar::Error);
    CHECK_THROWS_AS(spar::norms::word(7), spar::Error);
    CHECK_THROWS_AS(ball(SPAR_NORM_L0, 1, 9), spar::Error);
    spar_threat threat{};
    threat.norm = SPAR_NORM_L0;
    threat.group = SPAR_GROUP_PIXEL;
    CHECK_THROWS_AS(Ball(threat, std::vector<std::int64_t>{18}), spar::Error);
}

TEST_CASE("what an attack does not say that it takes is refused") {
    spar_threat threat{};
    const auto fits = [&](const spar::Fit &fit, spar_norm norm, spar_group group) {
        threat.norm = norm;
        threat.group = group;
        try {
            fit.require(threat);
            return std::string();
        } catch (const spar::Error &e) {
            CHECK(e.code() == SPAR_E_UNSUPPORTED);
            return std::string(e.what());
        }
    };
    for (const spar_norm norm : {SPAR_NORM_LINF, SPAR_NORM_L2, SPAR_NORM_L1})
        CHECK(fits({}, norm, SPAR_GROUP_NONE).empty());
    CHECK(fits({}, SPAR_NORM_L0, SPAR_GROUP_NONE) ==
          "works under the norms linf, l1 and l2, and the threat's norm is l0");
    CHECK(fits({.norms = {SPAR_NORM_L0}}, SPAR_NORM_L0, SPAR_GROUP_PIXEL) ==
          "changes single values, and the threat counts whole pixels");
    CHECK(fits(spar::Fit::any(), SPAR_NORM_L0, SPAR_GROUP_PIXEL).empty());
    CHECK_FALSE(fits(spar::Fit::any(), SPAR_NORM_L0, 9).empty());
    CHECK_FALSE(fits(spar::Fit::any(), 7, SPAR_GROUP_NONE).empty());
}
