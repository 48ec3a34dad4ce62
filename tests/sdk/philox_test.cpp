// Philox4x32-10 against the known answers that its authors publish with Random123 (kat_vectors),
// and what is made of its words.
#include <spar/philox.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <set>
#include <vector>

using spar::PhiloxCounter;
using spar::Random;

TEST_CASE("the published known answers") {
    struct Known {
        PhiloxCounter counter;
        std::uint64_t key;
        PhiloxCounter answer;
    };
    const Known all[] = {
        {{0, 0, 0, 0}, 0, {0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8}},
        {{0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF},
         0xFFFFFFFFFFFFFFFF,
         {0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD}},
        {{0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344},  // digits of pi
         0x299F31D0A4093822,
         {0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1}},
    };
    for (const Known &known : all)
        CHECK(spar::philox4x32(known.counter, known.key) == known.answer);
}

TEST_CASE("a number depends on key, example, draw and index, and on no order") {
    Random forward(7, 3, 2), backward(7, 3, 2);
    std::vector<std::uint32_t> there, back;
    for (std::int64_t i = 0; i < 50; ++i) there.push_back(forward.word(i));
    for (std::int64_t i = 49; i >= 0; --i) back.insert(back.begin(), backward.word(i));
    CHECK(there == back);
    CHECK(Random(8, 3, 2).word(0) != there[0]);
    CHECK(Random(7, 4, 2).word(0) != there[0]);
    CHECK(Random(7, 3, 1).word(0) != there[0]);
    // The upper half of an example's number counts too, and comes back whole.
    const std::int64_t large = (std::int64_t{5} << 40) | 3;
    CHECK(Random(7, large, 2).word(0) != there[0]);
    CHECK(Random(7, large).id() == large);
    CHECK(Random(7, -1).id() == -1);
}

TEST_CASE("uniform, normal and bounded numbers have their distributions") {
    constexpr std::int64_t count = 100000;
    Random random(11, 0);
    double sum = 0, squares = 0, fourth = 0;
    std::int64_t buckets[6] = {};
    for (std::int64_t i = 0; i < count; ++i) {
        const float u = random.uniform(i);
        REQUIRE((u >= 0 && u < 1));
        sum += u;
        const std::int64_t bounded = random.below(i, 6);
        REQUIRE((bounded >= 0 && bounded < 6));
        ++buckets[bounded];
    }
    CHECK(sum / count == doctest::Approx(0.5).epsilon(0.01));
    for (const std::int64_t n : buckets) CHECK(n == doctest::Approx(count / 6.0).epsilon(0.03));
    sum = 0;
    for (std::int64_t i = 0; i < count; ++i) {
        const double z = random.normal(i);
        sum += z;
        squares += z * z;
        fourth += z * z * z * z;
    }
    CHECK(std::abs(sum / count) < 0.015);
    CHECK(squares / count == doctest::Approx(1).epsilon(0.02));
    CHECK(fourth / count == doctest::Approx(3).epsilon(0.06));
}

TEST_CASE("mixed keys are unrelated") {
    std::set<std::uint64_t> keys;
    for (std::uint64_t value = 0; value < 1000; ++value) keys.insert(spar::mix_key(1, value));
    for (std::uint64_t key = 2; key < 1000; ++key) keys.insert(spar::mix_key(key, 0));
    CHECK(keys.size() == 1998);
}
