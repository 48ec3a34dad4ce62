// The engine's file formats: what is written is read back, and what is broken is refused.
#include "example_files.hpp"
#include "loaded_tensors.hpp"
#include "process.hpp"
#include "python.hpp"

#include "base/failure.hpp"
#include "base/files.hpp"
#include "weights/safetensors.hpp"

#include <cstring>

using namespace spar;
using namespace spar::test;

namespace {

const std::vector<float> weight{0.5F, -1e-40F, 3e38F, -0.0F, 1, 2};
const std::vector<float> bias{7};

std::string saved(const Folder &folder) {
    const std::string file = folder / "w.safetensors";
    host::save_safetensors(file,
                           {{"b.weight", {2, 3}, weight}, {"a", {1}, bias}, {"none", {0}, {}}},
                           {{"note", "text"}});
    return file;
}

/// A file of one tensor of 2 values of another type.
std::string of_type(const std::string &type, const std::string &bytes) {
    const std::string header = R"({"t":{"dtype":")" + type + R"(","shape":[2],"data_offsets":[0,)" +
                               std::to_string(bytes.size()) + "]}}";
    const std::uint64_t size = header.size();
    return std::string(reinterpret_cast<const char *>(&size), 8) + header + bytes;
}

}  // namespace

TEST_CASE("safetensors come back bit by bit") {
    const Folder folder;
    const auto loaded = load_safetensors(saved(folder));
    REQUIRE(loaded.tensors.size() == 3);
    const auto &back = loaded.tensors.at("b.weight");
    CHECK(back.shape == std::vector<std::int64_t>{2, 3});
    CHECK(std::memcmp(back.values.data(), weight.data(), weight.size() * 4) == 0);
    CHECK(loaded.tensors.at("none").values.empty());
    CHECK(loaded.metadata.at("note") == "text");
}

TEST_CASE("a safetensors file cut at any byte is refused, and with any bit changed does no harm") {
    const Folder folder;
    const std::string whole = file_content(saved(folder));
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CAPTURE(size);
        const std::string file = folder.write("cut", whole.substr(0, size));
        CHECK(failure_of([&] { load_safetensors(file); }).exit() == host::Exit::data);
    }
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
        std::string bytes = whole;
        bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
        const std::string file = folder.write("flipped", bytes);
        try {
            load_safetensors(file);
        } catch (const host::Failure &failure) {
            CHECK(failure.exit() == host::Exit::data);
        }
    }
}

TEST_CASE("halves, bfloats, doubles and integers become floats") {
    const Folder folder;
    const auto values = [&](const std::string &type, const std::string &bytes) {
        return load_safetensors(folder.write("t", of_type(type, bytes))).tensors.at("t").values;
    };
    using Two = std::vector<float>;
    CHECK(values("F16", std::string("\x00\x3c\x01\x00", 4)) == Two{1, 0x1p-24F});
    CHECK(values("F16", std::string("\xff\x7b\x00\xfc", 4)) == Two{65504, -HUGE_VALF});
    CHECK(values("BF16", std::string("\x80\x3f\x49\xc0", 4)) == Two{1, -3.140625F});
    const double two[] = {0.1, -1e10};
    CHECK(values("F64", std::string(reinterpret_cast<const char *>(two), 16)) == Two{0.1F, -1e10F});
    const std::int64_t whole[] = {3, -70000};
    CHECK(values("I64", std::string(reinterpret_cast<const char *>(whole), 16)) == Two{3, -70000});
    CHECK(values("I8", "\x05\xff") == Two{5, -1});
    CHECK(values("BOOL", std::string("\x01\x00", 2)) == Two{1, 0});
    CHECK(failure_of([&] { values("F8", "xx"); }).exit() == host::Exit::data);
}

TEST_CASE("a file is whole or not there") {
    const Folder folder;
    host::write_file(folder / "a", "old");
    host::write_file(folder / "a", "new and longer");
    CHECK(file_content(folder / "a") == "new and longer");
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
    CHECK(failure_of([&] { host::write_file(folder / "no/such/folder", "x"); }).exit() ==
          host::Exit::storage);
    CHECK(failure_of([&] { host::read_file(folder / "a", 3); }).exit() == host::Exit::data);
    CHECK(failure_of([&] { host::read_file(folder / "missing", 3); }).exit() == host::Exit::data);
    CHECK(failure_of([&] { host::read_file(folder.path(), 1000); }).exit() == host::Exit::data);
}

TEST_CASE("NumPy reads the archives") {
    const auto python = python_with("numpy");
    if (!python) return;
    const Folder folder;
    write_npz(folder / "a.npz", 20);
    const Ended ended = run_program(
        {*python, "-c",
         "import numpy as n, sys\n"
         "a = n.load(sys.argv[1])\n"
         "assert a['x'].shape == (20, 8, 8) and a['x'].dtype == n.float32\n"
         "assert (a['y'] == n.arange(20) % 10).all() and a['y'].dtype == n.int64\n"
         "assert 0 <= a['x'].min() and a['x'].max() < 1 and 0.4 < a['x'].mean() < 0.6\n",
         folder / "a.npz"});
    INFO(ended.err);
    CHECK(ended.code == 0);
}
