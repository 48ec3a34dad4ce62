// A ball for every token: each token is treated as if it were an example of its own.
#include <doctest/doctest.h>

#include <spar/fit.hpp>
#include <spar/geometry.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

using spar::Ball;
using spar::Random;

namespace {

using Floats = std::vector<float>;
constexpr std::size_t length = 5, width = 7, values = length * width;

spar_threat threat(spar_norm norm, double eps, spar_group group = SPAR_GROUP_TOKEN) {
    spar_threat threat{};
    threat.norm = norm;
    threat.eps = eps;
    threat.lower = -std::numeric_limits<double>::infinity();
    threat.upper = std::numeric_limits<double>::infinity();
    threat.space = SPAR_SPACE_EMBEDDING;
    threat.group = group;
    return threat;
}

Ball whole(spar_norm norm, double eps) {
    return Ball(threat(norm, eps), std::vector<std::int64_t>{length, width});
}
Ball single(spar_norm norm, double eps) {
    return Ball(threat(norm, eps, SPAR_GROUP_NONE));
}

Floats numbers(std::uint64_t key, float reach) {
    Random random(key, 0);
    Floats all(values);
    for (std::size_t i = 0; i < values; ++i)
        all[i] = random.uniform(static_cast<std::int64_t>(i), -reach, reach);
    return all;
}

std::span<float> token(Floats &all, std::size_t t) {
    return {all.data() + t * width, width};
}
Floats token_of(const Floats &all, std::size_t t) {
    return {all.begin() + std::ptrdiff_t(t * width), all.begin() + std::ptrdiff_t((t + 1) * width)};
}

constexpr spar_norm norms[] = {SPAR_NORM_LINF, SPAR_NORM_L2, SPAR_NORM_L1};

}  // namespace

TEST_CASE("a distance is the largest of any token, and NaN anywhere is NaN") {
    for (const spar_norm norm : norms) {
        CAPTURE(norm);
        const Floats a = numbers(1, 1), b = numbers(2, 1);
        double largest = 0, total_dual = 0, longest = 0;
        for (std::size_t t = 0; t < length; ++t) {
            const Ball one = single(norm, 1);
            largest = std::max(largest, one.distance(token_of(a, t), token_of(b, t)));
            longest = std::max(longest, one.length(token_of(a, t)));
            total_dual += one.dual(token_of(a, t));
        }
        CHECK(whole(norm, 1).distance(a, b) == largest);
        CHECK(whole(norm, 1).length(a) == longest);
        CHECK(whole(norm, 1).dual(a) == doctest::Approx(total_dual));
        for (const std::size_t at : {std::size_t{0}, values - 1}) {
            Floats broken = a;
            broken[at] = std::numeric_limits<float>::quiet_NaN();
            CHECK(std::isnan(whole(norm, 1).distance(broken, b)));
        }
    }
    CHECK(whole(SPAR_NORM_L2, 2).limit() == single(SPAR_NORM_L2, 2).limit());
}

TEST_CASE("projection, direction and step of a token are those of an example of its size") {
    for (const spar_norm norm : norms) {
        CAPTURE(norm);
        const Floats center = numbers(3, 1), gradient = numbers(4, 2);
        const Ball all = whole(norm, 0.3), one = single(norm, 0.3);
        Floats projected = numbers(5, 2), steepest(values), ascended = center;
        Floats wanted = projected, wanted_steepest(values), wanted_ascended = center;
        all.project(center, projected);
        all.steepest(gradient, steepest);
        all.ascend(center, gradient, 0.2F, ascended);
        for (std::size_t t = 0; t < length; ++t) {
            one.project(token_of(center, t), token(wanted, t));
            one.steepest(token_of(gradient, t), token(wanted_steepest, t));
            one.ascend(token_of(center, t), token_of(gradient, t), 0.2F, token(wanted_ascended, t));
            CHECK(one.distance(token_of(center, t), token_of(projected, t)) <= one.limit());
            CHECK(one.distance(token_of(center, t), token_of(ascended, t)) ==
                  doctest::Approx(0.2).epsilon(1e-5));
        }
        CHECK(projected == wanted);
        CHECK(steepest == wanted_steepest);
        CHECK(ascended == wanted_ascended);
        CHECK(single(norm, 0.3).distance(center, projected) >
              (norm == SPAR_NORM_LINF ? 0.29 : 0.31));  // more than one ball of the example holds
    }
}

TEST_CASE("random points fill the ball of each token, with numbers of its own") {
    for (const spar_norm norm : norms) {
        CAPTURE(norm);
        const Floats center(values, 0.5F);
        Floats x(values);
        double reach = 0;
        for (int draw = 0; draw < 200; ++draw) {
            whole(norm, 0.3).random_point(center, Random(9, draw), x);
            for (std::size_t t = 0; t < length; ++t) {
                const double d = single(norm, 0.3).distance(token_of(center, t), token_of(x, t));
                REQUIRE(d <= single(norm, 0.3).limit());
                reach = std::max(reach, d);
                if (t > 0) REQUIRE(token_of(x, t) != token_of(x, 0));
            }
        }
        CHECK(reach > 0.29);
    }
}

TEST_CASE("tokens need a text and a norm that measures; components say that they take them") {
    const auto ball = [](spar_norm norm, const std::vector<std::int64_t> &shape) {
        return Ball(threat(norm, 1), shape);
    };
    CHECK_THROWS_AS(ball(SPAR_NORM_L2, {values}), spar::Error);
    CHECK_THROWS_AS(ball(SPAR_NORM_L2, {5, 7, 1}), spar::Error);
    CHECK_THROWS_AS(ball(SPAR_NORM_L0, {5, 7}), spar::Error);
    CHECK_THROWS_AS(spar::Fit().require(threat(SPAR_NORM_L2, 1)), spar::Error);
    CHECK_THROWS_AS(spar::Fit{.pixels = true}.require(threat(SPAR_NORM_L2, 1)), spar::Error);
    CHECK_NOTHROW(spar::Fit{.tokens = true}.require(threat(SPAR_NORM_L2, 1)));
    CHECK_NOTHROW(spar::Fit::any().require(threat(SPAR_NORM_L2, 1)));
}
