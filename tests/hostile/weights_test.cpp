// Weights, output folders and places: everything around a sound pipeline that may be wrong.
#include "safetensors.hpp"

#include <cmath>
#include <cstring>
#include <limits>

using namespace spar::test;

namespace {

std::string zeros(std::size_t count) {
    return std::string(count * 4, '\0');
}

Ran run_with_weights(const std::string &file) {
    const Folder folder;
    const std::string path = folder.write("weights.safetensors", file);
    return run_json(with("/model/weights", path));
}

}  // namespace

TEST_CASE("sound weights are taken") {
    const Ran ran = run_with_weights(safetensors("{" + weight + "," + bias + "}", zeros(7850)));
    INFO(ran.ended.err);
    CHECK(ran.ended.code == 0);
}

TEST_CASE("files that are not sound safetensors are refused as data") {
    const std::string whole = safetensors("{" + weight + "," + bias + "}", zeros(7850));
    const std::uint64_t large = ~std::uint64_t{0};
    const std::string endless(reinterpret_cast<const char *>(&large), 8);
    const std::map<std::string, std::string> files = {
        {"empty", ""},
        {"seven bytes", "1234567"},
        {"a text", "these are no weights, and there are more than eight bytes of them"},
        {"an endless header", endless + "{}"},
        {"a header that is no JSON", safetensors("{1.weight", zeros(4))},
        {"a header that is a list", safetensors("[]", "")},
        {"cut in the header", whole.substr(0, 60)},
        {"cut in the values", whole.substr(0, whole.size() - 4)},
        {"one byte too many", whole + "x"},
        {"offsets beyond the end",
         safetensors("{" + weight +
                         R"(,"1.bias":{"dtype":"F32","shape":[10],"data_offsets":)"
                         "[31360,99999999]}}",
                     zeros(7850))},
        {"offsets that overflow",
         safetensors("{" + weight +
                         R"(,"1.bias":{"dtype":"F32","shape":[10],"data_offsets":)"
                         "[18446744073709551600,24]}}",
                     zeros(7850))},
        {"offsets in the wrong order",
         safetensors("{" + weight +
                         R"(,"1.bias":{"dtype":"F32","shape":[10],"data_offsets":)"
                         "[31400,31360]}}",
                     zeros(7850))},
        {"a negative offset",
         safetensors("{" + weight +
                         R"(,"1.bias":{"dtype":"F32","shape":[10],"data_offsets":)"
                         "[-40,0]}}",
                     zeros(7850))},
        {"a shape that overflows",
         safetensors("{" + weight +
                         R"(,"1.bias":{"dtype":"F32","shape":[4294967296,4294967296],)"
                         R"("data_offsets":[31360,31400]}})",
                     zeros(7850))},
        {"a shape that does not fit its bytes",
         safetensors("{" + weight +
                         R"(,"1.bias":{"dtype":"F32","shape":[11],"data_offsets":)"
                         "[31360,31400]}}",
                     zeros(7850))},
        {"an unknown type",
         safetensors("{" + weight +
                         R"(,"1.bias":{"dtype":"F7","shape":[10],"data_offsets":)"
                         "[31360,31400]}}",
                     zeros(7850))},
        {"a header nested without end", safetensors(std::string(200000, '['), "")},
    };
    for (const auto &entry : files) {
        const auto &name = entry.first;
        const auto &bytes = entry.second;
        CAPTURE(name);
        check_refused(run_with_weights(bytes), 6, {"weights.safetensors"});
    }
}

TEST_CASE("tensors that overlap, leave holes, or occur twice are refused before any is read") {
    const std::string bytes = zeros(7850);
    const auto refused = [&](const std::string &header, const std::string &content,
                             const std::vector<std::string> &words) {
        check_refused(run_with_weights(safetensors("{" + header + "}", content)), 6, words);
    };
    refused(weight + R"(,"1.bias":{"dtype":"F32","shape":[10],"data_offsets":[0,40]})", zeros(7840),
            {"share bytes", "1.bias"});
    refused(weight + R"(,"1.bias":{"dtype":"F32","shape":[10],"data_offsets":[31400,31440]})",
            zeros(7860), {"31360 to 31400", "belong to none"});
    refused(R"("1.bias":{"dtype":"F32","shape":[10],"data_offsets":[40,80]})", zeros(20),
            {"0 to 40", "belong to none"});
    refused(weight + "," + weight + "," + bias, bytes, {"\"1.weight\" twice"});
    refused(weight + "," + bias + R"(,"__metadata__":{"a":"1","a":"2"})", bytes, {"\"a\" twice"});
    refused(
        weight +
            R"(,"1.bias":{"dtype":"F32","dtype":"I32","shape":[10],"data_offsets":[31360,31400]})",
        bytes, {"\"dtype\" twice"});
    refused(weight + R"(,"1.bias":{"dtype":"F32","shape":[10.0],"data_offsets":[31360,31400]})",
            bytes, {"1.bias"});
    refused(weight + R"(,"1.bias":{"dtype":"F32","shape":[10],"data_offsets":[-40,0]})", bytes,
            {"1.bias"});
    std::string many;
    for (int i = 0; i < 2000; ++i)
        many += (i > 0 ? "," : "") + std::string("\"t") + std::to_string(i) +
                R"(":{"dtype":"U8","shape":[1000000],"data_offsets":[0,1000000]})";
    const Ran bomb = run_with_weights(safetensors("{" + many + "}", std::string(1000000, 'x')));
    check_refused(bomb, 6, {"share bytes"});
}

TEST_CASE("files of other formats are named, with the remedy") {
    const std::string torch = std::string("PK\x03\x04", 4) + std::string(22, '\0') + "\x10" +
                              std::string(3, '\0') + "archive/data.pkl" + std::string(200, 'x');
    check_refused(run_with_weights(torch), 6, {"not a sound zip archive"});
    check_refused(
        run_with_weights("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20" + std::string(50, 'x')), 6,
        {"PyTorch checkpoint", "torch.save(torch.load(\"FILE\""});
    check_refused(run_with_weights("{\"weight_map\": {\"1.bias\": \"../w\"}}"), 6,
                  {"in the index's own folder"});
    check_refused(run_with_weights("\x89HDF\r\n\x1a\n" + std::string(50, 'x')), 6, {"HDF5"});
    // A header of 640 bytes begins like a pickle, and one of 35615 like gzip.
    for (const std::size_t size : {std::size_t{640}, std::size_t{35615}}) {
        std::string header = "{" + weight + "," + bias + "}";
        header.resize(size, ' ');
        CHECK(run_with_weights(safetensors(header, zeros(7850))).ended.code == 0);
    }
}

TEST_CASE("names that differ only by a prefix get a message that says so") {
    const auto prefixed = [](const std::string &prefix) {
        std::string header = "{" + weight + "," + bias + "}";
        for (std::size_t at = 0; (at = header.find("\"1.", at)) != std::string::npos; at += 4)
            header.insert(at + 1, prefix);
        return run_with_weights(safetensors(header, zeros(7850)));
    };
    check_refused(
        prefixed("module."), 6,
        {"prefix \"module.\"", "DataParallel", "\"weights_map\": {\"prefix\": \"module.\"}"});
    check_refused(prefixed("_orig_mod."), 6, {"prefix \"_orig_mod.\"", "torch.compile"});
    check_refused(prefixed("module._orig_mod."), 6, {"prefix \"module._orig_mod.\""});
    check_refused(prefixed("net.body."), 6, {"prefix \"net.body.\""});
}

TEST_CASE("integers are no weights") {
    const std::string header =
        weight + R"(,"1.bias":{"dtype":"I8","shape":[10],"data_offsets":[31360,31370]})";
    check_refused(run_with_weights(safetensors("{" + header + "}", zeros(7840) + "0123456789")), 6,
                  {"1.bias", "integers (I8)"});
}

TEST_CASE("batch normalisation needs no count of batches, and any shape of one") {
    Json pipeline = sound_pipeline();
    pipeline["model"]["layers"] = Json::parse(R"([{"type":"flatten"},{"type":"batchnorm"},
                                                  {"type":"linear","out":10}])");
    const auto tensors = [](const std::string &more, float variance = 0) {
        std::string header = "{";
        std::size_t at = 0;
        for (const std::string name : {"weight", "bias", "running_mean", "running_var"}) {
            header += "\"1." + name + R"(":{"dtype":"F32","shape":[784],"data_offsets":[)" +
                      std::to_string(at) + "," + std::to_string(at + 3136) + "]},";
            at += 3136;
        }
        header += R"("2.weight":{"dtype":"F32","shape":[10,784],"data_offsets":[12544,43904]},)"
                  R"("2.bias":{"dtype":"F32","shape":[10],"data_offsets":[43904,43944]})";
        std::string values = zeros(10986) + (more.empty() ? "" : zeros(2));
        std::memcpy(values.data() + std::size_t{3} * 3136 + 20, &variance, sizeof variance);
        return safetensors(header + more + "}", values);
    };
    const std::string count = R"(,"1.num_batches_tracked":{"dtype":"I64","shape":)",
                      place = R"(,"data_offsets":[43944,43952]})";
    const Folder folder;
    for (const std::string &more : {std::string(), count + "[]" + place, count + "[1]" + place}) {
        CAPTURE(more);
        pipeline["model"]["weights"] = folder.write("w.safetensors", tensors(more));
        CHECK(run_json(pipeline).ended.code == 0);
    }
    for (const float bad : {-1e-3F, std::nanf(""), std::numeric_limits<float>::infinity()}) {
        pipeline["model"]["weights"] = folder.write("w.safetensors", tensors("", bad));
        check_refused(run_json(pipeline), 6, {"w.safetensors", "\"1.running_var\" holds "});
    }
}

TEST_CASE("weights of another net are refused with all that does not fit") {
    const std::string other =
        R"("1.weight":{"dtype":"F32","shape":[784,10],"data_offsets":[0,31360]})";
    check_refused(run_with_weights(safetensors("{" + other + "," + bias + "}", zeros(7850))), 6,
                  {"1.weight", "[10,784]", "[784,10]"});
    check_refused(run_with_weights(safetensors("{" + weight + "}", zeros(7840))), 6, {"1.bias"});
    const std::string more = R"("9.bias":{"dtype":"F32","shape":[1],"data_offsets":[31400,31404]})";
    check_refused(
        run_with_weights(safetensors("{" + weight + "," + bias + "," + more + "}", zeros(7851))), 6,
        {"9.bias"});
    std::string nan = zeros(7850);
    std::memcpy(nan.data() + 40, "\xff\xff\xff\xff", 4);
    check_refused(run_with_weights(safetensors("{" + weight + "," + bias + "}", nan)), 6,
                  {"1.weight"});
}

TEST_CASE("files that are not there are said with their place") {
    check_refused(run_json(with("/model/weights", "nowhere.safetensors")), 6,
                  {"nowhere.safetensors"});
    Json pipeline = sound_pipeline();
    pipeline["data"]["train"] = {{"type", "idx"}, {"images", "no-images"}, {"labels", "no-labels"}};
    check_refused(run_json(pipeline), 6, {"no-images", "/data/train"});
}

TEST_CASE("an output folder that holds something is left alone") {
    const Folder folder;
    const std::string pipeline = folder.write("p.json", sound_pipeline().dump());
    std::filesystem::create_directory(folder.path() / "full");
    folder.write("full/precious", "data");
    const Ended occupied = spar::test::spar({"run", pipeline, "--out", folder / "full"});
    CHECK(occupied.code == 2);
    CHECK(occupied.says("full"));
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path() / "full"), {}) == 1);

    folder.write("file", "data");
    const Ended on_file = spar::test::spar({"run", pipeline, "--out", folder / "file"});
    CHECK(on_file.code == 2);
    CHECK(file_content(folder / "file") == "data");
    const Ended below = spar::test::spar({"run", pipeline, "--out", folder / "file/below"});
    CHECK(below.code == 7);
    CHECK(below.says("file/below"));

    const Ended nothing = spar::test::spar({"run", pipeline, "--out", folder / "none", "--resume"});
    CHECK(nothing.code == 2);
    CHECK(!std::filesystem::exists(folder / "none"));
    const Ended nowhere = spar::test::spar({"run", pipeline, "--out", "/proc/spar-run"});
    CHECK(nowhere.code == 7);
    CHECK(nowhere.says("/proc/spar-run"));
}

TEST_CASE("a run is not resumed with another pipeline, nor from a spoilt checkpoint") {
    const Folder folder;
    const std::string pipeline = folder.write("p.json", sound_pipeline().dump());
    const std::string out = folder / "run";
    REQUIRE(spar::test::spar({"run", pipeline, "--out", out}).code == 0);
    const Ended other = spar::test::spar(
        {"run", pipeline, "--out", out, "--resume", "--set", "train.batch_size=7"});
    CHECK(other.code == 3);
    const std::string checkpoint = out + "/checkpoints/last.safetensors";
    const std::string whole = file_content(checkpoint);
    REQUIRE(whole.size() > 1000);
    const std::string results = file_content(out + "/results.json");
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{8}, std::size_t{100}, whole.size() - 1}) {
        CAPTURE(size);
        folder.write("run/checkpoints/last.safetensors", whole.substr(0, size));
        const Ended cut = spar::test::spar({"run", pipeline, "--out", out, "--resume"});
        CHECK(cut.code == 6);
        CHECK(cut.says("last.safetensors"));
    }
    std::string flipped = whole;
    flipped[whole.size() - 100] = static_cast<char>(flipped[whole.size() - 100] ^ 4);
    folder.write("run/checkpoints/last.safetensors", flipped);
    CHECK(spar::test::spar({"run", pipeline, "--out", out, "--resume"}).code == 6);
    CHECK(file_content(out + "/results.json") == results);
}
