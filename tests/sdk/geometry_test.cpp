#include <doctest/doctest.h>

#include <spar/geometry.hpp>

#include <vector>

using spar::Ball;
using spar::Random;

namespace {

Ball ball(spar_norm norm, double eps, double lower = 0, double upper = 1) {
    spar_threat threat{};
    threat.norm = norm;
    threat.eps = eps;
    threat.lower = lower;
    threat.upper = upper;
    return Ball(threat);
}

std::vector<float> numbers(std::uint64_t key, std::size_t size, float low, float high) {
    Random random(key, 0);
    std::vector<float> values(size);
    for (std::size_t i = 0; i < size; ++i)
        values[i] = random.uniform(static_cast<std::int64_t>(i), low, high);
    return values;
}

bool allowed(const Ball &b, const std::vector<float> &center, const std::vector<float> &x) {
    for (const float value : x)
        if (!(value >= b.lower && value <= b.upper)) return false;
    return b.distance(center, x) <= double{b.eps} * (1 + 1e-5) + 1e-7;
}

/// Those that measure; l0, which counts, has norms_test.cpp too.
constexpr spar_norm norms[] = {SPAR_NORM_LINF, SPAR_NORM_L2, SPAR_NORM_L1};
constexpr spar_norm every_norm[] = {SPAR_NORM_LINF, SPAR_NORM_L2, SPAR_NORM_L1, SPAR_NORM_L0};

double squared(const std::vector<float> &a, const std::vector<double> &b) {
    double total = 0;
    for (std::size_t i = 0; i < a.size(); ++i) total += (a[i] - b[i]) * (a[i] - b[i]);
    return total;
}

}  // namespace

TEST_CASE("a projected point is in ball and box, for any point and any scale of numbers") {
    for (const spar_norm norm : every_norm)
        for (const double eps : {0.0, 1e-6, 0.01, 0.3, 8.0})
            for (const double wide : {1.0, 300.0})
                for (std::uint64_t key = 0; key < 40; ++key) {
                    const float bound = static_cast<float>(wide);
                    const Ball b = ball(norm, eps, -bound, bound);
                    const auto center = numbers(key, 37 + key, -bound, bound);
                    auto x = numbers(key + 1000, 37 + key, -3 * bound, 3 * bound);
                    b.project(center, x);
                    CHECK(allowed(b, center, x));
                    auto again = x;
                    b.project(center, again);
                    CHECK(again == x);
                    if (eps == 0.0) CHECK(x == center);
                }
}

TEST_CASE("a point already in ball and box stays where it is") {
    for (const spar_norm norm : every_norm) {
        const Ball b = ball(norm, 5.0);
        const auto center = numbers(1, 20, 0, 1);
        auto x = center;
        for (std::size_t i = 0; i < 4; ++i) x[i] = 1 - x[i];
        const auto before = x;
        b.project(center, x);
        CHECK(x == before);
    }
}

TEST_CASE("numbers that are not finite end up inside") {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const float inf = std::numeric_limits<float>::infinity();
    for (const spar_norm norm : every_norm)
        for (const float strange : {nan, inf, -inf}) {
            const auto center = numbers(2, 20, 0, 1);
            const Ball b = ball(norm, 0.3);
            auto x = center;
            x[7] = strange;
            b.project(center, x);
            CHECK(allowed(b, center, x));
            auto moved = center, gradient = numbers(3, 20, -1, 1);
            gradient[5] = strange;
            b.ascend(center, gradient, 0.1F, moved);
            CHECK(allowed(b, center, moved));
        }
    const std::vector<float> good{0, 0}, bad{0, nan};
    for (const spar_norm norm : every_norm) CHECK(std::isnan(ball(norm, 1).distance(good, bad)));
}

// The nearest point by projected gradient in double precision would need the projection itself, so
// the reference walks a fine grid instead: no grid point in ball and box is nearer.
TEST_CASE("linf and l1 project to the nearest point of ball and box") {
    constexpr int steps = 40;
    for (const spar_norm norm : {SPAR_NORM_LINF, SPAR_NORM_L1})
        for (std::uint64_t key = 0; key < 60; ++key) {
            const auto center = numbers(key, 3, 0, 1);
            const auto start = numbers(key + 77, 3, -1, 2);
            const Ball b = ball(norm, 0.5);
            auto x = start;
            b.project(center, x);
            const double mine = squared(start, {x[0], x[1], x[2]});
            double best = 1e9;
            for (int i = 0; i <= steps; ++i)
                for (int j = 0; j <= steps; ++j)
                    for (int k = 0; k <= steps; ++k) {
                        const std::vector<double> p{i / double{steps}, j / double{steps},
                                                    k / double{steps}};
                        double l1 = 0, linf = 0;
                        for (std::size_t d = 0; d < 3; ++d) {
                            l1 += std::fabs(p[d] - center[d]);
                            linf = std::max(linf, std::fabs(p[d] - center[d]));
                        }
                        if ((norm == SPAR_NORM_L1 ? l1 : linf) <= 0.5)
                            best = std::min(best, squared(start, p));
                    }
            CHECK(mine <= best + 1e-6);
        }
}

TEST_CASE("l1 projection against the sorted breakpoints written out") {
    for (std::uint64_t key = 0; key < 50; ++key) {
        const std::size_t size = 64;
        const auto center = numbers(key, size, 0, 1);
        const auto start = numbers(key + 5, size, -1, 2);
        const double eps = 3;
        std::vector<double> length(size), room(size), breaks;
        for (std::size_t i = 0; i < size; ++i) {
            length[i] = std::fabs(double{start[i]} - center[i]);
            room[i] = start[i] > center[i] ? 1.0 - center[i] : double{center[i]};
            breaks.push_back(length[i]);
            breaks.push_back(std::max(0.0, length[i] - room[i]));
        }
        std::sort(breaks.begin(), breaks.end());
        const auto sum = [&](double t) {
            double total = 0;
            for (std::size_t i = 0; i < size; ++i)
                total += std::min(std::max(length[i] - t, 0.0), room[i]);
            return total;
        };
        std::size_t piece = 1;
        while (sum(breaks[piece]) > eps) ++piece;
        const double a = breaks[piece - 1], c = breaks[piece];
        const double t = a + (sum(a) - eps) / (sum(a) - sum(c)) * (c - a);
        auto x = start;
        ball(SPAR_NORM_L1, eps).project(center, x);
        for (std::size_t i = 0; i < size; ++i) {
            const double move = std::min(std::max(length[i] - t, 0.0), room[i]);
            CHECK(std::fabs(x[i] - center[i]) == doctest::Approx(move).epsilon(1e-5).scale(1e-2));
        }
    }
}

TEST_CASE("l2 projects along the ray, then onto the box") {
    const Ball b = ball(SPAR_NORM_L2, 0.5);
    std::vector<float> center{0.5F, 0.9F}, x{1.5F, 0.9F};
    b.project(center, x);
    CHECK(x[0] == doctest::Approx(1.0));
    x = {0.5F, 3.0F};
    b.project(center, x);
    CHECK(x == std::vector<float>{0.5F, 1.0F});
}

TEST_CASE("random points fill the ball and obey the box") {
    for (const spar_norm norm : norms) {
        const std::size_t size = 5;
        const Ball wide = ball(norm, 2, -100, 100);
        const std::vector<float> center(size, 0.25F);
        std::vector<float> x(size);
        int inner = 0;
        double mean = 0;
        constexpr int draws = 20000;
        for (int i = 0; i < draws; ++i) {
            wide.random_point(center, Random(9, i), x);
            REQUIRE(allowed(wide, center, x));
            inner += wide.distance(center, x) <= 1.5 ? 1 : 0;
            mean += x[3] - center[3];
        }
        // The ball of 3/4 of the radius holds (3/4)^5 = 0.2373 of the volume.
        CHECK(inner / double{draws} == doctest::Approx(0.2373).epsilon(0.05));
        CHECK(std::fabs(mean / draws) < 0.03);
        const Ball b = ball(norm, 2);
        b.random_point(center, Random(9, 4), x);
        CHECK(allowed(b, center, x));
    }
}

TEST_CASE("steepest directions have length 1 and follow the gradient") {
    std::vector<float> gradient{0.0F, -3.0F, 4.0F, 0.0F}, direction(4);
    ball(SPAR_NORM_LINF, 1).steepest(gradient, direction);
    CHECK(direction == std::vector<float>{0, -1, 1, 0});
    ball(SPAR_NORM_L2, 1).steepest(gradient, direction);
    CHECK(direction[1] == doctest::Approx(-0.6));
    CHECK(direction[2] == doctest::Approx(0.8));
    ball(SPAR_NORM_L1, 1).steepest(gradient, direction);
    CHECK(direction == std::vector<float>{0, 0, 1, 0});
    const auto long_one = numbers(4, 450, -1, 1);
    std::vector<float> shares(450);
    ball(SPAR_NORM_L1, 1).steepest(long_one, shares);
    CHECK(std::count(shares.begin(), shares.end(), 0.0F) == 445);
    CHECK(spar::norm_l1(shares) == doctest::Approx(1));
    for (const spar_norm norm : norms) {
        std::vector<float> zero(7, 0.0F);
        ball(norm, 1).steepest(zero, zero);
        CHECK(zero == std::vector<float>(7, 0.0F));
    }
}

TEST_CASE("ascend is a step in the steepest direction and a projection") {
    for (const spar_norm norm : norms)
        for (std::uint64_t key = 0; key < 20; ++key) {
            const Ball b = ball(norm, 0.4);
            const auto center = numbers(key, 30, 0.3F, 0.7F),
                       gradient = numbers(key + 1, 30, -1, 1);
            auto x = center;
            std::vector<float> direction(30);
            b.ascend(center, gradient, 0.15F, x);
            b.steepest(gradient, direction);
            auto written_out = center;
            for (std::size_t i = 0; i < 30; ++i) written_out[i] += 0.15F * direction[i];
            b.project(center, written_out);
            for (std::size_t i = 0; i < 30; ++i)
                CHECK(x[i] == doctest::Approx(written_out[i]).epsilon(1e-6));
            if (norm == SPAR_NORM_LINF) CHECK(x == written_out);
        }
}

TEST_CASE("under l1 an entry that the box stops leaves its share to the next") {
    const Ball b = ball(SPAR_NORM_L1, 1);
    const std::vector<float> center{1.0F, 0.5F, 0.5F}, gradient{5.0F, 2.0F, -1.0F};
    auto x = center;
    b.ascend(center, gradient, 0.25F, x);
    CHECK(x == std::vector<float>{1.0F, 0.75F, 0.5F});
}

TEST_CASE("the largest entries, with ties by index") {
    const std::vector<float> values{1, -3, 3, 0, 2, 3};
    std::vector<std::size_t> taken;
    const auto none = [](std::size_t) { return false; };
    const auto take = [&](std::size_t i) { taken.push_back(i); };
    spar::l1::largest(values, 2, none, take);
    CHECK(taken == std::vector<std::size_t>{1, 2});
    taken.clear();
    spar::l1::largest(values, 6, none, take);
    CHECK(taken == std::vector<std::size_t>{0, 1, 2, 4, 5});
}
