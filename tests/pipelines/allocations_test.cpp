// Once warm, a training step of a convolutional net asks for no memory: neither the host nor the
// plugins.
#include "steps.hpp"

#include <doctest/doctest.h>
#include <atomic>
#include <cstdlib>
#include <nlohmann/json.hpp>

// All of the program's memory comes from here, that of the plugins too.
// NOLINTBEGIN(bugprone-reserved-identifier): the C library's names.
extern "C" void *__libc_malloc(std::size_t size);
extern "C" void *__libc_calloc(std::size_t count, std::size_t size);
extern "C" void *__libc_realloc(void *old, std::size_t size);
extern "C" void *__libc_memalign(std::size_t alignment, std::size_t size);
// NOLINTEND(bugprone-reserved-identifier)

namespace {

std::atomic<std::int64_t> allocations{0};

using namespace spar::host;

}  // namespace

extern "C" __attribute__((visibility("default"))) void *malloc(std::size_t size) {
    ++allocations;
    return __libc_malloc(size);
}

extern "C" __attribute__((visibility("default"))) void *calloc(std::size_t count,
                                                               std::size_t size) {
    ++allocations;
    return __libc_calloc(count, size);
}

extern "C" __attribute__((visibility("default"))) void *realloc(void *old, std::size_t size) {
    ++allocations;
    return __libc_realloc(old, size);
}

extern "C" __attribute__((visibility("default"))) void *aligned_alloc(std::size_t alignment,
                                                                      std::size_t size) {
    ++allocations;
    return __libc_memalign(alignment, size);
}

namespace {

void check_warm_step(const Registry &registry, const std::vector<Setting> &settings) {
    const std::string file = std::string(SPAR_SOURCE_DIR) + "/tests/bench/smallcnn.json";
    spar::bench::Steps steps(load_plan(file, settings, registry), registry);
    const std::int64_t before = allocations;
    for (int i = 0; i < 3; ++i) steps.next();
    CHECK(allocations > before);  // the first of them does: the counter works
    const std::int64_t warm = allocations;
    steps.next();
    CHECK(allocations == warm);
}

}  // namespace

TEST_CASE("a warm training step allocates nothing") {
    const Registry registry = Registry::discover({SPAR_PLUGIN_DIR}, host_table());
    set_threads(1);
    for (const std::string method :
         {R"({"type":"natural"})", R"({"type":"fgsm_at"})", R"({"type":"free","replays":2})",
          R"({"type":"pgd_at","attack":{"type":"pgd","steps":2,"step_size":0.1}})",
          R"({"type":"yopo","passes":2,"inner_steps":2})",
          R"({"type":"trades","attack":{"type":"pgd","steps":2,"start_noise":0.001}})"}) {
        CAPTURE(method);
        check_warm_step(registry, {{"train.method", method}});
    }
}

TEST_CASE("nor with Adam, nor where the steps of yopo keep the gradient of the batch") {
    const Registry registry = Registry::discover({SPAR_PLUGIN_DIR}, host_table());
    set_threads(1);
    check_warm_step(registry, {{"train.optimizer", R"({"type":"adam","lr":0.001})"}});
    const std::string yopo = R"({"type":"yopo","passes":2,"inner_steps":2,"double_count":true})";
    check_warm_step(registry, {{"train.method", yopo}});
    check_warm_step(registry, {{"train.method", yopo}, {"model.stage", "4"}});
}

TEST_CASE("nor by two threads") {
    const Registry registry = Registry::discover({SPAR_PLUGIN_DIR}, host_table());
    set_threads(2);
    const std::string file = std::string(SPAR_SOURCE_DIR) + "/tests/bench/smallcnn.json";
    spar::bench::Steps steps(load_plan(file, {}, registry), registry);
    // A thread is warm once it has worked; on a busy machine the second thread may get none for
    // some steps.
    int idle = 0;
    for (int i = 0; i < 50 && idle < 3; ++i) {
        const std::int64_t before = allocations;
        steps.next();
        idle = allocations == before ? idle + 1 : 0;
    }
    CHECK(idle == 3);
}

TEST_CASE("nor where convolutions have strides or many channels, and attacks are in bf16") {
    setenv("SPAR_EMULATE_BF16", "1", 1);
    const Registry registry = Registry::discover({SPAR_PLUGIN_DIR}, host_table());
    set_threads(1);
    check_warm_step(registry, {{"train.attack_precision", "bf16"}, {"model.layers", R"([
            {"type": "conv", "out": 16, "kernel": 4, "stride": 2},
            {"type": "conv", "out": 192, "kernel": 5, "stride": 3}, {"type": "relu"},
            {"type": "conv", "out": 192, "kernel": 3, "padding": 1}, {"type": "relu"},
            {"type": "flatten"}, {"type": "linear", "out": 10}])"}});
}
