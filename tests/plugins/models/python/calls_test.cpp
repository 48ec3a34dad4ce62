// The calls of the contract on functions of plain Python: numbers, tapes, parameters, the process.
#include "fixture.hpp"

#include <sys/types.h>
#include <chrono>
#include <cmath>
#include <csignal>
#include <sstream>

using namespace fixture;

namespace {

constexpr double w[2][3] = {{1, 2, 3}, {-1, 0.5, 4}};

/// The outputs of `squares`, and the gradient at x, in double.
void check_squares(const Floats &x, const Floats &cotangent, const Values &found,
                   double scale = 1) {
    for (std::size_t r = 0; r < x.size() / 3; ++r) {
        for (std::size_t k = 0; k < 2; ++k) {
            double sum = 0;
            for (std::size_t i = 0; i < 3; ++i) sum += scale * w[k][i] * std::pow(x[r * 3 + i], 2);
            if (!found.outputs.empty())
                CHECK(found.outputs[r * 2 + k] == doctest::Approx(sum).epsilon(1e-5));
        }
        for (std::size_t i = 0; i < 3; ++i) {
            double sum = 0;
            for (std::size_t k = 0; k < 2; ++k)
                sum += cotangent[r * 2 + k] * scale * w[k][i] * 2 * x[r * 3 + i];
            CHECK(found.dx[r * 3 + i] == doctest::Approx(sum).epsilon(1e-5));
        }
    }
}

/// Writes its process number, and passes x on.
const std::string echo = R"(
import os
open(os.path.join(os.path.dirname(__file__), "pid"), "w").write(str(os.getpid()))
def net(x):
    return x, lambda at: at
)";

pid_t pid_of(const Net &net) {
    pid_t pid = 0;
    std::istringstream(spar::test::file_content(net.folder() / "pid")) >> pid;
    REQUIRE(pid > 1);
    return pid;
}

}  // namespace

TEST_CASE("outputs and gradients of a function are its own, in batches of any size") {
    Net net(squares, plain);
    net.set_up({3});
    CHECK(net.outputs() == 2);
    for (const std::int64_t rows : {4, 1, 200, 70}) {  // memory grows, and is used in part
        const Floats x = numbers(rows * 3, 1), at = numbers(rows * 2, 2);
        check_squares(x, at, net.pass(x, &at));
    }
}

TEST_CASE("tapes live side by side, and each may be used again") {
    Net net(squares, plain);
    net.set_up({3});
    std::map<std::int32_t, Floats> x;
    for (std::int32_t tape = 1; tape <= 8; ++tape) {
        x[tape] = numbers(3 * 3 * tape, tape);
        net.pass(x[tape], nullptr, 0, tape);
    }
    const Floats between = numbers(33, 40), at_between = numbers(22, 41);
    net.pass(between, &at_between);
    for (const std::int32_t tape : {5, 1, 8, 5, 2, 7, 3, 4, 6, 8}) {
        CAPTURE(tape);
        const Floats at = numbers(2 * 3 * tape, 3);
        check_squares(x[tape], at, {{}, net.backward(tape, at)});
    }
    x[5] = numbers(30, 50);  // the slot is used again, and has to grow
    const Floats at = numbers(20, 51);
    net.pass(x[5], &at, SPAR_WANT_INPUT_GRADIENT, 5);
    check_squares(x[5], at, {{}, net.backward(5, at)});
    Net fresh(squares, plain);
    fresh.set_up({3});
    CHECK(refusal_of([&] { fresh.backward(2, at); }).says("nothing was recorded on tape 2"));
}

TEST_CASE("the host owns the parameters: values from it, gradients added for it") {
    Net net(squares, plain);
    net.set_up({3});
    REQUIRE(net.at("w").rank == 2);
    CHECK(net.at("w").flags == SPAR_PARAMETER_TRAINABLE);
    CHECK(net.value("w")[5] == 4);
    const Floats x = numbers(15, 4), at = numbers(10, 5);
    const auto learn = [&] {
        net.pass(x, &at, SPAR_WANT_INPUT_GRADIENT | SPAR_WANT_PARAMETER_GRADIENTS);
    };
    std::ranges::fill(net.gradient("w"), 7.0F);
    learn();
    learn();
    for (std::size_t k = 0; k < 2; ++k)
        for (std::size_t i = 0; i < 3; ++i) {
            double sum = 0;
            for (std::size_t r = 0; r < 5; ++r) sum += at[r * 2 + k] * std::pow(x[r * 3 + i], 2);
            CHECK(net.gradient("w")[k * 3 + i] == doctest::Approx(7 + 2 * sum).epsilon(1e-5));
        }
    const Floats before(net.gradient("w").begin(), net.gradient("w").end());
    net.pass(x, &at);
    CHECK(std::ranges::equal(net.gradient("w"), before));
    for (float &value : net.value("w")) value *= 3;
    net.changed();
    check_squares(x, at, net.pass(x, &at), 3);
}

TEST_CASE("the same key and examples draw the same random numbers") {
    Net net(R"(
import random
def net(x):
    noise = [random.random() for _ in range(x.shape[0])]
    return [[n, 1] for n in noise], lambda at: [0] * x.shape[0]
)",
            plain);
    net.set_up({1});
    const Floats x{1, 2, 3};
    const auto drawn = [&](std::uint64_t key) {
        return net.pass(x, nullptr, 0, 0, SPAR_MODE_EVAL, key).outputs;
    };
    const Floats first = drawn(1), other = drawn(2);
    CHECK(first != other);
    CHECK(drawn(1) == first);
}

TEST_CASE("mode is told to a function that asks for it") {
    Net net(R"(
def net(x, training):
    return [[float(training)]] * x.shape[0], lambda at: [0] * x.shape[0]
)",
            plain);
    net.set_up({1});
    CHECK(net.pass({1, 2}, nullptr, 0, 0, SPAR_MODE_TRAIN).outputs == Floats{1, 1});
    CHECK(net.pass({1, 2}, nullptr, 0, 0, SPAR_MODE_EVAL).outputs == Floats{0, 0});
}

TEST_CASE("the child ends with the model") {
    pid_t pid = 0;
    {
        Net net(echo, plain);
        net.set_up({2});
        net.pass({1, 2});
        pid = pid_of(net);
        CHECK(::kill(pid, 0) == 0);
    }
    CHECK(::kill(pid, 0) == -1);
}

TEST_CASE("a call costs less than 100 microseconds") {
    Net net(echo, plain);
    net.set_up({2});
    const Floats x{1, 2};
    double least = 1;
    for (int i = 0; i < 2000; ++i) {
        const auto begin = std::chrono::steady_clock::now();
        net.pass(x, nullptr, 0);
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
        least = std::min(least, took.count());
    }
    MESSAGE("fastest of 2000 calls: ", least * 1e6, " us");
    CHECK(least < 100e-6);
}
