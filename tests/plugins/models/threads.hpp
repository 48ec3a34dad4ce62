// Threads for tests of the engine that models share.
#pragma once

#include "graph/executor.hpp"

#include <atomic>
#include <thread>
#include <vector>

namespace fixture {

/// `threads` threads that take pieces in any order.
class Threads final : public sequential::Parallel {
  public:
    explicit Threads(int threads) : threads_(threads) {}
    void run(std::int64_t count, Work work, void *context) const override {
        std::atomic<std::int64_t> next{0};
        const auto serve = [&] {
            for (std::int64_t i = next++; i < count; i = next++) work(context, i);
        };
        std::vector<std::thread> others;
        for (int t = 1; t < threads_; ++t) others.emplace_back(serve);
        serve();
        for (std::thread &other : others) other.join();
    }

  private:
    int threads_;
};

}  // namespace fixture
