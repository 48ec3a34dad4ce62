// Weights of gigabytes: what of them is read, and whether that can be stopped.
#include "safetensors.hpp"

#include <chrono>

using namespace spar::test;

TEST_CASE("a large file is not read before its header is believed") {
    const Folder folder;
    const std::string file = folder / "sparse.safetensors";
    folder.write("sparse.safetensors", "");
    std::filesystem::resize_file(file, std::uintmax_t{6} << 30);  // sparse: zeros that take no room
    check_refused(run_json(with("/model/weights", file)), 6, {"sparse.safetensors"});
}

TEST_CASE(
    "a large file of the wrong shape is refused by its header, and reading one can be stopped") {
    constexpr std::uint64_t large = std::uint64_t{6} << 30;
    const Folder folder;
    const auto sparse = [&](const std::string &header) {
        const std::string file = folder.write("sparse.safetensors", safetensors(header, ""));
        std::filesystem::resize_file(file, 8 + header.size() + large);
        return folder.write("p.json", with("/model/weights", file).dump());
    };
    using Clock = std::chrono::steady_clock;
    const auto began = Clock::now();
    const std::string size = std::to_string(large);
    const Ended refused = spar::test::spar(
        {"run",
         sparse(R"({"1.weight":{"dtype":"F32","shape":[1610612736],"data_offsets":[0,)" + size +
                "]}}"),
         "--out", folder / "out"});
    CHECK(refused.code == 6);
    CHECK(refused.says("\"1.weight\" is [1610612736], the model's is [10,784]"));
    CHECK(Clock::now() - began < std::chrono::seconds(5));

    // Integers that the model does not have are ignored, but they are part of the file's hash.
    const std::string file =
        sparse("{" + weight + "," + bias + R"(,"more":{"dtype":"I8","shape":[)" +
               std::to_string(large - 31400) + R"(],"data_offsets":[31400,)" + size + "]}}");
    const Ended stopped = run_program({"timeout", "--preserve-status", "-s", "TERM", "1.5",
                                       SPAR_BINARY, "run", file, "--out", folder / "out"},
                                      {{"SPAR_PLUGIN_PATH", SPAR_PLUGIN_DIR}});
    INFO(stopped.err);
    CHECK(stopped.code == 75);
    CHECK(stopped.says("sparse.safetensors was read"));
}
