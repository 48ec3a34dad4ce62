// Kernels by themselves, for every instruction set there is.
#include "every_table.hpp"

#include <spar/philox.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>

using namespace sequential;
using spar::test::tables;

TEST_CASE("dropout's random numbers, many at a time, are those of spar::Random") {
    const std::uint64_t key = 0x123456789ABCDEF0;
    const std::int64_t id = -7;
    for (const Kernels *table : tables())
        for (const std::int64_t count : {1, 3, 4, 63, 64, 65, 300}) {
            CAPTURE(table->block);
            CAPTURE(count);
            std::vector<float> factors(static_cast<std::size_t>(count) + 1, -1.0F);
            table->keep_factors({key, static_cast<std::uint64_t>(id), 5, 1 << 16}, 0.3F, 1.5F,
                                count, factors.data());
            spar::Random random(key, id, 5);
            for (std::int64_t i = 0; i < count; ++i)
                CHECK(factors[static_cast<std::size_t>(i)] ==
                      (random.uniform((1 << 16) + i) >= 0.3F ? 1.5F : 0.0F));
            CHECK(factors.back() == -1.0F);
        }
}

TEST_CASE("the gradient of a product's weights is the sum over lines") {
    const auto number = [](std::int64_t i) {
        return static_cast<float>(i * 7919 % 1009) / 1009 - 0.4F;
    };
    for (const Kernels *table : tables())
        for (const auto &[in, out, lines] :
             {std::array<std::int64_t, 3>{70, 37, 230}, {128, 16, 96}, {5, 1, 1}, {300, 50, 97}}) {
            CAPTURE(table->block);
            CAPTURE(in);
            const std::int64_t width = 4 * table->block;
            const std::int64_t x_panel = lines * width + 3, g_panel = lines * kept_outs + 5;
            std::vector<float> x(static_cast<std::size_t>((in + width) / width * x_panel + width)),
                g(static_cast<std::size_t>((out + kept_outs) / kept_outs * g_panel + kept_outs));
            for (std::int64_t line = 0; line < lines; ++line) {
                for (std::int64_t i = 0; i < in; ++i)
                    x[static_cast<std::size_t>(i / width * x_panel + line * width + i % width)] =
                        number(line * in + i);
                for (std::int64_t o = 0; o < out; ++o)
                    g[static_cast<std::size_t>(o / kept_outs * g_panel + line * kept_outs +
                                               o % kept_outs)] = number(3 + line * out + o);
            }
            const std::int64_t stride = (in + table->block - 1) / table->block * table->block;
            std::vector<float> sums(static_cast<std::size_t>(out * stride), 1e9F);
            for (std::int64_t first = 0; first < in; first += width)
                table->product_gradient({.in = in, .out = out, .activation = false, .slope = 1},
                                        {x.data(), g.data(), x_panel, g_panel}, lines, first,
                                        std::min(first + width, in), sums.data());
            for (std::int64_t o = 0; o < out; ++o)
                for (std::int64_t i = 0; i < in; ++i) {
                    double expected = 0;
                    for (std::int64_t line = 0; line < lines; ++line)
                        expected += double{number(line * in + i)} * number(3 + line * out + o);
                    CHECK(std::abs(sums[static_cast<std::size_t>(o * stride + i)] - expected) <
                          1e-4);
                }
        }
}
