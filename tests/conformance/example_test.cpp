// Every component's example runs from beginning to end, to the same bytes each time and with any
// number of threads. One test case per kind, so that they can run in parallel.
#include "app/terminal.hpp"
#include "components.hpp"
#include "process.hpp"
#include "run_folder.hpp"

#include "run/run.hpp"

using namespace spar;
using namespace spar::test;

namespace {

void runs_again_and_again(const Sample &sample) {
    INFO(sample.name());
    const Folder folder;
    const std::string pipeline = folder.write("example.json", sample.plan.resolved->dump());
    const Ended first =
        spar::test::spar({"run", pipeline, "--out", folder / "first", "--threads", "1", "--json"});
    INFO(first.err);
    REQUIRE(first.code == 0);
    CHECK(host::Json::parse(first.out).at("name") == sample.plan.name);
    const auto content = what_must_repeat(folder / "first");
    REQUIRE(content.count("results.json") == 1);
    REQUIRE(content.count("model.safetensors") == 1);

    host::RunOptions options;
    options.terminal = false;
    for (const int threads : {1, 2}) {
        CAPTURE(threads);
        options.threads = threads;
        options.out = folder / ("again" + std::to_string(threads));
        host::run_pipeline(sample.plan, registry(), options);
        check_same_run(content, what_must_repeat(options.out.string()));
    }
}

void run_all(spar_kind kind) {
    host::terminal().set_quiet(true);
    for (const Sample &sample : samples(kind)) runs_again_and_again(sample);
}

}  // namespace

TEST_CASE("dataset") {
    run_all(SPAR_KIND_DATASET);
}
TEST_CASE("model") {
    run_all(SPAR_KIND_MODEL);
}
TEST_CASE("loss") {
    run_all(SPAR_KIND_LOSS);
}
TEST_CASE("optimizer") {
    run_all(SPAR_KIND_OPTIMIZER);
}
TEST_CASE("attack") {
    run_all(SPAR_KIND_ATTACK);
}
TEST_CASE("method") {
    run_all(SPAR_KIND_METHOD);
}
TEST_CASE("reporter") {
    run_all(SPAR_KIND_REPORTER);
}
TEST_CASE("transform") {
    run_all(SPAR_KIND_TRANSFORM);
}
TEST_CASE("tokenizer") {
    run_all(SPAR_KIND_TOKENIZER);
}
