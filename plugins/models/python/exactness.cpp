#include "exactness.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>

namespace python {
namespace {

std::string share(double value) {
    char text[64];
    std::snprintf(text, sizeof text, "differ by up to %.1e of the largest", value);
    return text;
}

}  // namespace

double difference(const std::vector<float> &a, const std::vector<float> &b) {
    if (a.size() != b.size()) return std::numeric_limits<double>::infinity();
    if (std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0) return 0;
    double largest = 0, apart = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double one = a[i], other = b[i];
        if (!std::isfinite(one) || !std::isfinite(other))
            return std::numeric_limits<double>::infinity();
        largest = std::max(largest, std::abs(one));
        apart = std::max(apart, std::abs(one - other));
    }
    return apart == 0 ? 0 : apart / std::max(largest, double{std::numeric_limits<float>::min()});
}

std::string Exactness::text() const {
    const std::string repeats = repeated == 0 ? "are the same bits" : share(repeated);
    const std::string halves = halved == 0 ? "the same bits" : share(halved);
    return "outputs and gradients of a batch of " + std::to_string(rows) + " examples " + repeats +
           " when it is repeated, and " + halves + " when it is passed in halves";
}

Exactness compare(std::int64_t rows, const Numbers &first, const Numbers &again,
                  const Numbers &halves) {
    const auto both = [&](const Numbers &other) {
        return std::max(difference(first.outputs, other.outputs),
                        difference(first.gradients, other.gradients));
    };
    return {rows, both(again), both(halves)};
}

}  // namespace python
