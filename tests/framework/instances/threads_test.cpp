// parallel_for: every piece once, the first failure in order, and work inside of work.
#include "instances/threads.hpp"

#include <doctest/doctest.h>
#include <spar/error.hpp>

#include <numeric>

using namespace spar;
using host::Threads;

namespace {

template <class Work>
spar_status run(Threads &threads, std::int64_t pieces, Work &&work, spar_error &error) {
    const spar_task task = [](void *context, std::int64_t index, spar_error *e) {
        return guarded(e, [&] { (*static_cast<std::remove_reference_t<Work> *>(context))(index); });
    };
    return threads.run(pieces, task, &work, &error);
}

}  // namespace

TEST_CASE("every piece is run once, by any number of threads, again and again") {
    for (const int count : {1, 2, 3, 8}) {
        Threads threads(count);
        CHECK(threads.count() == count);
        for (const std::int64_t pieces : {0, 1, 2, 7, 1000}) {
            std::vector<std::atomic<int>> runs(static_cast<std::size_t>(pieces));
            for (int round = 0; round < 50; ++round) {
                spar_error error = empty_error();
                REQUIRE(run(
                            threads, pieces,
                            [&](std::int64_t i) { ++runs[static_cast<std::size_t>(i)]; },
                            error) == SPAR_OK);
            }
            for (const auto &times : runs) CHECK(times == 50);
        }
    }
}

TEST_CASE("the first failure in the order of the pieces is the answer") {
    Threads threads(4);
    for (int round = 0; round < 200; ++round) {
        spar_error error = empty_error();
        const spar_status status = run(
            threads, 100,
            [](std::int64_t i) {
                if (i % 10 == 7) throw bad_data("piece " + std::to_string(i));
            },
            error);
        CHECK(status == SPAR_E_DATA);
        CHECK(std::string(error.message) == "piece 7");
    }
}

TEST_CASE("nested work runs in the thread that asks for it") {
    Threads threads(3);
    std::vector<std::int64_t> sums(20);
    spar_error error = empty_error();
    CHECK(run(
              threads, 20,
              [&](std::int64_t i) {
                  const auto asking = std::this_thread::get_id();
                  spar_error inner = empty_error();
                  CHECK(run(
                            threads, 10,
                            [&](std::int64_t j) {
                                CHECK(std::this_thread::get_id() == asking);
                                sums[static_cast<std::size_t>(i)] += j;
                            },
                            inner) == SPAR_OK);
              },
              error) == SPAR_OK);
    CHECK(std::accumulate(sums.begin(), sums.end(), std::int64_t{0}) == 20 * 45);
}
