// Sums, norms and softmax against plain loops in long double, at the edges of float too.
#include <spar/math.hpp>
#include <spar/philox.hpp>

#include <doctest/doctest.h>

#include <vector>

namespace {

using Floats = std::vector<float>;

Floats random_values(std::size_t count, float size) {
    Floats values(count);
    spar::Random random(3, 1);
    for (std::size_t i = 0; i < count; ++i)
        values[i] = size * random.normal(static_cast<std::int64_t>(i));
    return values;
}

constexpr float infinity = std::numeric_limits<float>::infinity();

}  // namespace

TEST_CASE("norms and products of every length up to forty") {
    for (std::size_t count = 0; count <= 40; ++count) {
        CAPTURE(count);
        const Floats a = random_values(count, 2), b = random_values(count + 1, 3);
        long double squares = 0, sum = 0, product = 0, largest = 0;
        for (std::size_t i = 0; i < count; ++i) {
            squares += static_cast<long double>(a[i]) * a[i];
            sum += std::fabs(static_cast<long double>(a[i]));
            product += static_cast<long double>(a[i]) * b[i + 1];
            largest = std::max(largest, std::fabs(static_cast<long double>(a[i])));
        }
        const auto near = [](long double value) {
            return doctest::Approx(static_cast<double>(value)).epsilon(1e-14);
        };
        CHECK(spar::norm_l2(a) == near(std::sqrt(squares)));
        CHECK(spar::norm_l1(a) == near(sum));
        CHECK(spar::norm_linf(a) == static_cast<double>(largest));
        CHECK(spar::dot(a, std::span(b).subspan(1)) == near(product));
    }
}

TEST_CASE("sums of squares beyond the range of float are numbers") {
    const Floats large(100, 3e38F), small(100, 1e-45F);
    CHECK(spar::norm_l2(large) == doctest::Approx(10 * 3e38).epsilon(1e-6));
    CHECK(spar::norm_l2(small) > 0);
    CHECK(spar::norm_linf(Floats{}) == 0);
}

TEST_CASE("the first of equal values is the largest") {
    CHECK(spar::argmax(Floats{1, 3, 3, 2}) == 1);
    CHECK(spar::argmax_except(Floats{1, 3, 3, 2}, 1) == 2);
    CHECK(spar::argmax_except(Floats{5, 3, 3}, 0) == 1);
    CHECK(spar::argmax_except(Floats{5}, 0) == -1);
}

TEST_CASE("softmax and the logarithm of its sum, far from zero and with infinite outputs") {
    const Floats z{1000, 1001, 998};
    const double wanted = 1001 + std::log(std::exp(-1.0) + 1 + std::exp(-3.0));
    CHECK(spar::log_sum_exp(z) == doctest::Approx(wanted).epsilon(1e-14));
    Floats p(3);
    spar::softmax(z, p);
    CHECK(p[0] + p[1] + p[2] == doctest::Approx(1).epsilon(1e-6));
    CHECK(p[1] / p[0] == doctest::Approx(std::exp(1.0)).epsilon(1e-6));
    CHECK(spar::log_sum_exp(Floats{-infinity, 2}) == 2);
    CHECK(spar::log_sum_exp(Floats{infinity, 2}) == double{infinity});
    CHECK(spar::log_sum_exp(Floats{-infinity, -infinity}) == -double{infinity});
}
